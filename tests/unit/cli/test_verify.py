"""`proxiedapp verify`: the last line and the exit status."""

import io
import json
from typing import Any

import pytest
from rich.console import Console
from typer.testing import CliRunner

from proxiedapp.cli import app
from proxiedapp.cli.findings import print_table
from proxiedapp.verify import check
from proxiedapp.verify.codes import Code
from proxiedapp.verify.finding import Finding, not_judged, right, wrong
from proxiedapp.verify.judge import judge
from proxiedapp.verify.summary import TITLES
from tests.support.evidence import with_root_path

SERVED = right(Code.NOT_SERVED, "a", "b")
UNJUDGED = not_judged(Code.DOCS_SCHEMA_URL, "a", "b")


def run(monkeypatch: pytest.MonkeyPatch, *findings: Finding, arguments: tuple[str, ...] = ()) -> tuple[int, str]:
    async def found(*_: Any, **__: Any) -> tuple[Finding, ...]:
        return findings

    monkeypatch.setattr(check, "verify", found)
    done = CliRunner().invoke(app, ["verify", "http://example.com/api", *arguments])
    return done.exit_code, done.stdout


@pytest.mark.parametrize(
    ("findings", "status", "line"),
    [
        pytest.param((SERVED, right(Code.OPENAPI_SERVERS, "", "")), 0, "2 right, 0 wrong, 0 not judged", id="right"),
        pytest.param((wrong(Code.UNREACHABLE, "a", "b", "c"),), 1, "0 right, 1 wrong, 0 not judged", id="wrong"),
        pytest.param((SERVED, UNJUDGED), 3, "1 right, 0 wrong, 1 not judged", id="nothing judged but NotServed"),
        pytest.param(
            (wrong(Code.REDIRECT_HOST, "a", "b", "c"), SERVED, UNJUDGED),
            1,
            "1 right, 1 wrong, 1 not judged",
            id="wrong, and not judged",
        ),
    ],
)
def test_last_line_counts_and_the_exit_status_follows(
    monkeypatch: pytest.MonkeyPatch, findings: tuple[Finding, ...], status: int, line: str
) -> None:
    code, output = run(monkeypatch, *findings)
    assert (code, output.splitlines()[-1]) == (status, line)


def test_json_has_the_same_exit_status_and_no_last_line(monkeypatch: pytest.MonkeyPatch) -> None:
    code, output = run(monkeypatch, SERVED, UNJUDGED, arguments=("-o", "json"))
    assert (code, len(json.loads(output))) == (3, 2)


def test_table_has_titles_and_quotes_responses_as_they_are() -> None:
    screen = Console(file=io.StringIO(), width=120, force_terminal=True, color_system=None)
    findings = (wrong(Code.REDIRECT_HOST, "[red]x[/red] " + "y" * 120, "b", "Fix it"), SERVED, UNJUDGED)
    print_table(findings, screen)
    lines = screen.file.getvalue().splitlines()  # type: ignore[attr-defined]
    assert lines[0].split() == ["check", "code", "observed"]
    assert lines[1].startswith("wrong  host of redirects  RedirectHost   [red]x[/red]")
    assert [line.strip() for line in lines if "expected" in line or "fix" in line] == ["expected: b", "fix: Fix it"]
    assert any(line.startswith("right  any path") for line in lines)
    assert any(line.startswith("-      docs page") for line in lines)
    assert all(len(line) <= 120 for line in lines)


@pytest.mark.parametrize("width", [60, 80, 109, 110, 200])
def test_table_breaks_no_words(width: int) -> None:
    """At 80 columns URLs were broken, and at 60 every word."""
    screen = Console(file=io.StringIO(), width=width, color_system=None)
    findings = judge(with_root_path("/wrong"))
    print_table(findings, screen)
    printed = set(screen.file.getvalue().split())  # type: ignore[attr-defined]
    words = {word for finding in findings for word in f"{finding.seen} {finding.fix}".split() if len(word) < width - 10}
    assert words
    assert not [word for word in words if word not in printed and f"({word})" not in printed]
    assert all(TITLES[finding.code].split()[0] in printed for finding in findings)


@pytest.mark.parametrize(("no_color", "colored"), [("", True), ("1", False)])
def test_colors_can_be_switched_off(no_color: str, colored: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_COLOR", no_color)
    screen = Console(file=io.StringIO(), width=100, force_terminal=True, color_system="standard")
    print_table(judge(with_root_path("/wrong")), screen)
    assert ("\x1b[1;31m" in screen.file.getvalue()) is colored  # type: ignore[attr-defined]
