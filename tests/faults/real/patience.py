"""How long to wait on a machine that has other work: less CPU makes everything slower, which breaks no promise.

The kernel counts for each thread how long it ran and how long it waited for a CPU (/proc/PID/schedstat, in
https://docs.kernel.org/scheduler/sched-stats.html). The event loop of this process passes on each request of the
operator, so its share of the CPU time that it wanted stands for that of all processes.
"""

import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final

_LEAST: Final = 0.1
"""The share that is assumed at least, so that waiting has an end."""


def _ran_and_waited() -> tuple[int, int]:
    """Return for how many nanoseconds the main thread has run, and has waited for a CPU; zeros if it is not known."""
    try:
        ran, waited, _ = Path(f"/proc/{os.getpid()}/schedstat").read_text().split()
    except (OSError, ValueError):
        return 0, 0
    return int(ran), int(waited)


class Patience:
    """Runs out after some seconds, which count less the less CPU time this process gets."""

    def __init__(
        self,
        seconds: float,
        clock: Callable[[], float] = time.monotonic,
        ran_and_waited: Callable[[], tuple[int, int]] = _ran_and_waited,
    ) -> None:
        self._seconds = seconds
        self._clock = clock
        self._ran_and_waited = ran_and_waited
        self._begun = clock()
        self._before = ran_and_waited()

    def has_ended(self, since: float = 0.0) -> bool:
        """Return whether it has run out; it begins again at `since`, in seconds of the clock."""
        elapsed = self._clock() - max(self._begun, since)
        return elapsed * self._share() > self._seconds

    def _share(self) -> float:
        ran, waited = (now - before for now, before in zip(self._ran_and_waited(), self._before, strict=True))
        return max(_LEAST, ran / (ran + waited)) if ran + waited else 1.0
