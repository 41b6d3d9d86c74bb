"""Profiles for the property tests: the same examples on every run, or new ones by `--hypothesis-profile=explore`.

Nothing is limited by time: a slow machine is no defect. At the end stands how many tests ran at each level.
"""

from collections import Counter
from pathlib import Path

import pytest
from hypothesis import settings

settings.register_profile("repeatable", deadline=None, derandomize=True, print_blob=True)
settings.register_profile("explore", deadline=None, derandomize=False, print_blob=True, max_examples=5_000)
settings.load_profile("repeatable")


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say how many tests ran at each level, and how many were skipped there."""
    ran: Counter[str] = Counter()
    skipped: Counter[str] = Counter()
    for outcome, reports in terminalreporter.stats.items():
        for report in reports:
            if not isinstance(report, pytest.TestReport):
                continue
            level = Path(report.location[0]).parts[1]
            if outcome == "skipped":
                skipped[level] += 1
            elif report.when == "call":
                ran[level] += 1
    terminalreporter.section("levels")
    for level in sorted(ran | skipped, key=["unit", "integration", "e2e"].index):
        terminalreporter.write_line(f"{level}: {ran[level]} ran, {skipped[level]} skipped")
