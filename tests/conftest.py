"""Profiles for the property tests: the same examples on every run, or new ones with `--hypothesis-profile=explore`.

No test has a time limit, because a slow machine is not a defect. The summary shows how many tests ran at each level,
and how many cases of each table passed; a test belongs to a table if it is marked `@pytest.mark.table("its name")`.
"""

from collections import Counter
from pathlib import Path

import pytest
from hypothesis import settings

settings.register_profile("repeatable", deadline=None, derandomize=True, print_blob=True)
settings.register_profile("explore", deadline=None, derandomize=False, print_blob=True, max_examples=5_000)
settings.load_profile("repeatable")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Keep tests that share something expensive on one worker, if several run (`make test`).

    The sandbox's tests mostly wait, the others mostly compute: side by side they take little longer than one part.
    """
    for item in items:
        item.add_marker(pytest.mark.xdist_group(_group(item)))


def _group(item: pytest.Item) -> str:
    fixtures = getattr(item, "fixturenames", ())
    level = item.path.relative_to(item.config.rootpath).parts[1]
    if level == "e2e":
        return "sandbox" if "sandbox" in fixtures or "empty" not in fixtures else "sandbox without operator"
    return level if level == "integration" else str(item.path)


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Record the tables that a test belongs to."""
    item.user_properties += [("table", marker.args[0]) for marker in item.iter_markers("table")]


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print how many tests ran and were skipped at each level, and how many cases of each table passed."""
    ran: Counter[str] = Counter()
    skipped: Counter[str] = Counter()
    cases: Counter[str] = Counter()
    passed: Counter[str] = Counter()
    for outcome, reports in terminalreporter.stats.items():
        for report in reports:
            if not isinstance(report, pytest.TestReport):
                continue
            level = Path(report.location[0]).parts[1]
            if outcome == "skipped":
                skipped[level] += 1
            elif report.when == "call":
                ran[level] += 1
                tables = [str(value) for name, value in report.user_properties if name == "table"]
                cases.update(tables)
                passed.update(tables if report.passed else [])
    terminalreporter.section("levels")
    for level in sorted(ran | skipped, key=["unit", "fuzz", "integration", "e2e"].index):
        terminalreporter.write_line(f"{level}: {ran[level]} ran, {skipped[level]} skipped")
    for table in cases:
        terminalreporter.write_line(f"{table}: {passed[table]}/{cases[table]} as expected")
