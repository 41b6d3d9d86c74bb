"""The life cycle of one pod: its sandbox, init containers, containers, and an orderly end."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from proxiedapp.kube.errors import ApiError, ConflictError, NotFoundError
from proxiedapp.kube.manifest import Manifest
from proxiedapp_sandbox.node.backoff import RestartBackoff
from proxiedapp_sandbox.node.container import Container, ContainerContext, ContainerRole
from proxiedapp_sandbox.node.errors import NotStartableError
from proxiedapp_sandbox.node.logs import log_file
from proxiedapp_sandbox.node.podsandbox import NodeContext, PodSandbox
from proxiedapp_sandbox.node.process import Process
from proxiedapp_sandbox.node.status import PodFacts, Terminated, is_sidecar
from proxiedapp_sandbox.node.statuswriter import StatusWriter
from proxiedapp_sandbox.node.unhealthy import UnhealthyEvents

logger = logging.getLogger(__name__)

_GRACE: Final = 30.0
"""Kubernetes' own default for terminationGracePeriodSeconds."""
_UNREADY_TIMEOUT: Final = 2.0
"""Seconds that the write of "not ready" may take before the containers of a deleted pod are stopped."""
_FINAL_FACTS_TIMEOUT: Final = 5.0
"""Seconds that the containers may take to set their final facts, once their processes have ended."""
_RETRY: Final = 1.0
"""Seconds before a request that failed is repeated."""
_LOST: Final = (137, "ContainerStatusUnknown", "the node was killed before it recorded how the container ended")
"""Exit code, reason and message of containers that ended with an earlier node."""


class Pod:
    """One pod that is bound to this node.

    `run` runs it from start to end; `observe` and `forget` report what the API server has of it.
    """

    def __init__(self, manifest: Manifest, node: NodeContext) -> None:
        status = manifest.get("status") or {}
        self._manifest = manifest
        self._node = node
        self._deleted = asyncio.Event()
        self._dropped = asyncio.Event()
        """Set once the API server no longer has the pod: it need not end in order, and its status is not written."""
        self._last_grace = 0.0
        self._is_over = status.get("phase") in {"Succeeded", "Failed"} or "deletionTimestamp" in manifest["metadata"]
        """Nothing is started: the pod ended, or was deleted, before this node started."""
        self._since = _moment(status["startTime"]) if "startTime" in status else datetime.now(UTC)
        self._sandbox = PodSandbox(manifest, node, None if self._is_over else status.get("podIP"))
        self._address = self._sandbox.address
        self._status = StatusWriter(node.api, manifest, self._facts)
        self._unhealthy = UnhealthyEvents(node.api, manifest)
        self._init, self._main = self._containers()
        self.observe(manifest)

    @property
    def name(self) -> tuple[str, str]:
        """Return namespace and name."""
        return self._manifest["metadata"]["namespace"], self._manifest["metadata"]["name"]

    def container(self, name: str) -> Container | None:
        """Return the container of a name; None if there is none."""
        return next((each for each in [*self._init, *self._main] if each.facts.name == name), None)

    def log_of(self, container: str) -> Path:
        """Return the path of a container's log."""
        return log_file(self._node.config.logs, *self.name, container)

    def observe(self, manifest: Manifest) -> None:
        """Record the pod as the API server has it."""
        self._manifest = manifest
        self._status.observe(manifest)
        if "deletionTimestamp" in manifest["metadata"]:
            self._deleted.set()

    def forget(self) -> None:
        """Record that the API server no longer has the pod, and kill its containers."""
        self._status.finish()
        self._dropped.set()
        self._deleted.set()

    def abandon(self, grace: float) -> None:
        """Stop all containers within `grace` seconds and without hooks, because the node stops."""
        self._last_grace = grace
        self.forget()

    async def run(self) -> None:
        """Run the pod until it is deleted, then remove it from the API server."""
        if not self._is_over:
            await self._run_containers()
        await self._deleted.wait()
        await self._remove()

    async def _run_containers(self) -> None:
        label = "/".join(self.name)
        logger.info("%s: starts", label)
        reporting = asyncio.create_task(self._status.keep_written())
        deleted = asyncio.create_task(self._deleted.wait())
        work = asyncio.create_task(self._work())
        try:
            await asyncio.wait({work, deleted}, return_when=asyncio.FIRST_COMPLETED)
            if work.done() and (defect := work.exception()):
                logger.error("%s: unexpected error in the node", label, exc_info=defect)
            elif not work.done() and await self._end():
                await asyncio.wait({work}, timeout=_FINAL_FACTS_TIMEOUT)
            self._status.finish()
            await reporting
        finally:
            self._unhealthy.stop()
            for task in (reporting, deleted, work):
                task.cancel()
            await asyncio.gather(reporting, deleted, work, return_exceptions=True)
            await self._sandbox.tear_down()
            logger.info("%s: ended", label)
        await self._retry(self._status.write)  # the Job controller reads how the containers ended

    async def _work(self) -> None:
        """Start the containers in order, and return when all of them have ended for good."""
        if not await self._set_up():
            return
        async with asyncio.TaskGroup() as group:
            sidecars: list[Container] = []
            for container in self._init:
                running = group.create_task(container.run())
                if container.role is ContainerRole.SIDECAR:
                    sidecars.append(container)
                    await container.started.wait()
                elif (ended := await running) is None or ended.exit_code != 0:
                    break
            else:
                await asyncio.wait([group.create_task(container.run()) for container in self._main])
            if not self._deleted.is_set():  # otherwise `_end` stops all of them
                for sidecar in reversed(sidecars):
                    await sidecar.stop(self._grace)

    async def _set_up(self) -> bool:
        """Set up the pod's sandbox, and try again after failures; return False if the pod is deleted first."""
        backoff = RestartBackoff(self._node.config.backoff_seconds, self._node.config.backoff_max_seconds)
        while not self._deleted.is_set():
            try:
                await self._sandbox.set_up()
            except NotStartableError as problem:
                logger.warning("%s: %s", "/".join(self.name), problem)
                for container in [*self._init, *self._main]:
                    container.wait_for(problem)
                with suppress(TimeoutError):
                    await asyncio.wait_for(self._deleted.wait(), backoff.after(0))
            else:
                self._address = self._sandbox.address
                return True
        return False

    async def _end(self) -> bool:
        """Stop the containers: in order, unless the API server no longer has the pod.

        Returns whether their final status is still of use.
        """
        if not self._dropped.is_set():
            tasks = [asyncio.create_task(each) for each in (self._end_in_order(), self._dropped.wait())]
            try:
                await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            finally:
                for task in tasks:
                    task.cancel()
                await asyncio.gather(*tasks, return_exceptions=True)
        if self._last_grace:
            everything = [*self._init, *self._main]
            await asyncio.gather(*(each.stop(self._last_grace, hook=False) for each in everything))
        return not self._dropped.is_set() or self._last_grace > 0

    async def _end_in_order(self) -> None:
        """Write that the pod is not ready, run preStop, send SIGTERM, and send SIGKILL after the grace period."""
        self._status.changed()
        with suppress(ApiError, TimeoutError):
            async with asyncio.timeout(_UNREADY_TIMEOUT):
                await self._status.write()
        clock = asyncio.get_running_loop().time
        deadline = clock() + self._grace
        others = [each for each in self._init if each.role is ContainerRole.INIT] + self._main
        await asyncio.gather(*(each.stop(self._grace) for each in others))
        for sidecar in reversed([each for each in self._init if each.role is ContainerRole.SIDECAR]):
            await sidecar.stop(max(deadline - clock(), 0.0))

    @property
    def _grace(self) -> float:
        """Return the grace period in seconds: that of the deletion, else that of the spec."""
        metadata, spec = self._manifest["metadata"], self._manifest["spec"]
        return float(metadata.get("deletionGracePeriodSeconds", spec.get("terminationGracePeriodSeconds", _GRACE)))

    async def _remove(self) -> None:
        """Remove the pod from the API server, if it still exists."""
        options = {"gracePeriodSeconds": 0, "preconditions": {"uid": self._manifest["metadata"]["uid"]}}
        await self._retry(lambda: self._node.api.request("DELETE", self._status.path, options))

    async def _retry(self, request: Callable[[], Awaitable[object]]) -> None:
        """Repeat a request until it succeeds, or until the pod no longer exists."""
        while not self._dropped.is_set():
            try:
                await request()
            except (NotFoundError, ConflictError):
                return
            except ApiError as error:
                logger.warning("%s: %s; trying again", "/".join(self.name), error)
                await asyncio.sleep(_RETRY)
            else:
                return

    def _facts(self) -> PodFacts:
        return PodFacts(
            host=self._node.config.network.gateway,
            address=self._address,
            since=self._since,
            init=[each.facts for each in self._init],
            main=[each.facts for each in self._main],
            terminating="deletionTimestamp" in self._manifest["metadata"],
        )

    def _containers(self) -> tuple[list[Container], list[Container]]:
        spec, status = self._manifest["spec"], self._manifest.get("status") or {}
        statuses = [*(status.get("initContainerStatuses") or []), *(status.get("containerStatuses") or [])]
        runs = {each["name"]: each["restartCount"] + 1 for each in statuses if each.get("containerID")}
        config = self._node.config

        def made(container: Manifest, role: ContainerRole) -> Container:
            name = container["name"]
            context = ContainerContext(
                prepare=self._sandbox.container_config,
                start=Process.start,
                target=self._sandbox.handler_target,
                changed=self._status.changed,
                unhealthy=self._unhealthy.report,
                log=self.log_of(name),
                label="/".join([*self.name, name]),
                grace=self._grace,
                backoff=config.backoff_seconds,
                backoff_max=config.backoff_max_seconds,
            )
            if name not in runs and not self._is_over:
                context.log.unlink(missing_ok=True)  # the log of an earlier pod of this name
                return Container(container, role, spec["restartPolicy"], context)
            lost = Terminated(*_LOST, self._since, datetime.now(UTC))
            return Container(container, role, spec["restartPolicy"], context, runs=runs.get(name, 0), last=lost)

        return (
            [
                made(each, ContainerRole.SIDECAR if is_sidecar(each) else ContainerRole.INIT)
                for each in spec.get("initContainers") or []
            ],
            [made(each, ContainerRole.MAIN) for each in spec["containers"]],
        )


def _moment(timestamp: str) -> datetime:
    return datetime.fromisoformat(timestamp)
