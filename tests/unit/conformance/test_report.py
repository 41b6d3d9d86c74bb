"""The report of a conformance run: what counts as a pass, and the tables of docs/gateways.md."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.conformance.errors import WrongError
from tests.conformance.report import PAGE, Result, as_yaml, report_of, run, write_page
from tests.conformance.scenarios import SCENARIOS, Scenario
from tests.conformance.statuses import CASES, Row
from tests.conformance.target import Address, Target

TARGET = Target("infra", "main", "c", "a.test/b", ("A",), "v1", "a.test", (Address("http", "h", 80),))
WORLD: Any = None


def wrong(_: Any) -> str | None:
    raise WrongError("1 instead\nof 2")


def broken(_: Any) -> str | None:
    raise ConnectionResetError("reset")


@pytest.mark.parametrize(
    ("check", "result", "detail"),
    [
        (lambda _: None, "pass", ""),
        (lambda _: "is kept", "observed", "is kept"),
        (wrong, "fail", "1 instead of 2"),
        (broken, "fail", "ConnectionResetError: reset"),
    ],
)
def test_result_of_a_scenario(check: Any, result: str, detail: str) -> None:
    assert run(Scenario("it works", "F", check, long=False), WORLD) == Result("it works", "F", result, detail)


def test_report_is_yaml_that_the_page_is_written_from(tmp_path: Path) -> None:
    results = [Result("one", "F", "pass"), Result("two", "F", "observed", "is kept")]
    rows = [Row("a case", "Accepted=True", "200", "Accepted", right=True)]
    report = yaml.safe_load(as_yaml(report_of(TARGET, "Proxy 1.0", results, rows)))
    assert report["summary"] == {"pass": 1, "fail": 0, "observed": 1}
    (tmp_path / "proxy.yaml").write_text(as_yaml(report))
    (tmp_path / "page.md").write_text(PAGE.read_text())
    write_page(tmp_path / "page.md", tmp_path)
    text = (tmp_path / "page.md").read_text()
    assert "| two | is kept |" in text
    assert "| a case | Accepted=True; 200 | Accepted |" in text


def test_sentences_are_unique() -> None:
    sentences = [scenario.sentence for scenario in SCENARIOS] + [case.sentence for case in CASES]
    assert len(set(sentences)) == len(sentences)


def test_page_shows_the_reports(tmp_path: Path) -> None:
    (tmp_path / "page.md").write_text(PAGE.read_text())
    write_page(tmp_path / "page.md")
    assert (tmp_path / "page.md").read_text() == PAGE.read_text()
