"""What a Deployment reports about its pods."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from proxiedapp.controller.observed.ownedfields import scaled_by_others
from proxiedapp.kube.manifest import Manifest


@dataclass(frozen=True, slots=True)
class Workload:
    """The counts and conditions in a Deployment's spec and status."""

    generation: int
    observed_generation: int
    desired: int
    replicas: int
    updated: int
    ready: int
    available: int
    conditions: Mapping[str, tuple[str, str, str]]
    """Condition type to (status, reason, message)."""
    scaled_by_others: bool = False
    """Whether another field manager, such as an autoscaler, has set the number of pods."""
    paused: bool = field(default=False, compare=False)
    """Whether the rollout is paused; the condition Progressing changes with it, and wakes the app."""

    @property
    def rolled_out(self) -> bool:
        """Whether all pods run the current template and are available, as `kubectl rollout status` decides it."""
        return (
            self.observed_generation >= self.generation
            and self.updated >= self.desired
            and self.replicas <= self.updated
            and self.available >= self.updated
        )

    @property
    def holds_changes(self) -> bool:
        """Whether changes wait because the rollout is paused, as far as the Deployment controller has seen it."""
        return self.paused and self.observed_generation >= self.generation and not self.rolled_out


def workload_of(deployment: Manifest) -> Workload:
    """Read a live Deployment."""
    status = deployment.get("status") or {}
    return Workload(
        generation=deployment["metadata"]["generation"],
        observed_generation=status.get("observedGeneration", 0),
        desired=deployment["spec"].get("replicas", 1),
        scaled_by_others=scaled_by_others(deployment),
        paused=bool(deployment["spec"].get("paused")),
        replicas=status.get("replicas", 0),
        updated=status.get("updatedReplicas", 0),
        ready=status.get("readyReplicas", 0),
        available=status.get("availableReplicas", 0),
        conditions={
            condition["type"]: (condition["status"], condition.get("reason", ""), condition.get("message", ""))
            for condition in status.get("conditions") or []
        },
    )
