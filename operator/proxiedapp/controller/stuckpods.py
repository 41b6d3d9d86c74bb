"""Why containers are not created on their node: volumes that cannot be mounted, or no sandbox for the pod. Pure.

A pod's status says ContainerCreating for it; only Events contain the cause (kubernetes/kubernetes v1.36.3,
`pkg/kubelet/kubelet.go`, `syncPod`).
"""

import re
from collections.abc import Iterable
from datetime import datetime
from typing import Final

from proxiedapp.api.reasons import Reason
from proxiedapp.controller.podproblems import Diagnosis
from proxiedapp.kube.manifest import Manifest

WARNING: Final = "Warning"
"""The type of the Events that contain a cause."""
_PATIENCE: Final = 10.0
"""Seconds after which a pod on a node counts as stuck; images and volumes need a moment."""
_WAITING: Final = frozenset({"ContainerCreating", "PodInitializing"})
_VOLUME: Final = re.compile(r'^MountVolume\.\w+ failed for volume "([^"]*)" *: *(.*)', re.DOTALL)
_SANDBOX: Final = (
    "The node cannot create a sandbox for the pods, such as for want of a network address or a runtime class. See: "
    "kubectl get events --field-selector reason=FailedCreatePodSandBox"
)


def stuck_pod(pods: Iterable[Manifest], now: datetime) -> str | None:
    """Return the uid of the newest pod that is on a node, and has containers that are not created there."""
    living = [pod for pod in pods if "deletionTimestamp" not in pod["metadata"]]
    for pod in sorted(living, key=lambda pod: str(pod["metadata"].get("creationTimestamp", "")), reverse=True):
        status = pod.get("status") or {}
        containers = [*(status.get("initContainerStatuses") or ()), *(status.get("containerStatuses") or ())]
        states = [container.get("state") or {} for container in containers]
        waits = any((state.get("waiting") or {}).get("reason") in _WAITING for state in states)
        if waits and not any("running" in state for state in states) and _seconds_on_node(status, now) >= _PATIENCE:
            return str(pod["metadata"]["uid"])
    return None


def of_stuck_pod(events: Iterable[Manifest]) -> Diagnosis | None:
    """Return what the Events of a stuck pod mean; None if they contain no cause that is the same in each attempt."""
    reasons = set()
    for event in events:
        reasons.add(event.get("reason"))
        if (found := _VOLUME.match(str(event.get("note", "")))) is not None:
            volume, cause = found.groups()
            words = " ".join(cause.split()).removesuffix(".")
            return Diagnosis(False, Reason.CONTAINER_NOT_MADE, f"Volume {volume} cannot be mounted: {words}.", words)
    return Diagnosis(False, Reason.CONTAINER_NOT_MADE, _SANDBOX) if "FailedCreatePodSandBox" in reasons else None


def _seconds_on_node(status: Manifest, now: datetime) -> float:
    for condition in status.get("conditions") or ():
        if (condition["type"], condition.get("status")) == ("PodScheduled", "True"):
            since = condition.get("lastTransitionTime")
            return 0.0 if since is None else (now - datetime.fromisoformat(since)).total_seconds()
    return 0.0
