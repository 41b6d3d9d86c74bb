"""How many pods there are, and how many of them may be taken away at a time."""

from typing import Annotated, Any, ClassVar, Final, Literal

from pydantic import Field

from proxiedapp.api.base import ApiModel, CELRule
from proxiedapp.api.fields import CountOrShare, Positive
from proxiedapp.api.metric import Metric
from proxiedapp.api.upstream import upstream

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
    """A HorizontalPodAutoscaler for the app's pods. It has the say over their number in place of spec.replicas."""

    rules: ClassVar = (
        CELRule(
            "(has(self.minReplicas) ? self.minReplicas : 1) <= self.maxReplicas",
            "minReplicas must not be greater than maxReplicas",
            lambda scaling: scaling.min_replicas <= scaling.max_replicas,
        ),
    )

    min_replicas: Positive = 1
    """Fewest pods."""
    max_replicas: Positive
    """Most pods."""
    target_cpu_utilization_percentage: Annotated[Positive | None, Field(alias="targetCPUUtilizationPercentage")] = None
    """CPU in percent of what the pods request, on average; 80 if there are no metrics either."""
    metrics: Annotated[list[Metric], Field(max_length=16)] | None = None
    """Further metrics; the one that asks for the most pods decides."""
    behavior: (
        Annotated[dict[str, Any], upstream("HorizontalPodAutoscalerBehavior", without=("tolerance",), change=_BEHAVIOR)]
        | None
    ) = None
    """How fast pods are added and removed; Kubernetes' own defaults where it says nothing."""


class DisruptionBudget(ApiModel):
    """How many pods a drain of nodes may take away at a time."""

    rules: ClassVar = (
        CELRule(
            "has(self.minAvailable) != has(self.maxUnavailable)",
            "give exactly one of minAvailable and maxUnavailable",
            lambda budget: (budget.min_available is None) != (budget.max_unavailable is None),
        ),
    )

    min_available: CountOrShare | None = None
    """Pods that must stay available, as a number or a percentage."""
    max_unavailable: CountOrShare | None = None
    """Pods that may be missing, as a number or a percentage."""
    unhealthy_pod_eviction_policy: Literal["AlwaysAllow", "IfHealthyBudget"] = "AlwaysAllow"
    """Whether pods that are not ready may always be taken away, so that a broken app does not hold up a drain."""
