"""The work queue: which apps need a pass, each at most once, never two passes of one app at a time, failures later."""

import asyncio
import random
import time
from collections.abc import Callable, Hashable
from typing import Generic, Protocol, TypeVar

from proxiedapp.controller.backoff import backoff

K = TypeVar("K", bound=Hashable)


class Handle(Protocol):
    """A call that can still be cancelled."""

    def cancel(self) -> None:
        """Forget the call."""


class Timer(Protocol):
    """Calls back later: the event loop, or a clock of a test."""

    def call_later(self, delay: float, callback: Callable[[], object]) -> Handle:
        """Call back in `delay` seconds."""


class Queue(Generic[K]):
    """Keys in the order in which they became due.

    A key added while it waits is not added twice; one added while it is worked on waits for the present pass to end.
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
        """Since when."""
        self._busy: set[K] = set()
        self._again: set[K] = set()
        self._failures: dict[K, int] = {}
        self._delayed: dict[K, Handle] = {}
        self._waiting: asyncio.Queue[None] = asyncio.Queue()
        self._taken_since: float | None = None

    def __len__(self) -> int:
        return len(self._due)

    def depth(self) -> int:
        """Return how many keys wait for those who take them: none before, as in a replica that stands by."""
        return 0 if self._taken_since is None else len(self._due)

    def age(self) -> float:
        """Return for how many seconds the key that is next has waited for those who take keys.

        Asked by another thread, as `depth` is.
        """
        since = next(iter(list(self._due.values())), None)
        if since is None or self._taken_since is None:
            return 0.0
        return self._clock() - max(since, self._taken_since)

    def add(self, key: K) -> None:
        """Ask for a pass as soon as possible."""
        if (handle := self._delayed.pop(key, None)) is not None:
            handle.cancel()
        if key in self._busy:
            self._again.add(key)
        elif key not in self._due:
            self._due[key] = self._clock()
            self._waiting.put_nowait(None)

    def add_later(self, key: K, delay: float) -> None:
        """Ask for a pass in `delay` seconds, unless one is asked for sooner."""
        if key in self._due or key in self._again or key in self._delayed:
            return
        timer = self._timer or asyncio.get_running_loop()
        self._delayed[key] = timer.call_later(delay, lambda: self.add(key))

    async def get(self) -> K:
        """Wait for the next key; it is busy until `done` or `failed`."""
        if self._taken_since is None:
            self._taken_since = self._clock()
        await self._waiting.get()
        key = next(iter(self._due))
        del self._due[key]
        self._busy.add(key)
        return key

    def done(self, key: K) -> None:
        """Say that the pass succeeded."""
        self._failures.pop(key, None)
        self._release(key)

    def failed(self, key: K, *, at_least: float = 0.0) -> None:
        """Say that the pass must be tried again: after the backoff, doubled each time, or later if told so.

        News about the key brings the next try forward.
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
