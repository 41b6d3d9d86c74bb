"""Events about probes that fail, as the kubelet writes them (kubernetes/kubernetes v1.36.3, `pkg/kubelet/prober`).

The kubelet repeats an Event at each failure and counts; the sandbox writes one for each new result of a container.
"""

import asyncio
import logging
from datetime import UTC, datetime

from proxiedapp.kube.client import Api
from proxiedapp.kube.errors import ApiError
from proxiedapp.kube.kind import Kind
from proxiedapp.kube.manifest import Manifest

logger = logging.getLogger(__name__)

_EVENT = Kind("", "v1", "Event", "events")


class UnhealthyEvents:
    """Writes the Events of one pod, beside its probes."""

    def __init__(self, api: Api, pod: Manifest) -> None:
        self._api = api
        self._pod = pod
        self._last: dict[str, str] = {}
        self._writes: set[asyncio.Task[None]] = set()

    def report(self, container: str, message: str) -> None:
        """Write an Event about a container, unless its last one has the same message."""
        if self._last.get(container) == message:
            return
        self._last[container] = message
        task = asyncio.create_task(self._write(container, message))
        self._writes.add(task)
        task.add_done_callback(self._writes.discard)

    def stop(self) -> None:
        """Cancel the writes that are under way."""
        for task in self._writes:
            task.cancel()

    async def _write(self, container: str, message: str) -> None:
        metadata, now = self._pod["metadata"], datetime.now(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
        regarding = {
            "apiVersion": "v1",
            "kind": "Pod",
            "namespace": metadata["namespace"],
            "name": metadata["name"],
            "uid": metadata["uid"],
            "fieldPath": f"spec.containers{{{container}}}",
        }
        body = {
            "metadata": {"generateName": f"{metadata['name']}.", "namespace": metadata["namespace"]},
            "involvedObject": regarding,
            "reason": "Unhealthy",
            "message": message,
            "type": "Warning",
            "count": 1,
            "firstTimestamp": now,
            "lastTimestamp": now,
            "source": {"component": "kubelet"},
        }
        try:
            await self._api.create(_EVENT, body)
        except ApiError as error:
            logger.info("%s: cannot write an Event: %s", metadata["name"], error)
