"""Why an app's pods do not come up. Pure.

Messages are the same in each pass as long as the problem is: text that varies would rewrite the status forever.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from proxiedapp.api.containers import APP
from proxiedapp.api.reasons import Reason
from proxiedapp.controller.observed.workload import Workload
from proxiedapp.kube.manifest import Manifest

_POD_NAME: Final = re.compile(r'pods? "[^"]*"')
"""The name of a refused pod, which differs in each attempt."""
_PULL_PREFIX: Final = re.compile(
    r'^(Back-off pulling image "[^"]*"(: ErrImagePull(: |$)|$))?(rpc error: code = \w+ desc = )?'
)
_NEVER_PULLED: Final = "ErrImageNeverPull"
_IMAGE: Final = frozenset(
    {
        "ErrImagePull", "ImagePullBackOff", _NEVER_PULLED, "InvalidImageName", "ImageInspectError",
        "SignatureValidationFailed",
    }
)  # fmt: skip
"""Why a container waits for its image (kubernetes/kubernetes v1.36.3, `pkg/kubelet/images/types.go`)."""
_NO_PROBLEM: Final = frozenset({"", "ContainerCreating", "PodInitializing", "CrashLoopBackOff"})
"""Why a container waits without an error of the kubelet; any other reason, such as PostStartHookError, is one."""
_CRASHES: Final = 2
"""Restarts after which a container counts as crashing, even while it is running."""
STEADY_SECONDS: Final = 10.0
"""Seconds that a container which has crashed must run until the app counts as up again, as long as the kubelet's first
pause between two starts (v1.36.3 `pkg/kubelet/kubelet.go`, `initialCrashLoopBackOff`). Without a readiness probe, a
container is ready in each of its short lives, and so are the pod and the Deployment."""

_EXCEPTION: Final = re.compile(r"[\w.]+(?:Error|Exception|Exit)\b")
"""How the line of a traceback begins that names the exception; servers write lines of their own after it."""
_UNWRITABLE: Final = ("Read-only file system", "unable to open database file", "readonly database")
"""What Python and SQLite report of a file in a folder that is read-only."""


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """The content of a condition."""

    holds: bool | None
    """The status of the condition; None is Unknown."""
    reason: Reason
    message: str
    quote: str | None = None
    """What the message quotes of Kubernetes: "" if it gives no cause at the moment, None if nothing is quoted."""


def of_deployment(workload: Workload) -> Diagnosis | None:
    """Return why Kubernetes refuses to create the pods, as far as the Deployment reports it."""
    status, _, message = workload.conditions.get("ReplicaFailure", ("", "", ""))
    if status == "True":
        stable = _POD_NAME.sub("pods", message)
        if "exceeded quota" in stable:
            hint = "Raise the quota of the namespace, or request less in spec.resources"
            return Diagnosis(False, Reason.QUOTA_EXCEEDED, f"{stable}. {hint}", stable)
        if "violates PodSecurity" in stable:
            text = f"The namespace does not admit the pods: {stable}"
            return Diagnosis(False, Reason.POD_SECURITY_REFUSED, text, stable)
        return Diagnosis(False, Reason.PODS_REFUSED, f"Kubernetes refuses to create the pods: {stable}", stable)
    return None


def past_deadline(workload: Workload) -> Diagnosis | None:
    """Return that the rollout is past its deadline; None if it is not, or if that is said of an earlier template."""
    if workload.observed_generation < workload.generation:
        return None
    status, reason, _ = workload.conditions.get("Progressing", ("", "", ""))
    if status == "False" and reason == "ProgressDeadlineExceeded":
        message = (
            "The pods did not become available in time. Check their logs and events, fix the cause, and apply again."
        )
        return Diagnosis(False, Reason.PROGRESS_DEADLINE_EXCEEDED, message)
    return None


def paused(name: str) -> Diagnosis:
    """Return that the rollout of an app's Deployment is paused."""
    message = (
        f"The Deployment {name} is paused, so changes do not reach the pods. "
        f"Resume it with: kubectl rollout resume deployment/{name}"
    )
    return Diagnosis(False, Reason.PAUSED, message)


def of_pods(pods: Iterable[Manifest]) -> Diagnosis | None:
    """Return the first problem of a container, else of scheduling, among the pods that are not being deleted."""
    living = [pod for pod in pods if "deletionTimestamp" not in pod["metadata"]]
    for pod in living:
        status = pod.get("status") or {}
        for container in (*(status.get("initContainerStatuses") or ()), *(status.get("containerStatuses") or ())):
            if (found := _of_container(container)) is not None:
                return found
    for pod in living:
        for condition in (pod.get("status") or {}).get("conditions") or ():
            if (condition["type"], condition.get("reason")) == ("PodScheduled", "Unschedulable"):
                words = str(condition.get("message", ""))
                return Diagnosis(False, Reason.UNSCHEDULABLE, f"The pods cannot be scheduled: {words}", words)
    return None


def unsteady_for(pods: Iterable[Manifest], now: datetime) -> float:
    """Return for how many more seconds a container that has crashed must run until it counts as up; 0 if none must."""
    left = 0.0
    for pod in pods:
        status = {} if "deletionTimestamp" in pod["metadata"] else pod.get("status") or {}
        for container in (*(status.get("initContainerStatuses") or ()), *(status.get("containerStatuses") or ())):
            started = ((container.get("state") or {}).get("running") or {}).get("startedAt")
            if started is not None and container.get("restartCount", 0) >= _CRASHES:
                left = max(left, STEADY_SECONDS - (now - datetime.fromisoformat(started)).total_seconds())
    return left


def _of_container(container: Mapping[str, Any]) -> Diagnosis | None:
    name = container["name"]
    waiting = container.get("state", {}).get("waiting") or {}
    reason = waiting.get("reason", "")
    if reason in _IMAGE:
        words = _pull_error(str(waiting.get("message") or ""))
        cause = f": {words}" if words else ""
        fix = (
            "Load it on the nodes, or change imagePullPolicy."
            if reason == _NEVER_PULLED
            else "Check its name and tag, and spec.imagePullSecrets."
        )
        message = f"The image {container['image']} cannot be pulled{cause}. {fix}"
        return Diagnosis(False, Reason.IMAGE_PULL_BACK_OFF, message, words)
    if reason not in _NO_PROBLEM:
        words = str(waiting.get("message") or reason)
        what = "cannot be created" if "Container" in reason else "does not start"
        return Diagnosis(False, Reason.CONTAINER_NOT_MADE, f"Container {name} {what}: {words}", words)
    ended = container.get("lastState", {}).get("terminated") or container.get("state", {}).get("terminated") or {}
    crashes = reason == "CrashLoopBackOff" or container.get("restartCount", 0) >= _CRASHES
    if crashes and ended and not container.get("ready"):
        return _ending(name, ended)
    return None


def _pull_error(message: str) -> str:
    """Return why an image cannot be pulled, without what the kubelet and the container runtime put before it.

    The kubelet repeats the cause in the message of a back-off (v1.36.3 `pkg/kubelet/images/image_manager.go`).
    """
    return _PULL_PREFIX.sub("", " ".join(message.split())).strip().removesuffix(".")


def _ending(name: str, ended: Mapping[str, Any]) -> Diagnosis:
    """Return why a container ended, with the line of its log that names the cause."""
    lines = [line.strip() for line in str(ended.get("message") or "").splitlines() if line.strip()]
    unwritable = [line for line in lines if any(part in line for part in _UNWRITABLE)]
    exceptions = [line for line in lines if _EXCEPTION.match(line)]
    words = next((found[-1].removesuffix(".") for found in (unwritable, exceptions, lines) if found), "")
    detail = f": {words}" if words else ""
    if ended.get("reason") == "OOMKilled":
        limit = "spec.resources.limits allows" if name == APP else "its resources.limits allow"
        message = f"Container {name} is killed because it uses more memory than {limit}{detail}"
    else:
        fix = "Mount a volume where it writes, or let it write to /tmp" if unwritable else "Check its log"
        message = f"Container {name} exits with code {ended.get('exitCode')} after each start{detail}. {fix}."
    return Diagnosis(False, Reason.CRASH_LOOP_BACK_OFF, message, words or None)
