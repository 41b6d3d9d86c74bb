"""The Deployment of the app's pods."""

from typing import Any, Final

from proxiedapp.api.app import ProxiedApp
from proxiedapp.api.rollout import Rollout
from proxiedapp.api.spec import ProxiedAppSpec
from proxiedapp.api.volumes import TMP
from proxiedapp.kube.manifest import Manifest
from proxiedapp.resources.kinds import DEPLOYMENT
from proxiedapp.resources.metadata import child, labels, selector
from proxiedapp.resources.pod import pod_spec
from proxiedapp.servers.launch import Launch

_EVICTABLE: Final = "cluster-autoscaler.kubernetes.io/safe-to-evict-local-volumes"


def deployment(app: ProxiedApp, launch: Launch, replicas: int | None) -> Manifest:
    """Return the Deployment; `replicas` None leaves the field out, for the autoscaler to own."""
    spec = app.spec
    metadata: dict[str, Any] = {
        "labels": labels(app.key) | (spec.common_labels or {}) | (spec.pod_labels or {}),
        "annotations": _pod_annotations(spec),
    }
    return child(
        DEPLOYMENT,
        app.key,
        app.key.name,
        spec={
            **({} if replicas is None else {"replicas": replicas}),
            "selector": {"matchLabels": selector(app.key)},
            **_rollout(spec.rollout),
            "template": {
                "metadata": {name: value for name, value in metadata.items() if value},
                "spec": pod_spec(app, launch),
            },
        },
    )


def _pod_annotations(spec: ProxiedAppSpec) -> dict[str, str]:
    """Return the annotations of the pods: those of the spec, and one for /tmp, which the cluster autoscaler may evict.

    Without it, an emptyDir keeps the autoscaler from removing the node of a pod (cluster-autoscaler FAQ, "What types of
    pods can prevent CA from removing a node?"). Volumes of the user's own annotation are kept.
    """
    annotations = (spec.common_annotations or {}) | (spec.pod_annotations or {})
    evictable = [TMP, *filter(None, annotations.get(_EVICTABLE, "").split(","))]
    return annotations | {_EVICTABLE: ",".join(dict.fromkeys(evictable))}


def _rollout(rollout: Rollout) -> dict[str, Any]:
    plain = {"revision_history_limit", "min_ready_seconds", "progress_deadline_seconds"}
    fields = rollout.model_dump(by_alias=True, exclude_none=True, include=plain)
    if rollout.strategy == "Recreate":
        return fields | {"strategy": {"type": "Recreate"}}
    # The API server's defaults, written out because it would keep them, and refuse them, with another strategy.
    limits = {"maxSurge": "25%", "maxUnavailable": "25%"} | rollout.model_dump(
        by_alias=True, exclude_none=True, include={"max_surge", "max_unavailable"}
    )
    return fields | {"strategy": {"type": "RollingUpdate", "rollingUpdate": limits}}
