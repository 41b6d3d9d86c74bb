"""Which nodes the pods run on: fields of Kubernetes, passed on unchanged."""

from typing import Annotated, Any, Final

from pydantic import Field

from proxiedapp.api.base import ApiModel, merged_by
from proxiedapp.api.fields import QUALIFIED_KEYS, ObjectName
from proxiedapp.api.upstream import upstream

_NOT_IN_EVERY_CLUSTER: Final = ("mismatchLabelKeys", "matchLabelKeys")
"""Fields of pod affinity behind the feature gate MatchLabelKeysInPodAffinity, generally available since Kubernetes 1.33
(v1.36.3, `pkg/features/kube_features.go`)."""


class Scheduling(ApiModel):
    """Which nodes the pods run on."""

    node_selector: (
        Annotated[
            dict[str, Annotated[str, Field(max_length=63)]],
            Field(max_length=64),
            QUALIFIED_KEYS,
        ]
        | None
    ) = None
    """Labels that a node must have, such as disktype: ssd. Default: any node."""
    tolerations: (
        Annotated[
            list[
                Annotated[
                    dict[str, Any],
                    # Gt and Lt need the feature gate TaintTolerationComparisonOperators (alpha in Kubernetes 1.36).
                    upstream("Toleration", change={"operator": {"enum": ["Equal", "Exists"]}}, in_list=True),
                ]
            ],
            Field(max_length=64),
        ]
        | None
    ) = None
    """Taints of nodes that the pods tolerate."""
    affinity: (
        Annotated[
            dict[str, Any],
            upstream("Affinity", without=_NOT_IN_EVERY_CLUSTER),
        ]
        | None
    ) = None
    """Rules for preferring or avoiding nodes, by their labels or by the pods that run on them."""
    topology_spread_constraints: (
        Annotated[
            list[Annotated[dict[str, Any], upstream("TopologySpreadConstraint")]],
            Field(max_length=16),
            merged_by("topologyKey", "whenUnsatisfiable"),
        ]
        | None
    ) = None
    """How the pods spread over zones or nodes. A constraint counts the pods that its labelSelector matches: select
    app.kubernetes.io/instance with the name of the app."""
    priority_class_name: ObjectName | None = None
    """PriorityClass of the pods. Default: the cluster's default."""
