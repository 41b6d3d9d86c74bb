"""Fights: another controller changes a child again each time that the operator has written it.

The operator repairs drift at once. If it has to write the same intent again and again, it does so after growing pauses,
and reports that: otherwise two writers would keep each other, and the pods, busy forever. No clock and no I/O.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import islice
from typing import Final

from proxiedapp.controller.backoff import backoff
from proxiedapp.controller.observed.objects import ChildId
from proxiedapp.controller.plan import Apply, Plan

WINDOW_SECONDS: Final = 120.0
"""Seconds in which the writes of one intent are counted. An autoscaler acts every 15 seconds by default (Kubernetes
1.36, `--horizontal-pod-autoscaler-sync-period`)."""
FREE_WRITES: Final = 6
"""Writes of one intent within the window that are made at once, the first one included."""
FIRST_PAUSE_SECONDS: Final = 2.0
"""Seconds before the next write of the same intent; doubled for each further one."""
LONGEST_PAUSE_SECONDS: Final = 300.0
"""Longest time in seconds between two writes of the same intent. After twice the last pause, a fight is over."""


@dataclass(slots=True)
class _Writes:
    """The writes of one intent of one child."""

    digest: bytes
    times: list[datetime]
    pauses: int = 0
    by: str = ""
    """What the last write repaired."""

    @property
    def pause(self) -> timedelta:
        """Return how long to wait after the last write; 0 without a fight."""
        if not self.pauses:
            return timedelta(0)
        return timedelta(seconds=backoff(self.pauses - 1, FIRST_PAUSE_SECONDS, LONGEST_PAUSE_SECONDS))


class Fights:
    """The recent writes of children. What it knows is lost with the process, and found again by a few writes."""

    def __init__(self) -> None:
        self._writes: dict[ChildId, _Writes] = {}

    def hold(self, plan: Plan, now: datetime) -> tuple[Plan, tuple[Apply, ...]]:
        """Return a plan without the writes that have to wait, and these."""
        held = tuple(apply for apply in plan.applies if self._waits(apply, now))
        return replace(plan, applies=tuple(apply for apply in plan.applies if apply not in held)), held

    def record(self, apply: Apply, by: str, now: datetime) -> None:
        """Record that a child was written; `by` says what that repaired."""
        self._forget(now)
        known = self._writes.pop(apply.id, None)
        if known is None or known.digest != apply.digest:
            known = _Writes(apply.digest, [])
        elif not known.pauses:
            known.times = [time for time in known.times if now - time < timedelta(seconds=WINDOW_SECONDS)]
        known.times = [*known.times[-FREE_WRITES:], now]
        known.by = by or known.by
        if known.pauses or len(known.times) >= FREE_WRITES:
            known.pauses += 1
        self._writes[apply.id] = known

    def contested(self, children: Iterable[ChildId], now: datetime) -> Iterator[tuple[ChildId, str, float]]:
        """Yield the children that are fought for, what was repaired, and in how many seconds to look at each again."""
        for id_ in children:
            known = self._writes.get(id_)
            if known is None or not known.pauses:
                continue
            since = now - known.times[-1]
            if since < 2 * known.pause:
                until = known.pause if since < known.pause else 2 * known.pause
                yield id_, known.by, (until - since).total_seconds()

    def _waits(self, apply: Apply, now: datetime) -> bool:
        known = self._writes.get(apply.id)
        if known is None or now - known.times[-1] >= known.pause:
            return False
        return known.digest == apply.digest

    def _forget(self, now: datetime) -> None:
        """Forget the oldest records, once they do not count any more."""
        for id_, known in list(islice(self._writes.items(), 2)):
            age = now - known.times[-1]
            if age > 2 * known.pause and age > timedelta(seconds=WINDOW_SECONDS):
                del self._writes[id_]
