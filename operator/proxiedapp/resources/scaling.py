"""The HorizontalPodAutoscaler and the PodDisruptionBudget."""

from copy import deepcopy
from dataclasses import dataclass
from typing import Any, Final

from proxiedapp.api.scaling import Autoscaling, DisruptionBudget
from proxiedapp.api.spec import ProxiedAppSpec
from proxiedapp.kube.key import Key
from proxiedapp.kube.manifest import Manifest
from proxiedapp.resources.kinds import AUTOSCALER, DEPLOYMENT, DISRUPTION_BUDGET
from proxiedapp.resources.metadata import child, selector

_DEFAULT_TARGET: Final = 80
_BEHAVIOR: Final[dict[str, Any]] = {
    "scaleUp": {
        "stabilizationWindowSeconds": 0,
        "selectPolicy": "Max",
        "policies": [
            {"type": "Pods", "value": 4, "periodSeconds": 15},
            {"type": "Percent", "value": 100, "periodSeconds": 15},
        ],
    },
    "scaleDown": {"selectPolicy": "Max", "policies": [{"type": "Percent", "value": 100, "periodSeconds": 15}]},
}
"""Kubernetes' own defaults. Written out, because it fills them in beside what is given and keeps them ever after."""


@dataclass(frozen=True, slots=True)
class Scale:
    """How many pods a Deployment has been told to have, and whether somebody but us said so."""

    replicas: int
    by_others: bool


def replicas(spec: ProxiedAppSpec, present: Scale | None) -> int | None:
    """Return the replicas to write; None to leave them to the autoscaler.

    They are given up only once somebody else owns them: the API server would put 1 in their place.
    """
    if spec.autoscaling is None:
        return spec.replicas
    if present is None:
        return min(max(spec.replicas, spec.autoscaling.min_replicas), spec.autoscaling.max_replicas)
    return None if present.by_others else present.replicas


def autoscaler(app: Key, asked: Autoscaling) -> Manifest:
    """Build the HorizontalPodAutoscaler. It targets the Deployment, so that nobody writes to the ProxiedApp."""
    metrics = deepcopy(asked.metrics or [])
    target = asked.target_cpu_utilization_percentage
    if target is not None or not metrics:
        utilization = {"type": "Utilization", "averageUtilization": target or _DEFAULT_TARGET}
        metrics.insert(0, {"type": "Resource", "resource": {"name": "cpu", "target": utilization}})
    behavior = deepcopy(_BEHAVIOR)
    for direction, given in (asked.behavior or {}).items():
        behavior[direction] |= {name: deepcopy(value) for name, value in given.items() if value != []}
    return child(
        AUTOSCALER,
        app,
        app.name,
        spec={
            "scaleTargetRef": {"apiVersion": DEPLOYMENT.api_version, "kind": DEPLOYMENT.kind, "name": app.name},
            "minReplicas": asked.min_replicas,
            "maxReplicas": asked.max_replicas,
            "metrics": metrics,
            "behavior": behavior,
        },
    )


def disruption_budget(app: Key, asked: DisruptionBudget) -> Manifest:
    """Build the PodDisruptionBudget."""
    spec: dict[str, Any] = asked.model_dump(by_alias=True, exclude_none=True)
    return child(DISRUPTION_BUDGET, app, app.name, spec=spec | {"selector": {"matchLabels": selector(app)}})
