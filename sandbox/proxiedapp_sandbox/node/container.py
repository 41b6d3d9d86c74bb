"""The life cycle of one container: start, probe, restart with a growing wait, stop."""

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
"""Exit code of a container that could not start, as in containerd v2 (`internal/cri/server/helpers.go`)."""
_MINIMUM_GRACE: Final = 2.0
"""Seconds between SIGTERM and SIGKILL even if the preStop hook used up the grace period.

As in kubernetes/kubernetes v1.36.3 `pkg/kubelet/kuberuntime/kuberuntime_manager.go`, `minimumGracePeriodInSeconds`.
"""
_MESSAGE_LINES: Final = 80
"""Lines of a failed container's log that its status shows."""
_MESSAGE_MAX: Final = 2048
"""Characters of them. Both as in the kubelet (v1.36.3 `pkg/kubelet/container/runtime.go`)."""


class ContainerProcess(Protocol):
    """What a container needs of its process."""

    async def wait(self) -> int:
        """Wait until it ends; return its exit code."""

    def terminate(self) -> None:
        """Send SIGTERM."""

    async def kill(self) -> None:
        """Kill it, and return when it has ended."""

    async def execute(self, argv: list[str]) -> ExecResult:
        """Run a command in the same container."""


@dataclass(frozen=True, slots=True)
class ContainerContext:
    """What a container needs from its pod and from the node."""

    prepare: Callable[[Manifest], Awaitable[ContainerConfig]]
    """Compute from a container's spec what is needed to start it; raises NotStartableError."""
    start: Callable[[ContainerConfig, Path], Awaitable[ContainerProcess]]
    """Start it and append its output to a file; raises StartError."""
    target: Callable[[Manifest, ContainerProcess], HandlerTarget]
    """Return where its probes and hooks are sent."""
    changed: Callable[[], None]
    """Called after each change of the container's facts."""
    log: Path
    """File to which its output is appended."""
    label: str
    """The container's name in the node's own log."""
    grace: float
    """Seconds between SIGTERM and SIGKILL if a probe ends the container."""
    backoff: float
    """Seconds before the first restart; doubled for each further restart."""
    backoff_max: float
    """Longest wait in seconds before a restart."""
    unhealthy: Callable[[str, str], None] = lambda _, __: None
    """Called with the container's name and the result of a probe that failed, in the kubelet's words."""
    now: Callable[[], datetime] = lambda: datetime.now(UTC)
    sleep: Sleep = asyncio.sleep


class ContainerRole(Enum):
    """The part of the pod's spec that a container comes from, which decides whether it is restarted."""

    INIT = "an init container that must succeed before the next one starts"
    SIDECAR = "an init container with restartPolicy Always"
    MAIN = "one of spec.containers"

    def restarts(self, policy: str, exit_code: int) -> bool:
        """Whether a container is restarted after this exit code, under the pod's restartPolicy."""
        match self:
            case ContainerRole.SIDECAR:
                return True
            case ContainerRole.INIT:
                return exit_code != 0 and policy != "Never"
            case ContainerRole.MAIN:
                return policy == "Always" or (policy == "OnFailure" and exit_code != 0)


class Container:
    """One container of a pod: `run` starts it and returns when it has ended for good; `stop` ends it early.

    `runs` is the number of its runs under an earlier node that was killed, and `last` is how the last of them ended.
    """

    def __init__(
        self,
        spec: Manifest,
        role: ContainerRole,
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
        """Set once the container runs and its startup probe, if it has one, succeeded."""
        self._policy = policy
        self._context = surroundings
        self._backoff = RestartBackoff(surroundings.backoff, surroundings.backoff_max)
        self._runs = runs
        self._process: ContainerProcess | None = None
        self._stop = asyncio.Event()
        self._killed_because = ""

    async def run(self) -> Terminated | None:
        """Run until it has ended for good; return None if it was stopped before its first start."""
        ended = None
        while not self._stop.is_set():
            ended = await self._run_once()
            if ended is None:
                await self._pause(self._backoff.after(0))
                continue
            if self._stop.is_set() or not self.role.restarts(self._policy, ended.exit_code):
                done = self.role is ContainerRole.INIT and ended.exit_code == 0
                self._update(state=ended, ready=done, started=False)
                break
            delay = self._backoff.after((ended.finished - ended.started).total_seconds())
            message = f"back-off {delay:g}s restarting failed container={self.facts.name}"
            self._update(state=Waiting("CrashLoopBackOff", message), last=ended, ready=False, started=False)
            await self._pause(delay)
        return ended

    async def stop(self, grace: float, *, hook: bool = True) -> None:
        """End the container for good: run preStop, send SIGTERM, and send SIGKILL after `grace` seconds."""
        self._stop.set()
        if self._process is not None:
            await self._end(self._process, grace, hook=hook)

    def wait_for(self, problem: NotStartableError) -> None:
        """Report why the pod cannot start yet."""
        self._update(state=Waiting(problem.reason, problem.message))

    async def _pause(self, seconds: float) -> None:
        """Sleep until `stop` is called, at most `seconds`."""
        waiting = {asyncio.ensure_future(self._context.sleep(seconds)), asyncio.ensure_future(self._stop.wait())}
        try:
            await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for each in waiting:
                each.cancel()

    async def _run_once(self) -> Terminated | None:
        """Run once; return None if it cannot be started yet."""
        began, log = self._context.now(), self._context.log
        written = log.stat().st_size if log.exists() else 0
        try:
            config = await self._context.prepare(self.spec)
        except NotStartableError as problem:
            reason = problem.reason
            if reason == "ErrImagePull" and isinstance(self.facts.state, Waiting) and "Pull" in self.facts.state.reason:
                reason = (
                    "ImagePullBackOff"  # the kubelet reports the one at the first try, the other between later ones
                )
            self._update(state=Waiting(reason, problem.message))
            return None
        if self._stop.is_set():
            return None
        container_id = f"process://{uuid.uuid4().hex}"
        restarts, self._runs, self._killed_because = self._runs, self._runs + 1, ""
        try:
            process = await self._context.start(config, log)
        except StartError as problem:
            self._update(image_id=config.image.id, container_id=container_id, restarts=restarts)
            return Terminated(_CANNOT_START, "StartError", str(problem), began, self._context.now(), container_id)
        try:
            if self._stop.is_set():
                await process.kill()
            self._process = process
            self._update(
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
                    logger.error("%s: unexpected error in its probes", self._context.label, exc_info=defect)
        finally:
            await process.kill()
            self._process = None
        logger.info("%s: ended with exit code %d", self._context.label, code)
        printed = ""
        if code and self.spec.get("terminationMessagePolicy") == "FallbackToLogsOnError":
            printed = tail(log, _MESSAGE_LINES, since=written)[-_MESSAGE_MAX:]
        parts = [self._killed_because, printed]
        message = "\n".join(part for part in parts if part)
        reason = "Completed" if code == 0 else "Error"
        return Terminated(code, reason, message, began, self._context.now(), container_id)

    async def _probe(self, process: ContainerProcess) -> None:
        """Run the probes until cancelled."""
        target = self._context.target(self.spec, process)
        if startup := self.spec.get("startupProbe"):
            async with aclosing(self._state_changes("Startup", startup, target)) as outcomes:
                first = await anext(outcomes)
            if not first.ok:
                await self._end_unhealthy(process, "startup", startup, first)
                return
        self._update(started=True, ready="readinessProbe" not in self.spec)
        self.started.set()
        async with asyncio.TaskGroup() as group:
            if readiness := self.spec.get("readinessProbe"):
                group.create_task(self._follow_readiness(readiness, target))
            if liveness := self.spec.get("livenessProbe"):
                group.create_task(self._follow_liveness(process, liveness, target))

    async def _follow_readiness(self, probe: Manifest, target: HandlerTarget) -> None:
        async for result in self._state_changes("Readiness", probe, target):
            logger.info("%s: readiness probe: %s", self._context.label, result.message)
            self._update(ready=result.ok)

    async def _follow_liveness(self, process: ContainerProcess, probe: Manifest, target: HandlerTarget) -> None:
        async for result in self._state_changes("Liveness", probe, target):
            if not result.ok:
                await self._end_unhealthy(process, "liveness", probe, result)
                return

    def _state_changes(self, kind: str, probe: Manifest, target: HandlerTarget) -> AsyncGenerator[HandlerResult, None]:
        timing = ProbeSettings.of(probe)

        async def check() -> HandlerResult:
            result = await run_handler(probe, target, timing.timeout)
            if not result.ok:
                self._context.unhealthy(self.facts.name, f"{kind} probe failed: {result.message}")
            return result

        return state_changes(timing, check, self._context.sleep)

    async def _end_unhealthy(
        self, process: ContainerProcess, kind: str, probe: Manifest, result: HandlerResult
    ) -> None:
        """End the container because a probe failed; its restart policy decides whether it is restarted."""
        self._killed_because = f"killed because its {kind} probe failed: {result.message}"
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
                deadline = max(deadline, clock() + _MINIMUM_GRACE)
            if grace > 0:
                process.terminate()
                await asyncio.wait({ended}, timeout=deadline - clock())
            await process.kill()
        finally:
            ended.cancel()

    def _update(self, **changes: Any) -> None:
        facts = replace(self.facts, **changes)
        if facts != self.facts:
            self.facts = facts
            self._context.changed()
