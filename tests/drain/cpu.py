"""Processor time of a sandbox and its clients, from Linux' /proc."""

import os
from pathlib import Path
from typing import Final

from tests.support.sandbox import Sandbox

_PPID: Final = 1
_TIMES: Final = slice(11, 15)
"""utime, stime, cutime and cstime, counted from the field after the name (proc_pid_stat(5))."""


def cpu_seconds(sandbox: Sandbox, *others: int) -> float:
    """Return the processor time that a sandbox, its pods and other processes have used so far."""
    roots = {sandbox.state["supervisor"][0], *others}
    stats = _stats()
    return sum(times for pid, (_, times) in stats.items() if _belongs(pid, stats, roots))


def _belongs(pid: int, stats: dict[int, tuple[int, float]], roots: set[int]) -> bool:
    while pid in stats:
        if pid in roots:
            return True
        pid = stats[pid][0]
    return False


def _stats() -> dict[int, tuple[int, float]]:
    """Return parent and processor time of each process."""
    found = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                fields = (entry / "stat").read_text().rpartition(")")[2].split()
            except (FileNotFoundError, ProcessLookupError):
                continue  # it has ended
            found[int(entry.name)] = (int(fields[_PPID]), sum(map(int, fields[_TIMES])) / os.sysconf("SC_CLK_TCK"))
    return found
