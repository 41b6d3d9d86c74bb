"""Autoscaling, and how many pods a node drain may evict at a time."""

from typing import Annotated, Any, ClassVar, Final, Literal

from pydantic import Field

from proxiedapp.api.base import ApiModel, CELRule
from proxiedapp.api.fields import Positive
from proxiedapp.api.metric import Metric
from proxiedapp.api.quantities import CountOrShare
from proxiedapp.api.upstream import upstream

# The bounds of Kubernetes v1.36.3, `pkg/apis/autoscaling/validation/validation.go`.
_POLICY: Final[dict[str, dict[str, Any]]] = {
    "selectPolicy": {"enum": ["Max", "Min", "Disabled"]},
    "stabilizationWindowSeconds": {"minimum": 0, "maximum": 3600},
    "policies[].type": {"enum": ["Pods", "Percent"]},
    "policies[].value": {"minimum": 1},
    "policies[].periodSeconds": {"minimum": 1, "maximum": 1800},
}
_BEHAVIOR: Final = {
    f"{direction}.{path}": keywords for direction in ("scaleUp", "scaleDown") for path, keywords in _POLICY.items()
}


class Autoscaling(ApiModel):
    """Settings of a HorizontalPodAutoscaler, which sets the number of pods instead of spec.replicas."""

    rules: ClassVar = (
        CELRule(
            "(has(self.minReplicas) ? self.minReplicas : 1) <= self.maxReplicas",
            "minReplicas must not be greater than maxReplicas",
            lambda scaling: scaling.min_replicas <= scaling.max_replicas,
        ),
    )

    min_replicas: Positive = 1
    """Minimum number of pods."""
    max_replicas: Positive
    """Maximum number of pods."""
    target_cpu_utilization_percentage: Annotated[Positive | None, Field(alias="targetCPUUtilizationPercentage")] = None
    """Target for the average CPU usage in percent of what the pods request, such as 70. Default: 80 if metrics is empty
    too, else none."""
    metrics: Annotated[list[Metric], Field(max_length=16)] | None = None
    """More metrics. The metric that requires the most pods decides."""
    behavior: (
        Annotated[dict[str, Any], upstream("HorizontalPodAutoscalerBehavior", without=("tolerance",), change=_BEHAVIOR)]
        | None
    ) = None
    """How fast pods are added and removed. Default: Kubernetes' own for each field."""


class DisruptionBudget(ApiModel):
    """Settings of a PodDisruptionBudget, which limits how many pods a node drain may evict at a time."""

    rules: ClassVar = (
        CELRule(
            "has(self.minAvailable) != has(self.maxUnavailable)",
            "set exactly one of minAvailable and maxUnavailable",
            lambda budget: (budget.min_available is None) != (budget.max_unavailable is None),
        ),
    )

    min_available: CountOrShare | None = None
    """Number or percentage of pods that must stay available, such as 1 or 50%."""
    max_unavailable: CountOrShare | None = None
    """Number or percentage of pods that may be unavailable, such as 1 or 50%."""
    unhealthy_pod_eviction_policy: Literal["AlwaysAllow", "IfHealthyBudget"] = "AlwaysAllow"
    """Whether pods that are not ready may always be evicted. With AlwaysAllow, a broken app does not block a drain."""
