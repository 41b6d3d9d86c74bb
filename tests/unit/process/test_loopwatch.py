"""Stalls of the event loop: which are counted, to which app they are attributed, and that the thread notices them."""

import asyncio
import logging
import threading
from dataclasses import dataclass

import pytest
from prometheus_client import REGISTRY
from typing_extensions import override

from proxiedapp.process.loopwatch import LoopWatch


@dataclass
class Times:
    """The clock and the CPU time of the main thread, which tests move forward."""

    seconds: float = 0.0
    cpu: float = 0.0

    def block(self, seconds: float, *, cpu: float | None = None) -> None:
        self.seconds += seconds
        self.cpu += seconds if cpu is None else cpu


@pytest.fixture
def times() -> Times:
    return Times()


def watch_with(times: Times) -> LoopWatch:
    """Return a watch without a running thread: the test looks in its place."""
    return LoopWatch(clock=lambda: times.seconds, cpu=lambda: times.cpu)


def stalls() -> float:
    return REGISTRY.get_sample_value("proxiedapp_loop_stalls_total") or 0.0


async def test_stall_is_attributed_to_the_app_whose_pass_caused_it(
    times: Times, caplog: pytest.LogCaptureFixture
) -> None:
    watch, before = watch_with(times), stalls()
    with watch.working_on("team-a/shop") as work:
        times.block(0.2)
        watch.look()
        times.block(2.8)
    (record,) = caplog.records
    assert record.levelno == logging.WARNING
    assert record.message.startswith("the event loop was blocked for 3.00 seconds (3.00 of CPU time), at ")
    assert record.app == "team-a/shop"  # type: ignore[attr-defined]
    assert work.blocked == 3.0
    assert stalls() == before + 1
    assert (REGISTRY.get_sample_value("proxiedapp_loop_stall_max_seconds") or 0.0) >= 3.0


async def test_ordinary_passes_are_not_stalls(times: Times, caplog: pytest.LogCaptureFixture) -> None:
    watch, before = watch_with(times), stalls()
    for _ in range(10):
        with watch.working_on("team-a/shop") as work:
            times.block(0.2)
            watch.look()
        assert work.blocked == 0.0
    assert caplog.records == []
    assert stalls() == before


async def test_process_without_cpu_time_does_not_blame_an_app(times: Times) -> None:
    watch = watch_with(times)
    with watch.working_on("team-a/shop") as work:
        times.block(5.0, cpu=0.01)
        watch.look()
    assert work.blocked == 0.01


async def test_stall_of_another_task_is_not_attributed_to_the_apps(
    times: Times, caplog: pytest.LogCaptureFixture
) -> None:
    watch = watch_with(times)
    other = asyncio.Event()

    async def list_objects() -> None:
        times.block(1.0)
        watch.look()
        other.set()

    with watch.working_on("team-a/shop") as work:
        task = asyncio.create_task(list_objects(), name="list objects")
        await other.wait()
    await task
    assert work.blocked == 0.0
    assert caplog.records[0].task == "list objects"  # type: ignore[attr-defined]


async def test_thread_sees_which_task_blocks_the_loop() -> None:
    seen = threading.Event()

    class Seen(LoopWatch):
        @override
        def look(self) -> None:
            super().look()
            if self._suspect is not None:
                seen.set()

    with Seen() as watch, watch.working_on("team-a/shop") as work:
        assert seen.wait(30), "the loop is blocked by this line until the thread has noticed"
    assert work.blocked >= 0.0


async def test_app_that_blocks_the_loop_is_known_while_it_does(times: Times) -> None:
    watch = watch_with(times)
    with watch.working_on("team-a/shop"):
        times.block(0.9)
        watch.look()
        assert watch.blocked_by() == ""
        times.block(0.2)
        assert watch.blocked_by() == "team-a/shop"
        watch.tick()
        assert watch.blocked_by() == ""


async def test_watch_ticks_from_the_beginning_of_its_block() -> None:
    ticked = asyncio.Event()

    class Ticked(LoopWatch):
        @override
        def tick(self) -> None:
            super().tick()
            ticked.set()

    with Ticked():
        await asyncio.wait_for(ticked.wait(), 30)
