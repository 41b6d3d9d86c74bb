"""The report of one run as YAML, and the reports of this repository as tables in docs/gateways.md."""

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from http.client import HTTPException
from importlib.metadata import version
from pathlib import Path
from typing import Any, Final

import yaml
from websockets.exceptions import WebSocketException

from proxiedapp.kube.errors import ApiError
from tests.conformance.errors import WrongError
from tests.conformance.scenarios import SCENARIOS, Scenario
from tests.conformance.statuses import Row
from tests.conformance.target import Target
from tests.conformance.world import World
from tests.matrix.table import render_rows, with_section

ROOT: Final = Path(__file__).parents[2]
PAGE: Final = ROOT / "docs" / "gateways.md"
REPORTS: Final = ROOT / "docs" / "conformance"


@dataclass(frozen=True)
class Result:
    """The result of a scenario."""

    scenario: str
    feature: str
    result: str
    """`pass`, `fail`, or `observed` for what may differ."""
    detail: str = ""


def run(scenario: Scenario, world: World) -> Result:
    """Run a scenario."""
    try:
        seen = scenario.run(world)
    except (WrongError, ApiError, HTTPException, WebSocketException, OSError, ValueError, LookupError) as error:
        text = str(error) if isinstance(error, WrongError) else f"{type(error).__name__}: {error}"
        return Result(scenario.sentence, scenario.feature, "fail", " ".join(text.split())[:300])
    return Result(scenario.sentence, scenario.feature, "pass" if seen is None else "observed", seen or "")


def run_all(world: World, *, long: bool) -> Iterator[Result]:
    """Run the scenarios one after the other."""
    return (run(scenario, world) for scenario in SCENARIOS if long or not scenario.long)


def report_of(
    target: Target, implementation: str, results: Sequence[Result], statuses: Sequence[Row]
) -> dict[str, Any]:
    """Return the report as plain values."""
    passed = sum(result.result == "pass" for result in results)
    failed = sum(result.result == "fail" for result in results)
    return {
        "implementation": {"controller": target.controller, "version": implementation},
        "gatewayAPI": target.bundle,
        "supportedFeatures": list(target.features) if target.features is not None else "not listed",
        "proxiedapp": version("proxiedapp"),
        "date": datetime.now(UTC).date().isoformat(),
        "summary": {"pass": passed, "fail": failed, "observed": len(results) - passed - failed},
        "scenarios": [{key: value for key, value in asdict(result).items() if value} for result in results],
        "statuses": [asdict(row) for row in statuses],
    }


def as_yaml(report: dict[str, Any]) -> str:
    return yaml.safe_dump(report, sort_keys=False, allow_unicode=True, width=120)


def write_page(page: Path = PAGE, reports: Path = REPORTS) -> None:
    """Write the tables of the page from the reports."""
    found = {file.stem: yaml.safe_load(file.read_text()) for file in sorted(reports.glob("*.yaml"))}
    text = page.read_text()
    for name, rows in (("scenarios", _scenarios(found)), ("statuses", _statuses(found))):
        text = with_section(text, name, render_rows(rows), "conformance")
    page.write_text(text)


def _scenarios(reports: dict[str, Any]) -> list[dict[str, str]]:
    titles = {name: _title(report) for name, report in reports.items()}
    results = {
        name: {each["scenario"]: each.get("detail") or each["result"] for each in report["scenarios"]}
        for name, report in reports.items()
    }
    sentences = list(dict.fromkeys(sentence for each in results.values() for sentence in each))
    rows = [
        {"Scenario": sentence} | {titles[name]: results[name].get(sentence, "-") for name in reports}
        for sentence in sentences
    ]
    counts = {titles[name]: "{pass} pass, {fail} fail".format(**report["summary"]) for name, report in reports.items()}
    return [*rows, {"Scenario": "all"} | counts]


def _statuses(reports: dict[str, Any]) -> list[dict[str, str]]:
    cases = list(dict.fromkeys(row["case"] for report in reports.values() for row in report["statuses"]))
    rows = []
    for case in cases:
        line = {"Case": case}
        for report in reports.values():
            row = next((each for each in report["statuses"] if each["case"] == case), None)
            line[_title(report)] = "-" if row is None else f"{row['gateway']}; {row['answer']}"
            line[f"ours, {_title(report).partition(' ')[0]}"] = "-" if row is None else row["operator"]
        rows.append(line)
    return rows


def _title(report: dict[str, Any]) -> str:
    return str(report["implementation"]["version"])
