"""Writes a pod's status: only if it differs from what the API server has, and never to another pod of the same name."""

import asyncio
import logging
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Final

from proxiedapp.kube.client import Api
from proxiedapp.kube.errors import ApiError, ConflictError, NotFoundError
from proxiedapp.kube.manifest import Manifest
from proxiedapp_sandbox.node.status import PodFacts, differs, pod_status

logger = logging.getLogger(__name__)

_MERGE: Final = "application/strategic-merge-patch+json"
"""Merges conditions by their type, so that those of other writers remain (`k8s.io/api` `core/v1`, patchMergeKey)."""
_RETRY: Final = 1.0
"""Seconds before a write that failed is repeated."""


class StatusWriter:
    """Writes the status of one pod, as `facts` describes it."""

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
        """Record that the facts changed."""
        self._changed.set()

    def observe(self, pod: Manifest) -> None:
        """Record the pod as the API server has it, unless the last write returned a newer version."""
        if _version(pod) > _version(self._pod):
            self._pod = pod
            self._changed.set()

    def finish(self) -> None:
        """Make `keep_written` return, after a write that is under way."""
        self._finished = True
        self._changed.set()

    async def keep_written(self) -> None:
        """Write after each change, until `finish` is called or the pod no longer exists."""
        while True:
            await self._changed.wait()
            if self._finished:
                return
            try:
                await self.write()
            except (NotFoundError, ConflictError):
                return
            except ApiError as error:
                logger.warning("%s: cannot write its status, trying again: %s", self.path, error)
                self._changed.set()
                await asyncio.sleep(_RETRY)

    async def write(self) -> None:
        """Write the status now, if it differs; raises ApiError."""
        async with self._writing:
            self._changed.clear()
            wanted = pod_status(self._pod, self._facts(), datetime.now(UTC))
            if differs(self._pod.get("status") or {}, wanted):
                body = {"metadata": {"uid": self._pod["metadata"]["uid"]}, "status": wanted}
                self._pod = await self._api.request("PATCH", f"{self.path}/status", body, _MERGE)


def _version(pod: Manifest) -> int:
    return int(pod["metadata"]["resourceVersion"])
