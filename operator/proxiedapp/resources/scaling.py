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
"""Kubernetes' defaults (v1.36.3, `pkg/apis/autoscaling/v2/defaults.go`). They are written out because the API server
adds them to a partial behavior, and keeps them when the spec no longer has one."""


@dataclass(frozen=True, slots=True)
class Scale:
    """The replicas that a live Deployment asks for, and whether another field manager has set them."""

    replicas: int
    by_others: bool


def replicas(spec: ProxiedAppSpec, live: Scale | None) -> int | None:
    """Return the replicas to apply; None to leave them to the autoscaler.

    The field is left out only once another field manager owns it. Before that, the API server would remove it with the
    apply and then default it to 1 (tests/e2e/test_scaling.py).
    """
    if spec.autoscaling is None:
        return spec.replicas
    if live is None:
        return min(max(spec.replicas, spec.autoscaling.min_replicas), spec.autoscaling.max_replicas)
    return None if live.by_others else live.replicas


def autoscaler(app: Key, spec: Autoscaling) -> Manifest:
    """Return the HorizontalPodAutoscaler. It targets the Deployment, so it never writes to the user's ProxiedApp."""
    metrics = deepcopy(spec.metrics or [])
    target = spec.target_cpu_utilization_percentage
    if target is not None or not metrics:
        utilization = {"type": "Utilization", "averageUtilization": target or _DEFAULT_TARGET}
        metrics.insert(0, {"type": "Resource", "resource": {"name": "cpu", "target": utilization}})
    behavior = deepcopy(_BEHAVIOR)
    for direction, rules in (spec.behavior or {}).items():
        behavior[direction] |= {name: deepcopy(value) for name, value in rules.items() if value != []}
    return child(
        AUTOSCALER,
        app,
        app.name,
        spec={
            "scaleTargetRef": {"apiVersion": DEPLOYMENT.api_version, "kind": DEPLOYMENT.kind, "name": app.name},
            "minReplicas": spec.min_replicas,
            "maxReplicas": spec.max_replicas,
            "metrics": metrics,
            "behavior": behavior,
        },
    )


def disruption_budget(app: Key, spec: DisruptionBudget) -> Manifest:
    """Return the PodDisruptionBudget."""
    limits: dict[str, Any] = spec.model_dump(by_alias=True, exclude_none=True)
    return child(DISRUPTION_BUDGET, app, app.name, spec=limits | {"selector": {"matchLabels": selector(app)}})
