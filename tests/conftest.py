"""Profiles for the property tests: the same examples on every run, or new ones with `--hypothesis-profile=explore`.

No test has a time limit, because a slow machine is not a defect. The summary shows how many tests ran at each level,
and how many cases of each table passed; a test belongs to a table if it is marked `@pytest.mark.table("its name")`.
"""

import gc
from collections import Counter
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import Any, Final

import pytest
from hypothesis import HealthCheck, settings
from typing_extensions import override
from xdist.scheduler import LoadScopeScheduling

IN_SECOND_SANDBOX: Final = frozenset(
    {
        "test_browser.py",
        "test_conflicts.py",
        "test_https.py",
        "test_load.py",
        "test_matrix.py",
        "test_sandbox.py",
        "test_silence.py",
    }
)
"""Files of e2e tests that use a second sandbox, so that both take as long.

Those that alone need one of the permissions that test_rbac.py looks for must stay in the first.
"""
WITHOUT_OPERATOR: Final = frozenset({"test_chart.py", "test_upgrade.py"})
"""Files of e2e tests that share a sandbox without an operator."""
ALONE: Final = (
    "integration/test_upgrade.py",
    "e2e/test_adapter_servers.py",
    "e2e/test_dev.py",
    "integration/test_image.py",
    "integration/test_package.py",
    "e2e/test_quickstart.py",
    "e2e/test_verify_by_hand.py",
)
"""Files of e2e and integration tests that share no control plane with others."""
FIRST: Final = ("sandbox", "second sandbox", "integration", "sandbox without operator", *ALONE)
"""The groups of tests that take minutes, the longest first; all others are files that take seconds."""
SHARED: Final = ("cluster", "empty", "monitored", "sandbox")
"""The fixtures that run a control plane for a whole group."""

# A busy machine generates examples slowly, which is not a defect of the test.
WITHOUT_CLOCK: Final[dict[str, Any]] = {"deadline": None, "suppress_health_check": [HealthCheck.too_slow]}
settings.register_profile("repeatable", derandomize=True, print_blob=True, **WITHOUT_CLOCK)
settings.register_profile("explore", derandomize=False, print_blob=True, max_examples=5_000, **WITHOUT_CLOCK)
settings.load_profile("repeatable")


class ByControlPlane(LoadScopeScheduling):  # type: ignore[misc]  # pytest-xdist has no types
    """Keeps tests that share a control plane on one worker; the files of unit tests are spread.

    A scheduler of our own, because with pytest 9.2 the marks of `--dist loadgroup` have no effect: pytest-xdist 3.8
    writes them into `Item._nodeid` (xdist/remote.py), which pytest no longer reads.
    """

    @override
    def _split_scope(self, nodeid: str) -> str:
        return group_of(nodeid)


def group_of(nodeid: str) -> str:
    """Return the group of tests that run on one worker, one after the other."""
    file = PurePosixPath(nodeid.partition("::")[0]).relative_to("tests")
    level, name = file.parts[0], file.name
    if str(file) in ALONE:
        return str(file)
    if level == "e2e":
        if name in WITHOUT_OPERATOR:
            return "sandbox without operator"
        return "second sandbox" if name in IN_SECOND_SANDBOX else "sandbox"
    return level if level == "integration" else str(file)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Let workers begin with the groups that take longest, so that none is left alone with one at the end."""
    if not hasattr(config, "workerinput"):
        return
    order = {group: number for number, group in enumerate(FIRST)}
    items.sort(key=lambda item: order.get(group_of(item.nodeid), len(order)))


def pytest_collection_finish() -> None:
    """Spare the garbage collector the thousands of tests, which live until the end."""
    gc.freeze()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_teardown(item: pytest.Item, nextitem: pytest.Item | None) -> Iterator[None]:
    """Stop the control planes of a group when its worker goes on to the next group, not at the end of the session.

    They would take CPU from the other groups until then. pytest ends fixtures by scope, and no scope is a few files;
    `FixtureDef.finish` is what it calls itself at the end of one.
    """
    yield
    if (
        nextitem is None
        or group_of(nextitem.nodeid) == group_of(item.nodeid)
        or not hasattr(item.config, "workerinput")
    ):
        return
    for name in SHARED:
        for fixture in item.session._fixturemanager.getfixturedefs(name, item) or ():  # noqa: SLF001
            fixture.finish(item._request)  # type: ignore[attr-defined]  # noqa: SLF001


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
    for level in sorted(ran | skipped, key=["unit", "fuzz", "faults", "integration", "e2e", "nightly"].index):
        terminalreporter.write_line(f"{level}: {ran[level]} ran, {skipped[level]} skipped")
    for table in cases:
        terminalreporter.write_line(f"{table}: {passed[table]}/{cases[table]} as expected")
