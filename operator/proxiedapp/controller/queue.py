"""The work queue: a key waits at most once, is never worked on twice at the same time, and is retried with backoff.

Groups of keys take turns, so a group with many keys, such as a namespace with many broken apps, does not delay another.
"""

import asyncio
import math
import random
import time
from collections import Counter, OrderedDict
from collections.abc import Callable, Hashable
from typing import Final, Generic, Protocol, TypeAlias, TypeVar

from proxiedapp.controller.backoff import backoff

K = TypeVar("K", bound=Hashable)

RECHECK_TURN: Final = 8
"""While keys wait of which something changed, one of this many that are taken is only checked again."""


class TimerHandle(Protocol):
    """A scheduled call, as asyncio.TimerHandle is."""

    def cancel(self) -> None:
        """Cancel the call."""


class Timer(Protocol):
    """Schedules calls: the event loop, or a test's clock."""

    def call_later(self, delay: float, callback: Callable[[], object]) -> TimerHandle:
        """Call `callback` in `delay` seconds."""


def _one_group(_: Hashable) -> Hashable:
    return None


class Queue(Generic[K]):
    """Keys in the order in which they became due, in turns over their groups.

    A key that is added while it waits is not added again. A key that is added while it is busy is added when its
    current pass ends. An operation takes the same time regardless of how many keys wait.

    There are three lanes. In each group, keys to repair and keys that changed take turns: neither waits for many of
    the other. Both are taken before keys that are only checked again, as all are after a restart. While such keys wait,
    too, one of RECHECK_TURN keys is theirs, so that they move on in any case.
    """

    def __init__(
        self,
        *,
        backoff: float,
        backoff_max: float,
        group: Callable[[K], Hashable] = _one_group,
        group_limit: int | None = None,
        timer: Timer | None = None,
        jitter: Callable[[], float] = random.random,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """`group` returns the group of a key; at most `group_limit` keys of one group are busy at the same time."""
        self._backoff = backoff
        self._backoff_max = backoff_max
        self._timer = timer
        self._jitter = jitter
        self._clock = clock
        self._group = group
        self._group_limit = group_limit
        self._since: dict[K, float] = {}
        """Since when each key that waits has been due, by `clock`."""
        first: _Turns[K] = OrderedDict()
        self._repairs = _Lane(first)
        self._changed = _Lane(first)
        self._unchanged: _Lane[K] = _Lane(OrderedDict())
        self._lanes = (self._repairs, self._changed, self._unchanged)
        """The most urgent one first."""
        self._in_a_row = 0
        """How many keys were taken since the last one that was only checked again."""
        self._busy: set[K] = set()
        self._busy_in: Counter[Hashable] = Counter()
        self._again: dict[K, _Lane[K]] = {}
        self._failures: dict[K, int] = {}
        self._delayed: dict[K, TimerHandle] = {}
        self._aside: set[K] = set()
        """Keys whose delay cannot be shortened."""
        self._takeable: asyncio.Queue[None] = asyncio.Queue()
        """One item for each key that can be taken."""
        self._taken_since: float | None = None

    def __len__(self) -> int:
        return len(self._since)

    def depth(self) -> int:
        """Return how many keys wait; 0 before the first `get`, as in a standby replica."""
        return 0 if self._taken_since is None else len(self._since)

    def age(self) -> float:
        """Return for how many seconds the next key has waited; 0 before the first `get`, as in a standby replica.

        May be called from another thread, as may `depth`.
        """
        if self._taken_since is None:
            return 0.0
        try:
            lane, group = next(iter(self._next_turns()))
            since = self._since[next(iter(lane.due[group]))]
        except (LookupError, RuntimeError, StopIteration):
            return 0.0  # nothing waits, or the event loop has just taken it
        return self._clock() - max(since, self._taken_since)

    def repair(self, key: K) -> None:
        """Request a pass in the next turn of its group, because another client changed what an earlier pass wrote."""
        self._add(key, self._repairs)

    def add(self, key: K) -> None:
        """Request a pass as soon as possible, because something changed."""
        self._add(key, self._changed)

    def recheck(self, key: K) -> None:
        """Request a pass after those of the keys of which something changed."""
        self._add(key, self._unchanged)

    def _add(self, key: K, lane: "_Lane[K]") -> None:
        if key in self._aside:
            return  # its pass after the pause sees everything that happened until then
        if (handle := self._delayed.pop(key, None)) is not None:
            handle.cancel()
        group = self._group(key)
        if key in self._busy:
            self._again[key] = min(lane, self._again.get(key, lane), key=self._lanes.index)
        elif key not in self._since:
            self._since[key] = self._clock()
            lane.put(group, key)
            if self._waiting(group) <= self._free(group):
                self._takeable.put_nowait(None)
            self._line_up(group)
        elif any(other.discard(group, key) for other in self._lanes[self._lanes.index(lane) + 1 :]):
            lane.put(group, key)
            self._line_up(group)

    def add_later(self, key: K, delay: float) -> None:
        """Request a pass in `delay` seconds, unless one is requested already."""
        if key in self._since or key in self._again or key in self._delayed:
            return
        timer = self._timer or asyncio.get_running_loop()
        self._delayed[key] = timer.call_later(delay, lambda: self.add(key))

    async def get(self) -> K:
        """Wait for the next key. It is busy until `done` or `failed` is called."""
        if self._taken_since is None:
            self._taken_since = self._clock()
        await self._takeable.get()
        (lane, group), _ = self._next_turns().popitem(last=False)
        self._in_a_row = 0 if lane is self._unchanged else self._in_a_row + 1
        key = next(iter(lane.due[group]))
        lane.discard(group, key)
        del self._since[key]
        self._busy.add(key)
        self._busy_in[group] += 1
        self._line_up(group)
        return key

    def done(self, key: K, *, again_after: float = 0.0) -> None:
        """End the pass of a key, and reset its backoff; `again_after` seconds later, if not 0, it gets another pass."""
        self._failures.pop(key, None)
        self._release(key)
        if again_after:
            self.add_later(key, again_after)

    def failed(self, key: K, *, at_least: float = 0.0) -> None:
        """End the pass of a key, and schedule a retry after its backoff (doubled each time), or `at_least` seconds.

        If the key is added before, it is retried at once.
        """
        failures = self._failures.get(key, 0)
        self._failures[key] = failures + 1
        delay = backoff(failures, self._backoff, self._backoff_max)
        self._release(key)
        self.add_later(key, max(delay * (1 + self._jitter() / 10), at_least))

    def set_aside(self, key: K, pause: float) -> None:
        """End the pass of a key, and let it be taken again in `pause` seconds, even if it is added before."""
        self._again.pop(key, None)
        self._release(key)
        self._aside.add(key)
        timer = self._timer or asyncio.get_running_loop()
        self._delayed[key] = timer.call_later(pause, lambda: self._bring_back(key))

    def _bring_back(self, key: K) -> None:
        self._aside.discard(key)
        self.add(key)

    def _free(self, group: Hashable) -> float:
        """Return how many more keys of a group may be busy."""
        return math.inf if self._group_limit is None else self._group_limit - self._busy_in[group]

    def _waiting(self, group: Hashable) -> int:
        return sum(len(lane.due.get(group, ())) for lane in self._lanes)

    def _line_up(self, group: Hashable) -> None:
        """Let a group have turns in the lanes in which its keys wait, or none while all of its workers are busy."""
        for lane in self._lanes:
            if group in lane.due and self._free(group) > 0:
                lane.turns.setdefault((lane, group))
            else:
                lane.turns.pop((lane, group), None)

    def _next_turns(self) -> "_Turns[K]":
        first, second = self._changed.turns, self._unchanged.turns
        is_recheck = not first or (second and self._in_a_row >= RECHECK_TURN - 1)
        return second if is_recheck else first

    def _release(self, key: K) -> None:
        if key in self._busy:
            group = self._group(key)
            self._busy.discard(key)
            self._busy_in[group] -= 1
            if not self._busy_in[group]:
                del self._busy_in[group]
            if self._waiting(group) >= self._free(group):
                self._takeable.put_nowait(None)
            self._line_up(group)
        if (lane := self._again.pop(key, None)) is not None:
            self._add(key, lane)


class _Lane(Generic[K]):
    """The keys that wait, by group."""

    def __init__(self, turns: "_Turns[K]") -> None:
        """`turns` is shared by the lanes of which neither goes before the other."""
        self.due: dict[Hashable, OrderedDict[K, None]] = {}
        self.turns = turns

    def put(self, group: Hashable, key: K) -> None:
        """Add a key behind those of its group."""
        self.due.setdefault(group, OrderedDict())[key] = None

    def discard(self, group: Hashable, key: K) -> bool:
        """Remove a key; return whether it waited here."""
        keys = self.due.get(group)
        if keys is None or key not in keys:
            return False
        del keys[key]
        if not keys:
            del self.due[group]
        return True


_Turns: TypeAlias = OrderedDict[tuple[_Lane[K], Hashable], None]
"""The lanes and groups of which a key can be taken; the first one is next."""
