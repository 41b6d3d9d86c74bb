"""The life cycle of a container, with a fake process and a fake clock."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from proxiedapp.kube.manifest import Manifest
from proxiedapp_sandbox.node.container import Container, ContainerContext, ContainerProcess, ContainerRole
from proxiedapp_sandbox.node.containerconfig import ContainerConfig
from proxiedapp_sandbox.node.errors import NotStartableError, StartError
from proxiedapp_sandbox.node.handlers import HandlerTarget
from proxiedapp_sandbox.node.images import Image
from proxiedapp_sandbox.node.process import ExecResult
from proxiedapp_sandbox.node.shim.spec import IsolationSpec, ProcessSpec
from proxiedapp_sandbox.node.status import Running, Terminated, Waiting
from tests.support import plain
from tests.unit.sandbox.node.samples import NOW, a_container

CONFIG = ContainerConfig(
    Image("hello", Path("/images/hello")),
    ProcessSpec(["serve"], {}, "/"),
    IsolationSpec("/run/netns/n", "shop-1", "/scratch", [], [], read_only=True),
)


class FakeProcess:
    """ContainerProcess until the test, or a signal, ends it."""

    def __init__(self, *, obeys: bool = True) -> None:
        self.ended: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        self.seen: list[str] = []
        self.answers: Callable[[list[str]], int] = lambda _: 0
        self._obeys = obeys

    def end(self, code: int) -> None:
        if not self.ended.done():
            self.ended.set_result(code)

    async def wait(self) -> int:
        return await asyncio.shield(self.ended)

    def terminate(self) -> None:
        self.seen.append("TERM")
        if self._obeys:
            self.end(0)

    async def kill(self) -> None:
        if not self.ended.done():
            self.seen.append("KILL")
        self.end(137)

    async def execute(self, argv: list[str]) -> ExecResult:
        self.seen.append(" ".join(argv))
        return ExecResult(self.answers(argv), "")


@dataclass
class World:
    """What surrounds one container; each sleep waits for the test to let it pass."""

    log: Path
    processes: list[FakeProcess] = field(default_factory=list)
    problems: list[Exception] = field(default_factory=list)
    sleeps: list[float] = field(default_factory=list)
    now: datetime = NOW
    obeys: bool = True
    container: Container = field(init=False)
    _news: asyncio.Event = field(default_factory=asyncio.Event)
    _passing: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(0))

    def contain(self, role: ContainerRole = ContainerRole.MAIN, policy: str = "Always", **spec: Any) -> Container:
        around = ContainerContext(
            prepare=self._prepare,
            start=self._start,
            target=self._target,
            changed=self._news.set,
            log=self.log,
            label="default/shop-1/app",
            grace=30.0,
            backoff=1.0,
            backoff_max=30.0,
            now=lambda: self.now,
            sleep=self._sleep,
        )
        self.container = Container(a_container(**spec), role, policy, around)
        return self.container

    async def until(self, holds: Callable[[], object]) -> None:
        async with asyncio.timeout(60):
            while not holds():
                self._news.clear()
                await self._news.wait()

    async def started(self) -> None:
        async with asyncio.timeout(60):
            await self.container.started.wait()

    async def run_number(self, number: int) -> None:
        await self.until(lambda: len(self.processes) == number)

    async def sleep_number(self, number: int) -> float:
        await self.until(lambda: len(self.sleeps) == number)
        return self.sleeps[-1]

    def let_time_pass(self, sleeps: int = 1) -> None:
        for _ in range(sleeps):
            self._passing.release()

    @property
    def process(self) -> FakeProcess:
        return self.processes[-1]

    async def _prepare(self, spec: Manifest) -> ContainerConfig:
        assert spec["name"] == "app"
        if self.problems and isinstance(self.problems[0], NotStartableError):
            raise self.problems.pop(0)
        return CONFIG

    async def _start(self, config: ContainerConfig, log: Path) -> ContainerProcess:
        assert (config, log) == (CONFIG, self.log)
        if self.problems:
            raise self.problems.pop(0)
        self.processes.append(FakeProcess(obeys=self.obeys))
        self._news.set()
        return self.processes[-1]

    def _target(self, container: Manifest, process: ContainerProcess) -> HandlerTarget:
        del container
        return HandlerTarget("127.0.0.1", {}, plain.async_client(), process.execute)

    async def _sleep(self, seconds: float) -> None:
        if seconds:
            self.sleeps.append(seconds)
            self._news.set()
            await self._passing.acquire()
        else:
            await asyncio.sleep(0)


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path / "log")


def exec_probe(word: str, **timing: int) -> Manifest:
    return {"exec": {"command": [word]}, **timing}


async def test_without_probes_a_container_that_runs_is_started_and_ready(world: World) -> None:
    container = world.contain()
    assert container.facts.state == Waiting("ContainerCreating")
    running = asyncio.create_task(container.run())
    await world.started()
    facts = container.facts
    assert (facts.state, facts.started, facts.ready, facts.restarts) == (Running(NOW), True, True, 0)
    assert facts.container_id.startswith("process://")
    assert facts.image_id == "folder:///images/hello"
    await container.stop(30)
    ended = await running
    assert ended is not None
    assert (ended.exit_code, ended.reason, world.process.seen) == (0, "Completed", ["TERM"])
    assert container.facts.as_status()["state"] == ended.as_state()
    assert not container.facts.ready


async def test_a_crash_loop_waits_longer_each_time_and_reports_the_last_lines(world: World) -> None:
    container = world.contain(terminationMessagePolicy="FallbackToLogsOnError")
    running = asyncio.create_task(container.run())
    for restarts, delay in enumerate([1.0, 2.0, 4.0]):
        await world.run_number(restarts + 1)
        assert container.facts.restarts == restarts
        with world.log.open("a") as log:
            log.write("".join(f"run {restarts} line {number}\n" for number in range(82)))
        world.process.end(3)
        assert await world.sleep_number(restarts + 1) == delay
        assert container.facts.state == Waiting(
            "CrashLoopBackOff", f"back-off {delay:g}s restarting failed container=app"
        )
        last = container.facts.last
        assert last is not None
        assert (last.exit_code, last.reason) == (3, "Error")
        assert last.message == "\n".join(f"run {restarts} line {number}" for number in range(2, 82))
        world.let_time_pass()
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)


async def test_what_a_crashed_container_printed_is_not_reported_by_default(world: World) -> None:
    """As by the kubelet, so that no condition reports more in the sandbox than in a cluster."""
    container = world.contain()
    running = asyncio.create_task(container.run())
    await world.run_number(1)
    world.log.write_text("ValueError: no\n")
    world.process.end(3)
    await world.sleep_number(1)
    assert container.facts.last is not None
    assert container.facts.last.message == ""
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)


async def test_the_backoff_starts_over_after_a_long_run(world: World) -> None:
    container = world.contain()
    running = asyncio.create_task(container.run())
    for number, (seconds, delay) in enumerate([(0, 1.0), (0, 2.0), (60, 1.0)], start=1):
        await world.run_number(number)
        world.now += timedelta(seconds=seconds)
        world.process.end(1)
        assert await world.sleep_number(number) == delay
        world.let_time_pass()
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)


@pytest.mark.parametrize(
    ("role", "policy", "code", "again"),
    [
        (ContainerRole.MAIN, "Always", 0, True),
        (ContainerRole.MAIN, "OnFailure", 0, False),
        (ContainerRole.MAIN, "OnFailure", 1, True),
        (ContainerRole.MAIN, "Never", 1, False),
        (ContainerRole.INIT, "Always", 0, False),
        (ContainerRole.INIT, "Always", 1, True),
        (ContainerRole.INIT, "Never", 1, False),
        (ContainerRole.SIDECAR, "Never", 0, True),
    ],
)
def test_when_a_container_is_restarted(role: ContainerRole, policy: str, code: int, *, again: bool) -> None:
    assert role.restarts(policy, code) is again


@pytest.mark.parametrize(("code", "ready"), [(0, True), (1, False)])
async def test_a_successful_init_container_is_ready(world: World, code: int, *, ready: bool) -> None:
    container = world.contain(ContainerRole.INIT, "Never")
    running = asyncio.create_task(container.run())
    await world.started()
    world.process.end(code)
    await running
    assert container.facts.ready is ready


async def test_a_container_that_cannot_start_yet_reports_why_and_tries_again(world: World) -> None:
    world.problems += [NotStartableError("ErrImagePull", "no image"), NotStartableError("ErrImagePull", "no image")]
    container = world.contain()
    running = asyncio.create_task(container.run())
    await world.until(lambda: world.sleeps == [1.0])
    assert container.facts.state == Waiting("ErrImagePull", "no image")
    world.let_time_pass()
    await world.until(lambda: world.sleeps == [1.0, 2.0])
    assert container.facts.state == Waiting("ImagePullBackOff", "no image")
    world.let_time_pass()
    await world.started()
    assert container.facts.restarts == 0
    await container.stop(30)
    await running


async def test_a_process_that_cannot_be_started_is_a_start_error(world: World) -> None:
    world.problems.append(StartError("no such program"))
    container = world.contain(policy="Never")
    ended = await container.run()
    assert ended == container.facts.state
    assert ended == Terminated(128, "StartError", "no such program", NOW, NOW, container.facts.container_id)


async def test_a_container_stopped_while_it_waits_never_starts(world: World) -> None:
    world.problems.append(NotStartableError("ErrImagePull", "no image"))
    container = world.contain()
    running = asyncio.create_task(container.run())
    await world.until(lambda: world.sleeps)
    await container.stop(30)
    assert await running is None
    assert world.processes == []


async def test_readiness_follows_its_probe(world: World) -> None:
    container = world.contain(readinessProbe=exec_probe("ready", periodSeconds=1, failureThreshold=2))
    running = asyncio.create_task(container.run())
    await world.started()
    assert (container.facts.started, container.facts.ready) == (True, False)
    await world.until(lambda: container.facts.ready)
    world.process.answers = lambda _: 1
    world.let_time_pass(2)
    await world.until(lambda: not container.facts.ready)
    assert isinstance(container.facts.state, Running)
    await container.stop(30)
    await running


async def test_other_probes_wait_for_the_startup_probe(world: World) -> None:
    container = world.contain(
        startupProbe=exec_probe("startup", periodSeconds=1), readinessProbe=exec_probe("ready", periodSeconds=1)
    )
    running = asyncio.create_task(container.run())
    await world.until(lambda: world.processes)
    world.process.answers = lambda argv: int(argv == ["startup"])
    await world.until(lambda: world.sleeps)
    assert (world.process.seen, container.facts.started) == (["startup"], False)
    world.process.answers = lambda _: 0
    world.let_time_pass()
    await world.until(lambda: container.facts.ready)
    assert world.process.seen == ["startup", "startup", "ready"]
    await container.stop(30)
    await running


@pytest.mark.parametrize("kind", ["liveness", "startup"])
async def test_a_failed_probe_restarts_the_container(world: World, kind: str) -> None:
    probe: dict[str, Any] = {f"{kind}Probe": exec_probe("alive", periodSeconds=1, failureThreshold=1)}
    container = world.contain(**probe)
    running = asyncio.create_task(container.run())
    await world.until(lambda: world.processes)
    world.process.answers = lambda _: 1
    if kind == "liveness":
        await world.until(lambda: world.sleeps)  # the first one succeeded
        world.let_time_pass()
    await world.until(lambda: container.facts.last)
    last = container.facts.last
    assert last is not None
    assert last.message.startswith(f"killed because its {kind} probe failed: exit code 1")
    assert world.process.seen[-1] == "TERM"
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)


async def test_a_hook_runs_before_the_signal_but_not_when_the_node_stops(world: World) -> None:
    lifecycle = {"preStop": {"exec": {"command": ["drain"]}}}
    for hook, seen in [(True, ["drain", "TERM"]), (False, ["TERM"])]:
        container = world.contain(lifecycle=lifecycle)
        running = asyncio.create_task(container.run())
        await world.started()
        await container.stop(30, hook=hook)
        await running
        assert world.process.seen == seen


async def test_a_process_that_ignores_sigterm_is_killed_after_the_grace_period(world: World) -> None:
    world.obeys = False
    for grace, seen in [(0.01, ["TERM", "KILL"]), (0, ["KILL"])]:
        container = world.contain()
        running = asyncio.create_task(container.run())
        await world.started()
        await container.stop(grace)
        ended = await running
        assert ended is not None
        assert (ended.exit_code, world.process.seen) == (137, seen)


async def test_a_cancelled_container_leaves_no_process(world: World) -> None:
    container = world.contain(readinessProbe=exec_probe("ready"))
    running = asyncio.create_task(container.run())
    await world.started()
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    assert world.process.ended.done()
