"""A watch on the event loop: how often and for how long it is blocked, and by which app.

The loop records every TICK_SECONDS that it runs. If it does not, a thread notes which task runs and where: the loop
itself sees a stall only afterwards, when the app whose pass caused it can no longer be found.
"""

import asyncio
import logging
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import FrameType, TracebackType
from typing import Final, Self

from proxiedapp.controller.metrics import LOOP_STALL_MAX, LOOP_STALLS
from proxiedapp.controller.quarantine import MAX_PASS_CPU_SECONDS

TICK_SECONDS: Final = 0.1
"""Seconds between two records of the event loop, and between two looks of the thread. Both together cost 0.2 % of a CPU
core (measured with Python 3.11; twice as much at 0.05)."""
STALL_SECONDS: Final = 0.25
"""Seconds without a record after which the event loop counts as blocked; a stall up to a tick shorter counts too."""

_PACKAGE: Final = str(Path(__file__).parents[1])

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Suspect:
    """What ran while the event loop was blocked."""

    task: str
    """The name of the task; during a pass, the key of the app."""
    where: str
    """The innermost line of our own code."""


@dataclass(slots=True)
class Work:
    """The work of one task on one app."""

    blocked: float = 0.0
    """Seconds of CPU time of the longest stall that it caused."""


class LoopWatch:
    """Watches the event loop in which it is created, while the block lasts."""

    def __init__(
        self, *, clock: Callable[[], float] = time.monotonic, cpu: Callable[[], float] = time.thread_time
    ) -> None:
        """`cpu` returns the CPU seconds of the thread that calls it."""
        self._clock = clock
        self._cpu = cpu
        self._ticked = clock()
        self._ticked_cpu = cpu()
        self._suspect: Suspect | None = None
        self._works: dict[str, Work] = {}
        self._longest = 0.0
        self._stop = threading.Event()
        self._loop_thread = threading.get_ident()
        self._loop = asyncio.get_running_loop()
        self._thread = threading.Thread(target=self._look_forever, name="loop watch", daemon=True)

    def __enter__(self) -> Self:
        self._ticked, self._ticked_cpu = self._clock(), self._cpu()  # what happened before does not count
        self._ticking = asyncio.create_task(self._tick_forever(), name="loop watch")
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._ticking.cancel()
        self._stop.set()
        self._thread.join()

    async def _tick_forever(self) -> None:
        while True:
            self.tick()
            await asyncio.sleep(TICK_SECONDS)

    def tick(self) -> None:
        """Record that the event loop runs, and report a stall that has just ended."""
        now, cpu = self._clock(), self._cpu()
        gap, used = now - self._ticked, cpu - self._ticked_cpu
        self._ticked, self._ticked_cpu = now, cpu
        suspect, self._suspect = self._suspect, None
        if gap < STALL_SECONDS:
            return
        LOOP_STALLS.inc()
        self._longest = max(self._longest, gap)
        LOOP_STALL_MAX.set(self._longest)
        extra = {} if suspect is None else {"app" if suspect.task in self._works else "task": suspect.task}
        where = "the process got no CPU time" if suspect is None else f"at {suspect.where}"
        logger.warning(
            "the event loop was blocked for %.2f seconds (%.2f of CPU time), %s", gap, used, where, extra=extra
        )
        if suspect is not None and (work := self._works.get(suspect.task)) is not None:
            work.blocked = max(work.blocked, used)

    def blocked_by(self) -> str:
        """Return the app whose pass has blocked the event loop for a second by now, or "". For other threads."""
        suspect = self._suspect
        if suspect is None or suspect.task not in self._works or self._clock() - self._ticked < MAX_PASS_CPU_SECONDS:
            return ""
        return suspect.task

    @contextmanager
    def working_on(self, app: str) -> Iterator[Work]:
        """Attribute stalls to an app while the current task runs this block. One task at a time works on an app."""
        task = asyncio.current_task()
        if task is not None:
            task.set_name(app)
        work = self._works[app] = Work()
        try:
            yield work
        finally:
            self.tick()  # a stall in the last step of the work is known only now
            del self._works[app]
            if task is not None:
                task.set_name("idle")

    def look(self) -> None:
        """Note what runs, if the event loop has not ticked for a while. Called by the thread."""
        # Sampled from half a stall on, so that the shortest one has a suspect; the last sample counts, because a stall
        # may begin at the end of other, ordinary work.
        if self._clock() - self._ticked >= STALL_SECONDS / 2:
            self._suspect = self._running()

    def _look_forever(self) -> None:
        while not self._stop.wait(TICK_SECONDS):
            self.look()

    def _running(self) -> Suspect | None:
        task = asyncio.current_task(self._loop)
        if task is None:
            return None
        frame = sys._current_frames().get(self._loop_thread)  # noqa: SLF001 - documented, in spite of its name
        return Suspect(task.get_name(), _own_line(frame))


def _own_line(frame: FrameType | None) -> str:
    """Return the file and line of the innermost frame that belongs to this package."""
    while frame is not None:
        if frame.f_code.co_filename.startswith(_PACKAGE):
            path = Path(frame.f_code.co_filename).relative_to(_PACKAGE)
            return f"{path}:{frame.f_lineno}"
        frame = frame.f_back
    return "a line outside of this package"
