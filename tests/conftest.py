"""Profiles for the property tests: the same examples on every run, or new ones with `--hypothesis-profile=explore`.

No test has a time limit, because a slow machine is not a defect. The summary shows how many tests ran at each level,
and how many cases of each table passed; a test belongs to a table if it is marked `@pytest.mark.table("its name")`.
"""

from collections import Counter
from pathlib import Path, PurePosixPath
from typing import Any, Final

import pytest
from hypothesis import settings
from typing_extensions import override
from xdist.scheduler import LoadScopeScheduling

WITHOUT_OPERATOR: Final = frozenset({"test_chart.py", "test_upgrade.py"})
"""Files of e2e tests that share a sandbox without an operator."""
ALONE: Final = frozenset(
    {"test_adapter_servers.py", "test_image.py", "test_quickstart.py", "test_verify_by_hand.py"},
)
"""Files of e2e and integration tests that share no control plane with others."""

settings.register_profile("repeatable", deadline=None, derandomize=True, print_blob=True)
settings.register_profile("explore", deadline=None, derandomize=False, print_blob=True, max_examples=5_000)
settings.load_profile("repeatable")


class ByControlPlane(LoadScopeScheduling):  # type: ignore[misc]  # pytest-xdist has no types
    """Keeps tests that share a control plane on one worker; the files of unit tests are spread.

    A scheduler of our own, because with pytest 9.2 the marks of `--dist loadgroup` have no effect: pytest-xdist 3.8
    writes them into `Item._nodeid` (xdist/remote.py), which pytest no longer reads.
    """

    @override
    def _split_scope(self, nodeid: str) -> str:
        file = PurePosixPath(nodeid.partition("::")[0])
        if file.name in ALONE:
            return file.name
        level = file.parts[1]
        if level == "e2e":
            return "sandbox without operator" if file.name in WITHOUT_OPERATOR else "sandbox"
        return level if level == "integration" else str(file)


def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> ByControlPlane:
    """Return the scheduler for `-n`: the sandbox's tests mostly wait, while the others mostly compute."""
    return ByControlPlane(config, log)


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
