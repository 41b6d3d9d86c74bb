"""Apps that are put aside: a pass for them failed by a defect, or kept the event loop from all other apps.

Without quarantine, such an app would be tried again at every event, and first of all by the next leader. Its condition
tells the next leader: there, the app waits for the first pause before its first pass.
"""

from collections.abc import Callable
from typing import Final

from proxiedapp.api.reasons import Reason
from proxiedapp.controller.backoff import backoff
from proxiedapp.kube.key import Key

MAX_PASS_CPU_SECONDS: Final = 1.0
"""Seconds of CPU time for which a pass may block the event loop at one stretch; beyond that, its app is put aside."""
FIRST_PAUSE_SECONDS: Final = 10.0
"""Seconds for which an app is put aside the first time; doubled each time in a row."""
LONGEST_PAUSE_SECONDS: Final = 300.0
"""Longest time in seconds for which an app is put aside."""


class Quarantine:
    """How often in a row each app was put aside."""

    def __init__(self, reason_of: Callable[[Key], str | None]) -> None:
        """`reason_of` returns the reason of an app's condition Ready."""
        self._reason_of = reason_of
        self._times: dict[Key, int] = {}
        self._suspects: set[Key] = set()

    def suspect(self, key: Key) -> None:
        """Record that an earlier process ended while a pass of this app blocked its event loop."""
        self._suspects.add(key)

    def is_inherited(self, key: Key) -> bool:
        """Return whether an earlier process has put the app aside, or ended in its pass, but not this one."""
        return key not in self._times and (key in self._suspects or self._reason_of(key) == Reason.QUARANTINED)

    def is_aside(self, key: Key) -> bool:
        """Return whether this process has put the app aside, and no pass of it was in order since."""
        return key in self._times

    def put_aside(self, key: Key) -> float:
        """Record that the app is put aside once more, and return for how many seconds."""
        times = self._times.get(key, 0)
        self._times[key] = times + 1
        return backoff(times, FIRST_PAUSE_SECONDS, LONGEST_PAUSE_SECONDS)

    def release(self, key: Key) -> None:
        """Record that a pass of the app was in order."""
        self._times.pop(key, None)
        self._suspects.discard(key)
