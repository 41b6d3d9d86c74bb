"""Where the pods run: Kubernetes' own fields, passed on as they are."""

from typing import Annotated, Any, Final

from pydantic import Field

from proxiedapp.api.base import ApiModel, unique_by
from proxiedapp.api.fields import QUALIFIED_KEYS, ObjectName
from proxiedapp.api.upstream import upstream

_NOT_IN_EVERY_CLUSTER: Final = ("mismatchLabelKeys",)


class Scheduling(ApiModel):
    """Where the pods run."""

    node_selector: (
        Annotated[
            dict[str, Annotated[str, Field(max_length=63)]],
            Field(max_length=64),
            QUALIFIED_KEYS,
        ]
        | None
    ) = None
    """Labels that a node must have."""
    tolerations: (
        Annotated[
            list[
                Annotated[
                    dict[str, Any],
                    # Gt and Lt are behind a feature gate.
                    upstream("Toleration", change={"operator": {"enum": ["Equal", "Exists"]}}, in_list=True),
                ]
            ],
            Field(max_length=64),
        ]
        | None
    ) = None
    """Taints of nodes that the pods put up with."""
    affinity: (
        Annotated[
            dict[str, Any],
            upstream("Affinity", without=(*_NOT_IN_EVERY_CLUSTER, "matchLabelKeys")),
        ]
        | None
    ) = None
    """Nodes and neighbours that the pods want or avoid."""
    topology_spread_constraints: (
        Annotated[
            list[Annotated[dict[str, Any], upstream("TopologySpreadConstraint")]],
            Field(max_length=16),
            unique_by("topologyKey", "whenUnsatisfiable"),
        ]
        | None
    ) = None
    """How the pods spread over zones or nodes. A constraint counts the pods that its labelSelector names, such as
    app.kubernetes.io/instance with the app's name."""
    priority_class_name: ObjectName | None = None
    """Which PriorityClass the pods have."""
