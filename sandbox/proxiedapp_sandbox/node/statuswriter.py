"""Writes a pod's status: only when it differs from what the API server has, and never on a pod of the same name."""

import asyncio
import logging
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Final

from proxiedapp.kube.client import Api, ApiError, ConflictError, NotFoundError
from proxiedapp.kube.manifest import Manifest
from proxiedapp_sandbox.node.status import PodFacts, differs, pod_status

logger = logging.getLogger(__name__)

_MERGE: Final = "application/strategic-merge-patch+json"
"""Merges conditions by their type, so that those of others stay."""
_RETRY: Final = 1.0
"""Seconds between two tries to write."""


class StatusWriter:
    """The status of one pod."""

    def __init__(self, api: Api, pod: Manifest, facts: Callable[[], PodFacts]) -> None:
        self._api = api
        self._pod = pod
        self._facts = facts
        self._changed = asyncio.Event()
        self._changed.set()
        self._finished = False
        self._writing = asyncio.Lock()

    @property
    def path(self) -> str:
        """Return the path of the pod."""
        metadata = self._pod["metadata"]
        return f"/api/v1/namespaces/{metadata['namespace']}/pods/{metadata['name']}"

    def changed(self) -> None:
        """Say that the facts changed."""
        self._changed.set()

    def observe(self, pod: Manifest) -> None:
        """Take in the pod as the API server has it, unless our own last write is newer."""
        if _version(pod) > _version(self._pod):
            self._pod = pod
            self._changed.set()

    def finish(self) -> None:
        """End `keep_written`, but not in the midst of a write."""
        self._finished = True
        self._changed.set()

    async def keep_written(self) -> None:
        """Write whenever something changed, until told to finish or the pod is gone."""
        while True:
            await self._changed.wait()
            if self._finished:
                return
            try:
                await self.write()
            except (NotFoundError, ConflictError):
                return
            except ApiError as error:
                logger.warning("%s: its status is not written, trying again: %s", self.path, error)
                self._changed.set()
                await asyncio.sleep(_RETRY)

    async def write(self) -> None:
        """Write now if anything differs; raises ApiError."""
        async with self._writing:
            self._changed.clear()
            wanted = pod_status(self._pod, self._facts(), datetime.now(UTC))
            if differs(self._pod.get("status") or {}, wanted):
                body = {"metadata": {"uid": self._pod["metadata"]["uid"]}, "status": wanted}
                self._pod = await self._api.request("PATCH", f"{self.path}/status", body, _MERGE)


def _version(pod: Manifest) -> int:
    return int(pod["metadata"]["resourceVersion"])
