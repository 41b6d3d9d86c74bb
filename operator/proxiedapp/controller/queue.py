"""The work queue: a key waits at most once, is never worked on twice at the same time, and is retried with backoff."""

import asyncio
import random
import time
from collections.abc import Callable, Hashable
from typing import Generic, Protocol, TypeVar

from proxiedapp.controller.backoff import backoff

K = TypeVar("K", bound=Hashable)


class TimerHandle(Protocol):
    """A scheduled call, as asyncio.TimerHandle is."""

    def cancel(self) -> None:
        """Cancel the call."""


class Timer(Protocol):
    """Schedules calls: the event loop, or a test's clock."""

    def call_later(self, delay: float, callback: Callable[[], object]) -> TimerHandle:
        """Call `callback` in `delay` seconds."""


class Queue(Generic[K]):
    """Keys in the order in which they became due.

    A key that is added while it waits is not added again. A key that is added while it is busy is added when its
    current pass ends.
    """

    def __init__(
        self,
        *,
        backoff: float,
        backoff_max: float,
        timer: Timer | None = None,
        jitter: Callable[[], float] = random.random,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._backoff = backoff
        self._backoff_max = backoff_max
        self._timer = timer
        self._jitter = jitter
        self._clock = clock
        self._due: dict[K, float] = {}
        """Since when each key has been due, by `clock`."""
        self._busy: set[K] = set()
        self._again: set[K] = set()
        self._failures: dict[K, int] = {}
        self._delayed: dict[K, TimerHandle] = {}
        self._waiting: asyncio.Queue[None] = asyncio.Queue()
        self._taken_since: float | None = None

    def __len__(self) -> int:
        return len(self._due)

    def depth(self) -> int:
        """Return how many keys wait; 0 before the first `get`, as in a standby replica."""
        return 0 if self._taken_since is None else len(self._due)

    def age(self) -> float:
        """Return for how many seconds the next key has waited; 0 before the first `get`, as in a standby replica.

        May be called from another thread, as may `depth`.
        """
        since = next(iter(list(self._due.values())), None)
        if since is None or self._taken_since is None:
            return 0.0
        return self._clock() - max(since, self._taken_since)

    def add(self, key: K) -> None:
        """Request a pass as soon as possible."""
        if (handle := self._delayed.pop(key, None)) is not None:
            handle.cancel()
        if key in self._busy:
            self._again.add(key)
        elif key not in self._due:
            self._due[key] = self._clock()
            self._waiting.put_nowait(None)

    def add_later(self, key: K, delay: float) -> None:
        """Request a pass in `delay` seconds, unless one is requested already."""
        if key in self._due or key in self._again or key in self._delayed:
            return
        timer = self._timer or asyncio.get_running_loop()
        self._delayed[key] = timer.call_later(delay, lambda: self.add(key))

    async def get(self) -> K:
        """Wait for the next key. It is busy until `done` or `failed` is called."""
        if self._taken_since is None:
            self._taken_since = self._clock()
        await self._waiting.get()
        key = next(iter(self._due))
        del self._due[key]
        self._busy.add(key)
        return key

    def done(self, key: K) -> None:
        """End the pass of a key, and reset its backoff."""
        self._failures.pop(key, None)
        self._release(key)

    def failed(self, key: K, *, at_least: float = 0.0) -> None:
        """End the pass of a key, and schedule a retry after its backoff (doubled each time), or `at_least` seconds.

        If the key is added before, it is retried at once.
        """
        failures = self._failures.get(key, 0)
        self._failures[key] = failures + 1
        delay = backoff(failures, self._backoff, self._backoff_max)
        self._release(key)
        self.add_later(key, max(delay * (1 + self._jitter() / 10), at_least))

    def _release(self, key: K) -> None:
        self._busy.discard(key)
        if key in self._again:
            self._again.discard(key)
            self.add(key)
