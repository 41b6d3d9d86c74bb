"""The life of one pod: a place to live, init containers, containers, and an orderly end."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from proxiedapp.kube.client import ApiError, ConflictError, NotFoundError
from proxiedapp.kube.manifest import Manifest
from proxiedapp_sandbox.node.backoff import RestartBackoff
from proxiedapp_sandbox.node.container import Container, ContainerContext, Role
from proxiedapp_sandbox.node.errors import NotStartableError
from proxiedapp_sandbox.node.logs import log_file
from proxiedapp_sandbox.node.podsandbox import NodeContext, PodSandbox
from proxiedapp_sandbox.node.process import Process
from proxiedapp_sandbox.node.status import PodFacts, Terminated, is_sidecar
from proxiedapp_sandbox.node.statuswriter import StatusWriter

logger = logging.getLogger(__name__)

_GRACE: Final = 30.0
"""Kubernetes' own default for terminationGracePeriodSeconds."""
_FIRST_WORD: Final = 2.0
"""Seconds that the news of a pod's end may take to the API server before its containers are told."""
_LAST_WORD: Final = 1.0
"""Seconds that a pod's containers may take to say how they ended, once they did."""
_RETRY: Final = 1.0
"""Seconds between two tries to remove a pod from the API server."""
_LOST: Final = (137, "ContainerStatusUnknown", "its node ended, and nobody saw how the container did")
"""What is said of containers that ended with a node before this one."""


class Pod:
    """One pod that is bound to this node. `live` is its whole life; `observe` and `forget` tell of the API server."""

    def __init__(self, manifest: Manifest, node: NodeContext) -> None:
        status = manifest.get("status") or {}
        self._manifest = manifest
        self._node = node
        self._deleted = asyncio.Event()
        self._dropped = asyncio.Event()
        """Nobody waits for an orderly end any more, nor for word of it."""
        self._last_grace = 0.0
        self._over = status.get("phase") in {"Succeeded", "Failed"} or "deletionTimestamp" in manifest["metadata"]
        """Nothing is to be started any more; the node comes too late to say what became of it."""
        self._since = _moment(status["startTime"]) if "startTime" in status else datetime.now(UTC)
        self._sandbox = PodSandbox(manifest, node, None if self._over else status.get("podIP"))
        self._address = self._sandbox.address
        self._status = StatusWriter(node.api, manifest, self._facts)
        self._init, self._main = self._containers()
        self.observe(manifest)

    @property
    def name(self) -> tuple[str, str]:
        """Return namespace and name."""
        return self._manifest["metadata"]["namespace"], self._manifest["metadata"]["name"]

    def container(self, name: str) -> Container | None:
        """Return the container of a name."""
        return next((each for each in [*self._init, *self._main] if each.facts.name == name), None)

    def log_of(self, container: str) -> Path:
        """Return the file of a container's log."""
        return log_file(self._node.config.logs, *self.name, container)

    def observe(self, manifest: Manifest) -> None:
        """Take in the pod as the API server has it."""
        self._manifest = manifest
        self._status.observe(manifest)
        if "deletionTimestamp" in manifest["metadata"]:
            self._deleted.set()

    def forget(self) -> None:
        """Take in that the API server has the pod no more: it ends at once."""
        self._status.finish()
        self._dropped.set()
        self._deleted.set()

    def abandon(self, grace: float) -> None:
        """End all containers within so many seconds, and without hooks, because the node ends."""
        self._last_grace = grace
        self.forget()

    async def live(self) -> None:
        """Run the pod until it is deleted, and then remove it from the API server."""
        if not self._over:
            await self._run()
        await self._deleted.wait()
        await self._remove()

    async def _run(self) -> None:
        label = "/".join(self.name)
        logger.info("%s: starts", label)
        reporting = asyncio.create_task(self._status.keep_written())
        deleted = asyncio.create_task(self._deleted.wait())
        work = asyncio.create_task(self._work())
        try:
            await asyncio.wait({work, deleted}, return_when=asyncio.FIRST_COMPLETED)
            if work.done() and (defect := work.exception()):
                logger.error("%s: a defect in the node", label, exc_info=defect)
            elif not work.done() and await self._end():
                await asyncio.wait({work}, timeout=_LAST_WORD)
            self._status.finish()
            await reporting
        finally:
            for task in (reporting, deleted, work):
                task.cancel()
            await asyncio.gather(reporting, deleted, work, return_exceptions=True)
            await self._sandbox.tear_down()
            logger.info("%s: ended", label)
        await self._insist(self._status.write)  # what became of it: controllers of jobs read it

    async def _work(self) -> None:
        """Start what is to be started, and return when all of it has ended for good."""
        if not await self._set_up():
            return
        async with asyncio.TaskGroup() as group:
            sidecars: list[Container] = []
            for container in self._init:
                running = group.create_task(container.run())
                if container.role is Role.SIDECAR:
                    sidecars.append(container)
                    await container.started.wait()
                elif (ended := await running) is None or ended.exit_code != 0:
                    break
            else:
                await asyncio.wait([group.create_task(container.run()) for container in self._main])
            if not self._deleted.is_set():  # else `_end` stops all of them
                for sidecar in reversed(sidecars):
                    await sidecar.stop(self._grace)

    async def _set_up(self) -> bool:
        """Make the pod's place, however often it takes; False if the pod is deleted before."""
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
        """Not ready first, then preStop and SIGTERM, SIGKILL after the grace period; False if nobody waits for that."""
        if not self._dropped.is_set():
            ways = [asyncio.create_task(way) for way in (self._end_in_order(), self._dropped.wait())]
            try:
                await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
            finally:
                for way in ways:
                    way.cancel()
                await asyncio.gather(*ways, return_exceptions=True)
        if self._last_grace:
            everything = [*self._init, *self._main]
            await asyncio.gather(*(each.stop(self._last_grace, hook=False) for each in everything))
        return not self._dropped.is_set() or self._last_grace > 0

    async def _end_in_order(self) -> None:
        self._status.changed()
        with suppress(ApiError, TimeoutError):
            async with asyncio.timeout(_FIRST_WORD):
                await self._status.write()
        clock = asyncio.get_running_loop().time
        deadline = clock() + self._grace
        others = [each for each in self._init if each.role is Role.STEP] + self._main
        await asyncio.gather(*(each.stop(self._grace) for each in others))
        for sidecar in reversed([each for each in self._init if each.role is Role.SIDECAR]):
            await sidecar.stop(max(deadline - clock(), 0.0))

    @property
    def _grace(self) -> float:
        """Return how long the containers may take to end: what the deletion says, else what the spec says."""
        metadata, spec = self._manifest["metadata"], self._manifest["spec"]
        return float(metadata.get("deletionGracePeriodSeconds", spec.get("terminationGracePeriodSeconds", _GRACE)))

    async def _remove(self) -> None:
        """Remove the pod from the API server, if it is still there."""
        options = {"gracePeriodSeconds": 0, "preconditions": {"uid": self._manifest["metadata"]["uid"]}}
        await self._insist(lambda: self._node.api.request("DELETE", self._status.path, options))

    async def _insist(self, request: Callable[[], Awaitable[object]]) -> None:
        """Make a request until it succeeds, or there is no such pod any more."""
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

        def made(container: Manifest, role: Role) -> Container:
            name = container["name"]
            around = ContainerContext(
                prepare=self._sandbox.container_config,
                start=Process.start,
                target=self._sandbox.handler_target,
                changed=self._status.changed,
                log=self.log_of(name),
                label="/".join([*self.name, name]),
                grace=self._grace,
                backoff=config.backoff_seconds,
                backoff_max=config.backoff_max_seconds,
            )
            if name not in runs and not self._over:
                around.log.unlink(missing_ok=True)  # of another pod of this name
                return Container(container, role, spec["restartPolicy"], around)
            lost = Terminated(*_LOST, self._since, datetime.now(UTC))
            return Container(container, role, spec["restartPolicy"], around, runs=runs.get(name, 0), last=lost)

        return (
            [made(each, Role.SIDECAR if is_sidecar(each) else Role.STEP) for each in spec.get("initContainers") or []],
            [made(each, Role.MAIN) for each in spec["containers"]],
        )


def _moment(timestamp: str) -> datetime:
    return datetime.fromisoformat(timestamp)
