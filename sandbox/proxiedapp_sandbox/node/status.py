"""A pod's status, computed from what the node knows about its containers. No clock and no I/O."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from proxiedapp.kube.manifest import Manifest

Phase = Literal["Pending", "Running", "Succeeded", "Failed"]


def timestamp(moment: datetime) -> str:
    """Format a time, which must be in UTC, in whole seconds, as the API server does."""
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


@dataclass(frozen=True, slots=True)
class Waiting:
    """Not started yet, or between two runs."""

    reason: str
    message: str = ""

    def as_state(self) -> dict[str, Any]:
        """Return a ContainerState of the API."""
        return {"waiting": {"reason": self.reason} | ({"message": self.message} if self.message else {})}


@dataclass(frozen=True, slots=True)
class Running:
    """Running since a time."""

    since: datetime

    def as_state(self) -> dict[str, Any]:
        """Return a ContainerState of the API."""
        return {"running": {"startedAt": timestamp(self.since)}}


@dataclass(frozen=True, slots=True)
class Terminated:
    """Ended, until a restart or for good."""

    exit_code: int
    reason: str
    message: str
    started: datetime
    finished: datetime
    container_id: str = ""

    def as_state(self) -> dict[str, Any]:
        """Return a ContainerState of the API."""
        ended: dict[str, Any] = {
            "exitCode": self.exit_code,
            "reason": self.reason,
            "startedAt": timestamp(self.started),
            "finishedAt": timestamp(self.finished),
        }
        optional = {"message": self.message, "containerID": self.container_id}
        return {"terminated": ended | {key: value for key, value in optional.items() if value}}


@dataclass(frozen=True, slots=True)
class ContainerFacts:
    """The current facts about one container."""

    name: str
    image: str
    state: Waiting | Running | Terminated = Waiting("ContainerCreating")
    last: Terminated | None = None
    """How the previous run ended."""
    image_id: str = ""
    container_id: str = ""
    restarts: int = 0
    started: bool = False
    """Whether it is running and its startup probe, if any, succeeded."""
    ready: bool = False

    def as_status(self) -> dict[str, Any]:
        """Return an item of `containerStatuses`."""
        return {
            "name": self.name,
            "image": self.image,
            "imageID": self.image_id,
            "state": self.state.as_state(),
            "lastState": self.last.as_state() if self.last else {},
            "ready": self.ready,
            "started": self.started,
            "restartCount": self.restarts,
        } | ({"containerID": self.container_id} if self.container_id else {})


@dataclass(frozen=True, slots=True)
class PodFacts:
    """A pod as it is now."""

    host: str
    address: str | None
    since: datetime
    init: Sequence[ContainerFacts]
    main: Sequence[ContainerFacts]
    terminating: bool = False


def pod_status(pod: Manifest, facts: PodFacts, now: datetime) -> Manifest:
    """Return the fields of the status that the node writes; `pod` is as the API server knows it."""
    phase = pod_phase(pod, facts)
    status: Manifest = {
        "observedGeneration": pod["metadata"].get("generation", 0),
        "phase": phase,
        "hostIP": facts.host,
        "hostIPs": [{"ip": facts.host}],
        "startTime": timestamp(facts.since),
        "conditions": _conditions(pod, facts, phase, now),
        "containerStatuses": [each.as_status() for each in facts.main],
    }
    if facts.init:
        status["initContainerStatuses"] = [each.as_status() for each in facts.init]
    if facts.address:
        status |= {"podIP": facts.address, "podIPs": [{"ip": facts.address}]}
    return status


def differs(known: Manifest, wanted: Manifest) -> bool:
    """Whether the status on the API server differs from the one wanted; other writers' conditions are ignored."""
    conditions = {each["type"]: each for each in known.get("conditions") or []}
    for key, value in wanted.items():
        if key == "conditions":
            if any(
                conditions.get(each["type"], {}).get(name) != given for each in value for name, given in each.items()
            ):
                return True
        elif key in {"containerStatuses", "initContainerStatuses"}:
            if [_without_defaults(each) for each in known.get(key) or []] != [
                _without_defaults(each) for each in value
            ]:
                return True
        elif known.get(key, 0 if key == "observedGeneration" else None) != value:
            return True
    return False


def _without_defaults(status: Manifest) -> Manifest:
    """Return only the fields that the node writes (the API server adds `resources`, for example)."""
    ours = ContainerFacts("", "", container_id="-").as_status()
    return {key: value for key, value in status.items() if key in ours}


def is_sidecar(container: Manifest) -> bool:
    """Whether an init container is a sidecar, which keeps running beside the other containers."""
    return container.get("restartPolicy") == "Always"


def pod_phase(pod: Manifest, facts: PodFacts) -> Phase:
    """Return the phase. It is computed as by the kubelet (v1.36.3 `pkg/kubelet/kubelet_pods.go`, `getPhase`)."""
    policy = pod["spec"].get("restartPolicy", "Always")
    if policy == "Never" and any(
        isinstance(each.state, Terminated) and each.state.exit_code != 0 for each in _until_completion(pod, facts)
    ):
        return "Failed"
    ended = [each.state for each in facts.main if isinstance(each.state, Terminated)]
    if len(ended) == len(facts.main) and (policy != "Always" or facts.terminating):
        return "Succeeded" if all(state.exit_code == 0 for state in ended) else "Failed"
    return "Running" if _has_run(facts) else "Pending"


def _has_run(facts: PodFacts) -> bool:
    return any(not isinstance(each.state, Waiting) or each.last for each in facts.main)


def _until_completion(pod: Manifest, facts: PodFacts) -> list[ContainerFacts]:
    specs = pod["spec"].get("initContainers") or []
    return [each for spec, each in zip(specs, facts.init, strict=True) if not is_sidecar(spec)]


def _initialized(pod: Manifest, facts: PodFacts) -> bool:
    if _has_run(facts):
        return True
    specs = pod["spec"].get("initContainers") or []
    return all(each.started if is_sidecar(spec) else each.ready for spec, each in zip(specs, facts.init, strict=True))


def _conditions(pod: Manifest, facts: PodFacts, phase: Phase, now: datetime) -> list[dict[str, Any]]:
    specs = pod["spec"].get("initContainers") or []
    sidecars = [each for spec, each in zip(specs, facts.init, strict=True) if is_sidecar(spec)]
    unready = [each.name for each in [*sidecars, *facts.main] if not each.ready]
    known = {each["type"]: each for each in (pod.get("status") or {}).get("conditions") or []}
    gates = [gate["conditionType"] for gate in pod["spec"].get("readinessGates") or []]
    shut = [gate for gate in gates if known.get(gate, {}).get("status") != "True"]

    reason, message = "", ""
    if phase == "Succeeded":
        reason = "PodCompleted"
    elif phase == "Failed":
        reason = "PodFailed"
    elif unready:
        reason, message = "ContainersNotReady", f"containers with unready status: [{' '.join(unready)}]"
    contained = _condition("ContainersReady", reason, message)
    if not reason and facts.terminating:
        reason, message = "PodTerminating", "the pod is being deleted"
    elif not reason and shut:
        reason, message = "ReadinessGatesNotReady", f"conditions that are not True: [{' '.join(shut)}]"
    made = [
        _condition("PodScheduled"),
        _condition("Initialized")
        if _initialized(pod, facts)
        else _condition("Initialized", "ContainersNotInitialized"),
        contained,
        _condition("Ready", reason, message),
    ]
    for each in made:
        old = known.get(each["type"], {})
        same = old.get("status") == each["status"] and "lastTransitionTime" in old
        each["lastTransitionTime"] = old["lastTransitionTime"] if same else timestamp(now)
    return made


def _condition(kind: str, reason: str = "", message: str = "") -> dict[str, Any]:
    """Return a condition that is True unless a reason is given; null makes the API server remove a field."""
    return {"type": kind, "status": "False" if reason else "True", "reason": reason or None, "message": message or None}
