"""What keeps an app's pods from coming up, in words that stay the same from look to look. Pure."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from proxiedapp.api.reasons import Reason
from proxiedapp.controller.observed.workload import Workload
from proxiedapp.kube.manifest import Manifest

_POD_NAME: Final = re.compile(r'pods? "[^"]*"')
"""The name of a pod that was refused: another one at each try."""
_IMAGE: Final = frozenset({"ErrImagePull", "ImagePullBackOff", "ErrImageNeverPull", "InvalidImageName"})
_CONFIG: Final = frozenset({"CreateContainerConfigError", "CreateContainerError", "RunContainerError"})
_CRASHES: Final = 2
"""Restarts after which a container counts as one that crashes, also in the moments in which it runs."""


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """Something a condition says: whether it is so (None: unknown), in one word, and in a sentence."""

    holds: bool | None
    reason: Reason
    message: str


def of_deployment(workload: Workload) -> Diagnosis | None:
    """Return what the Deployment itself tells: pods that are refused, or a rollout past its deadline."""
    status, _, message = workload.conditions.get("ReplicaFailure", ("", "", ""))
    if status == "True":
        said = _POD_NAME.sub("pods", message)
        if "exceeded quota" in said:
            return Diagnosis(
                False, Reason.QUOTA_EXCEEDED, f"{said}. Raise the quota, or ask for less in spec.resources"
            )
        if "violates PodSecurity" in said:
            return Diagnosis(False, Reason.POD_SECURITY_REFUSED, f"The namespace does not admit the pods: {said}")
        return Diagnosis(False, Reason.PODS_REFUSED, f"Kubernetes refuses to make the pods: {said}")
    return None


def past_deadline(workload: Workload) -> Diagnosis | None:
    """Return whether Kubernetes has given up on the rollout."""
    status, reason, _ = workload.conditions.get("Progressing", ("", "", ""))
    if status == "False" and reason == "ProgressDeadlineExceeded":
        message = "The pods did not come up in time. Look at their logs and events, mend the cause, and apply again."
        return Diagnosis(False, Reason.PROGRESS_DEADLINE_EXCEEDED, message)
    return None


def of_pods(pods: Iterable[Manifest]) -> Diagnosis | None:
    """Return the first trouble among pods that are not about to go: a container's, or that no node takes a pod."""
    living = [pod for pod in pods if "deletionTimestamp" not in pod["metadata"]]
    for pod in living:
        status = pod.get("status") or {}
        for container in (*(status.get("initContainerStatuses") or ()), *(status.get("containerStatuses") or ())):
            if (found := _of_container(container)) is not None:
                return found
    for pod in living:
        for condition in (pod.get("status") or {}).get("conditions") or ():
            if (condition["type"], condition.get("reason")) == ("PodScheduled", "Unschedulable"):
                return Diagnosis(False, Reason.UNSCHEDULABLE, f"No node takes the pods: {condition.get('message', '')}")
    return None


def _of_container(container: Mapping[str, Any]) -> Diagnosis | None:
    name = container["name"]
    waiting = container.get("state", {}).get("waiting") or {}
    reason = waiting.get("reason", "")
    if reason in _IMAGE:
        message = f"The image {container['image']} cannot be pulled. Check its name and tag, and spec.imagePullSecrets."
        return Diagnosis(False, Reason.IMAGE_PULL_BACK_OFF, message)
    if reason in _CONFIG:
        message = f"Container {name} cannot be made: {waiting.get('message', reason)}"
        return Diagnosis(False, Reason.CONTAINER_NOT_MADE, message)
    ended = container.get("lastState", {}).get("terminated") or container.get("state", {}).get("terminated") or {}
    crashes = reason == "CrashLoopBackOff" or container.get("restartCount", 0) >= _CRASHES
    if crashes and ended and not container.get("ready"):
        return Diagnosis(False, Reason.CRASH_LOOP_BACK_OFF, _ending(name, ended))
    return None


def _ending(name: str, ended: Mapping[str, Any]) -> str:
    lines = str(ended.get("message") or "").strip().splitlines()
    word = lines[-1].strip().removesuffix(".") if lines else ""
    last = f": {word}" if word else ""
    if ended.get("reason") == "OOMKilled":
        return f"Container {name} needs more memory than spec.resources.limits gives it, and is killed{last}"
    return f"Container {name} ends with exit code {ended.get('exitCode')} after each start{last}. Look at its log."
