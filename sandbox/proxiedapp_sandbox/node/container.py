"""The life of one container: started, probed, started again with a growing wait, stopped."""

import asyncio
import logging
import uuid
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import aclosing
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from enum import Enum
from pathlib import Path
from typing import Any, Final, Protocol

from proxiedapp.kube.manifest import Manifest
from proxiedapp_sandbox.node.backoff import RestartBackoff
from proxiedapp_sandbox.node.containerconfig import ContainerConfig
from proxiedapp_sandbox.node.errors import NotStartableError, StartError
from proxiedapp_sandbox.node.handlers import HandlerResult, HandlerTarget, run_handler
from proxiedapp_sandbox.node.logs import tail
from proxiedapp_sandbox.node.probes import ProbeSettings, Sleep, state_changes
from proxiedapp_sandbox.node.process import ExecResult
from proxiedapp_sandbox.node.status import ContainerFacts, Running, Terminated, Waiting

logger = logging.getLogger(__name__)

_CANNOT_START: Final = 128
"""Exit code of a container whose process did not come about, as container runtimes report it."""
_LEFT_AFTER_HOOK: Final = 2.0
"""Seconds that a container gets to end if its preStop hook took all there was."""
_MESSAGE_LINES: Final = 5
_MESSAGE_MAX: Final = 2048


class ContainerProcess(Protocol):
    """A process as a container needs it."""

    async def wait(self) -> int:
        """Wait until it ends."""

    def terminate(self) -> None:
        """Ask it to end."""

    async def kill(self) -> None:
        """End it."""

    async def execute(self, argv: list[str]) -> ExecResult:
        """Run a command beside it."""


@dataclass(frozen=True, slots=True)
class ContainerContext:
    """What a container gets from its pod and from the node."""

    prepare: Callable[[Manifest], Awaitable[ContainerConfig]]
    """Turn a container's spec into what is needed to start it; raises NotStartableError."""
    start: Callable[[ContainerConfig, Path], Awaitable[ContainerProcess]]
    """Start it, its output appended to a file; raises StartError."""
    target: Callable[[Manifest, ContainerProcess], HandlerTarget]
    """Where its probes and hooks go."""
    changed: Callable[[], None]
    """Called when the container's facts changed."""
    log: Path
    """File for its output."""
    label: str
    """What the node's own log calls the container."""
    grace: float
    """Seconds between SIGTERM and SIGKILL where a probe ends the container."""
    backoff: float
    """Seconds before it is started again; doubled each time."""
    backoff_max: float
    """Longest wait between two starts."""
    now: Callable[[], datetime] = lambda: datetime.now(UTC)
    sleep: Sleep = asyncio.sleep


class Role(Enum):
    """What a container is for; it decides when it starts again."""

    STEP = "an init container: the next one waits for its success"
    SIDECAR = "an init container that goes on running"
    MAIN = "one of the pod's containers"

    def starts_again(self, policy: str, exit_code: int) -> bool:
        """Whether a container starts again after this end, under the pod's restartPolicy."""
        match self:
            case Role.SIDECAR:
                return True
            case Role.STEP:
                return exit_code != 0 and policy != "Never"
            case Role.MAIN:
                return policy == "Always" or (policy == "OnFailure" and exit_code != 0)


class Container:
    """One container of a pod. `run` is its whole life; `stop` ends it early.

    `runs` and `last` tell of runs before, where the pod is taken over from a node that was killed.
    """

    def __init__(
        self,
        spec: Manifest,
        role: Role,
        policy: str,
        surroundings: ContainerContext,
        *,
        runs: int = 0,
        last: Terminated | None = None,
    ) -> None:
        self.spec = spec
        self.role = role
        self.facts = ContainerFacts(str(spec["name"]), str(spec["image"]), last=last, restarts=max(runs - 1, 0))
        self.started = asyncio.Event()
        """Set once it runs and its startup probe, if any, succeeded."""
        self._policy = policy
        self._context = surroundings
        self._backoff = RestartBackoff(surroundings.backoff, surroundings.backoff_max)
        self._runs = runs
        self._process: ContainerProcess | None = None
        self._stop = asyncio.Event()
        self._killed_because = ""

    async def run(self) -> Terminated | None:
        """Run until it has ended for good; None if it was stopped before it ever ran."""
        ended = None
        while not self._stop.is_set():
            ended = await self._run_once()
            if ended is None:
                await self._pause(self._backoff.after(0))
                continue
            if self._stop.is_set() or not self.role.starts_again(self._policy, ended.exit_code):
                done = self.role is Role.STEP and ended.exit_code == 0
                self._say(state=ended, ready=done, started=False)
                break
            delay = self._backoff.after((ended.finished - ended.started).total_seconds())
            message = f"back-off {delay:g}s restarting failed container={self.facts.name}"
            self._say(state=Waiting("CrashLoopBackOff", message), last=ended, ready=False, started=False)
            await self._pause(delay)
        return ended

    async def stop(self, grace: float, *, hook: bool = True) -> None:
        """End it for good: preStop, SIGTERM, and SIGKILL after `grace` seconds."""
        self._stop.set()
        if self._process is not None:
            await self._end(self._process, grace, hook=hook)

    def wait_for(self, problem: NotStartableError) -> None:
        """Say what keeps the pod from starting."""
        self._say(state=Waiting(problem.reason, problem.message))

    async def _pause(self, seconds: float) -> None:
        """Sleep, but not beyond `stop`."""
        waiting = {asyncio.ensure_future(self._context.sleep(seconds)), asyncio.ensure_future(self._stop.wait())}
        try:
            await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for each in waiting:
                each.cancel()

    async def _run_once(self) -> Terminated | None:
        """Run once; None where it cannot be started yet."""
        began, log = self._context.now(), self._context.log
        written = log.stat().st_size if log.exists() else 0
        try:
            config = await self._context.prepare(self.spec)
        except NotStartableError as problem:
            reason = problem.reason
            if reason == "ErrImagePull" and isinstance(self.facts.state, Waiting) and "Pull" in self.facts.state.reason:
                reason = "ImagePullBackOff"  # the kubelet says the one at the first try, the other between later ones
            self._say(state=Waiting(reason, problem.message))
            return None
        if self._stop.is_set():
            return None
        container_id = f"process://{uuid.uuid4().hex}"
        restarts, self._runs, self._killed_because = self._runs, self._runs + 1, ""
        try:
            process = await self._context.start(config, log)
        except StartError as problem:
            self._say(image_id=config.image.id, container_id=container_id, restarts=restarts)
            return Terminated(_CANNOT_START, "StartError", str(problem), began, self._context.now(), container_id)
        try:
            if self._stop.is_set():
                await process.kill()
            self._process = process
            self._say(
                state=Running(began),
                started="startupProbe" not in self.spec,
                ready=not {"startupProbe", "readinessProbe"} & self.spec.keys(),
                image_id=config.image.id,
                container_id=container_id,
                restarts=restarts,
            )
            probing = asyncio.create_task(self._probe(process))
            try:
                code = await process.wait()
            finally:
                probing.cancel()
                (defect,) = await asyncio.gather(probing, return_exceptions=True)
                if isinstance(defect, Exception):
                    logger.error("%s: a defect in its probes", self._context.label, exc_info=defect)
        finally:
            await process.kill()
            self._process = None
        logger.info("%s: ended with exit code %d", self._context.label, code)
        words = [self._killed_because, tail(log, _MESSAGE_LINES, since=written)[-_MESSAGE_MAX:] if code else ""]
        message = "\n".join(word for word in words if word)
        reason = "Completed" if code == 0 else "Error"
        return Terminated(code, reason, message, began, self._context.now(), container_id)

    async def _probe(self, process: ContainerProcess) -> None:
        """Do what the probes say until cancelled."""
        target = self._context.target(self.spec, process)
        if startup := self.spec.get("startupProbe"):
            async with aclosing(self._state_changes(startup, target)) as outcomes:
                first = await anext(outcomes)
            if not first.ok:
                await self._unhealthy(process, "startup", startup, first)
                return
        self._say(started=True, ready="readinessProbe" not in self.spec)
        self.started.set()
        async with asyncio.TaskGroup() as group:
            if readiness := self.spec.get("readinessProbe"):
                group.create_task(self._follow_readiness(readiness, target))
            if liveness := self.spec.get("livenessProbe"):
                group.create_task(self._follow_liveness(process, liveness, target))

    async def _follow_readiness(self, probe: Manifest, target: HandlerTarget) -> None:
        async for verdict in self._state_changes(probe, target):
            logger.info("%s: readiness probe: %s", self._context.label, verdict.message)
            self._say(ready=verdict.ok)

    async def _follow_liveness(self, process: ContainerProcess, probe: Manifest, target: HandlerTarget) -> None:
        async for verdict in self._state_changes(probe, target):
            if not verdict.ok:
                await self._unhealthy(process, "liveness", probe, verdict)
                return

    def _state_changes(self, probe: Manifest, target: HandlerTarget) -> AsyncGenerator[HandlerResult, None]:
        timing = ProbeSettings.of(probe)
        return state_changes(timing, lambda: run_handler(probe, target, timing.timeout), self._context.sleep)

    async def _unhealthy(self, process: ContainerProcess, kind: str, probe: Manifest, verdict: HandlerResult) -> None:
        """Kill the container because of a probe; what comes next is up to its restart policy."""
        self._killed_because = f"killed because its {kind} probe failed: {verdict.message}"
        await self._end(process, probe.get("terminationGracePeriodSeconds") or self._context.grace)

    async def _end(self, process: ContainerProcess, grace: float, *, hook: bool = True) -> None:
        ended = asyncio.create_task(process.wait())
        clock = asyncio.get_running_loop().time
        deadline = clock() + grace
        try:
            pre_stop = (self.spec.get("lifecycle") or {}).get("preStop")
            if pre_stop and hook and grace > 0:
                acting = asyncio.create_task(run_handler(pre_stop, self._context.target(self.spec, process), grace))
                try:
                    await asyncio.wait({acting, ended}, return_when=asyncio.FIRST_COMPLETED)
                finally:
                    acting.cancel()
                    await asyncio.gather(acting, return_exceptions=True)
                deadline = max(deadline, clock() + _LEFT_AFTER_HOOK)
            if grace > 0:
                process.terminate()
                await asyncio.wait({ended}, timeout=deadline - clock())
            await process.kill()
        finally:
            ended.cancel()

    def _say(self, **changes: Any) -> None:
        facts = replace(self.facts, **changes)
        if facts != self.facts:
            self.facts = facts
            self._context.changed()
