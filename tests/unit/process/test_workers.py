"""What a worker does with an app whose pass fails by a defect, or keeps the event loop from all other apps."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from proxiedapp.controller.firststatus import WINDOW_SECONDS
from proxiedapp.controller.quarantine import Quarantine
from proxiedapp.controller.reconcile import Outcome, Reconciler
from proxiedapp.kube.errors import UnavailableError
from proxiedapp.kube.key import Key
from proxiedapp.process.loopwatch import LoopWatch
from proxiedapp.process.workers import reconcile_forever, stop
from tests.support.scenario import NAMESPACE, Scenario

Pass = Callable[[Reconciler, Key], Awaitable[Outcome]]
RECONCILE: Pass = Reconciler.reconcile

TURNS = 200
"""More turns of the event loop than the passes here take."""


class Process:
    """One process of the operator: its state begins empty, the scenario's cluster stays."""

    def __init__(self, scenario: Scenario) -> None:
        self.scenario = scenario
        self.cpu = 0.0
        self.passes: list[str] = []
        self.watch = LoopWatch(clock=lambda: self.cpu, cpu=lambda: self.cpu)
        self.quarantine = Quarantine(scenario.store.reason)

    def block(self, seconds: float) -> None:
        """Keep the event loop busy."""
        self.cpu += seconds
        self.watch.look()

    async def work(self) -> None:
        """Make the passes that are due, and those that they cause."""
        scenario = self.scenario
        worker = asyncio.create_task(
            reconcile_forever(scenario.queue, scenario.reconciler, self.watch, self.quarantine)
        )
        for _ in range(TURNS):
            scenario.watch()
            await asyncio.sleep(0)  # one turn of the loop, not a time
        worker.cancel()
        await asyncio.gather(worker, return_exceptions=True)

    async def passes_after(self, seconds: float) -> list[str]:
        """Return the apps of the passes that are made once this time has passed."""
        self.passes.clear()
        self.scenario.clock.advance(seconds)
        await self.work()
        return self.passes


@pytest.fixture
def scenario() -> Scenario:
    return Scenario()


@pytest.fixture
async def process(scenario: Scenario) -> Process:
    return Process(scenario)


@pytest.fixture
def broken() -> list[Callable[[str], None]]:
    """Called with the name of the app at each pass; may raise."""
    return []


@pytest.fixture(autouse=True)
def _passes(process: Process, broken: list[Callable[[str], None]], monkeypatch: pytest.MonkeyPatch) -> None:
    async def reconcile(reconciler: Reconciler, key: Key) -> Outcome:
        process.passes.append(key.name)
        for each in broken:
            each(key.name)
        return await RECONCILE(reconciler, key)

    monkeypatch.setattr(Reconciler, "reconcile", reconcile)


def defect(name: str) -> None:
    if name == "bad":
        raise ValueError("a defect")


async def test_app_that_meets_a_defect_is_put_aside_with_growing_pauses(
    scenario: Scenario, process: Process, broken: list[Callable[[str], None]]
) -> None:
    broken.append(defect)
    scenario.create("bad", "/bad")
    await process.work()
    assert process.passes == ["bad"]
    assert scenario.conditions("bad")["Stalled"] == "True Quarantined"
    assert scenario.message("bad").startswith(
        "The operator has put this app aside, because its last pass failed by a defect of the operator (ValueError)."
    )
    events = [request for request in scenario.api.requests if request.line() == "event bad: Quarantined"]
    assert len(events) == 1
    waits = [scenario.clock.next_in()]
    for _ in range(6):
        assert await process.passes_after(waits[-1]) == ["bad"]
        waits.append(scenario.clock.next_in())
    assert waits == [10, 20, 40, 80, 160, 300, 300]
    assert len([each for each in scenario.api.requests if each.line() == "event bad: Quarantined"]) == 1


async def test_change_of_an_app_does_not_shorten_its_pause(
    scenario: Scenario, process: Process, broken: list[Callable[[str], None]]
) -> None:
    broken.append(defect)
    scenario.create("bad", "/bad")
    await process.work()
    scenario.change("bad", "/better")
    assert await process.passes_after(9.0) == []
    broken.clear()
    assert set(await process.passes_after(1.0)) == {"bad"}
    assert scenario.conditions("bad")["Ready"] == "False Progressing", "a pass in order ends the quarantine"
    broken.append(defect)
    scenario.change("bad", "/worse")
    await process.work()
    assert scenario.clock.next_in() == 10, "and the next one begins with the first pause"


async def test_other_apps_go_on(scenario: Scenario, process: Process, broken: list[Callable[[str], None]]) -> None:
    broken.append(defect)
    scenario.create("bad", "/bad")
    scenario.create("good", "/good")
    await process.work()
    assert await process.passes_after(WINDOW_SECONDS) == ["good"], "to write its first status"
    assert scenario.conditions("good")["Ready"] == "False Progressing"


async def test_app_whose_pass_blocks_the_event_loop_is_put_aside(
    scenario: Scenario, process: Process, broken: list[Callable[[str], None]]
) -> None:
    broken.append(lambda _: process.block(1.5))
    scenario.create("slow", "/slow")
    await process.work()
    assert process.passes == ["slow"]
    assert scenario.conditions("slow")["Stalled"] == "True Quarantined"
    assert "delayed all other apps by more than 1 second" in scenario.message("slow")
    assert scenario.clock.next_in() == 10


async def test_slow_pass_that_succeeds_does_not_flip_the_status_at_each_retry(
    scenario: Scenario, process: Process, broken: list[Callable[[str], None]]
) -> None:
    scenario.create("slow", "/slow")
    await process.work()
    scenario.rolled_out("slow")
    await process.work()
    assert scenario.conditions("slow")["Ready"] == "True Available"
    broken.append(lambda _: process.block(1.5))
    scenario.change("slow", "/slower")
    await process.work()
    assert scenario.conditions("slow")["Ready"] == "False Quarantined"
    assert scenario.conditions("slow")["RouteAccepted"] == "True Accepted", "the pass has written the route"
    statuses = [request for request in scenario.api.requests if request.verb == "status"]
    for pause in (10, 20, 40):
        assert await process.passes_after(pause) == ["slow"]
    assert [request for request in scenario.api.requests if request.verb == "status"] == statuses
    broken.clear()
    assert "slow" in await process.passes_after(80)
    scenario.rolled_out("slow")
    await process.work()
    assert scenario.conditions("slow")["Ready"] == "True Available"


async def test_ordinary_pass_is_not_a_reason(
    scenario: Scenario, process: Process, broken: list[Callable[[str], None]]
) -> None:
    broken.append(lambda _: process.block(0.9))
    scenario.create("shop", "/shop")
    await process.work()
    assert await process.passes_after(WINDOW_SECONDS) == ["shop"]
    assert scenario.conditions("shop")["Ready"] == "False Progressing"


async def test_next_leader_begins_with_a_pause(
    scenario: Scenario, process: Process, broken: list[Callable[[str], None]]
) -> None:
    broken.append(defect)
    scenario.create("bad", "/bad")
    scenario.create("good", "/good")
    await process.work()
    scenario.clock.calls.clear()
    scenario.queue = type(scenario.queue)(backoff=0.5, backoff_max=300, timer=scenario.clock, jitter=lambda: 0.0)
    scenario.restart()
    process.quarantine = Quarantine(scenario.store.reason)
    assert await process.passes_after(0.0) == ["good"]
    assert "bad" not in await process.passes_after(9.0)
    assert "bad" in await process.passes_after(1.0)
    assert "bad" not in await process.passes_after(19.0)
    assert "bad" in await process.passes_after(1.0)


async def test_status_that_cannot_be_written_is_no_reason(
    scenario: Scenario, process: Process, broken: list[Callable[[str], None]]
) -> None:
    def fail(_: str) -> None:
        raise UnavailableError(503, "come back later", retry_after=7.0)

    broken.append(fail)
    scenario.create("shop", "/shop")
    await process.work()
    assert scenario.clock.next_in() == 7
    assert process.quarantine.put_aside(Key(NAMESPACE, "shop")) == 10, "it was not put aside before"


async def test_app_in_whose_pass_the_earlier_process_ended_begins_with_a_pause(
    scenario: Scenario, process: Process
) -> None:
    scenario.create("slow", "/slow")
    scenario.create("good", "/good")
    process.quarantine.suspect(Key(NAMESPACE, "slow"))
    await process.work()
    assert process.passes == ["good"]
    assert "slow" in await process.passes_after(10.0)
    assert not process.quarantine.is_inherited(Key(NAMESPACE, "slow"))


async def test_task_that_loses_its_cancellation_is_cancelled_again() -> None:
    """The replica would otherwise wait for it for ever: without the Lease, and without asking for it."""
    lost = asyncio.Event()

    async def stubborn() -> None:
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            lost.set()
        await asyncio.Event().wait()

    tasks = [asyncio.create_task(stubborn()), asyncio.create_task(asyncio.sleep(0))]
    await asyncio.sleep(0)  # one turn of the loop, in which they start
    await stop(tasks, again_after=0.0)
    assert lost.is_set()
    assert tasks[0].cancelled()
