"""Kubernetes Events: one when an app stalls or stalls for another reason, and none otherwise."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from hashlib import blake2b
from socket import gethostname
from typing import Any, Final

from proxiedapp.api.names import API_VERSION, GROUP, KIND
from proxiedapp.api.status import Condition, ConditionType
from proxiedapp.controller.observed.objects import ObservedApp
from proxiedapp.kube.kind import Kind
from proxiedapp.kube.manifest import Manifest

EVENT: Final = Kind("events.k8s.io", "v1", "Event", "events")


def newly_stalled(old: Sequence[Condition], new: Sequence[Condition]) -> Condition | None:
    """Return the condition Stalled if it is new or has changed; None otherwise."""
    before = {(one.type, one.reason, one.message) for one in old}
    stalled = next((one for one in new if one.type == ConditionType.STALLED), None)
    return stalled if stalled is not None and (stalled.type, stalled.reason, stalled.message) not in before else None


def warning(app: ObservedApp, stalled: Condition, now: datetime) -> Manifest:
    """Build the Event that reports why an app is stalled."""
    text = f"{app.uid}{stalled.reason}{stalled.message}{now.isoformat()}"
    regarding: Mapping[str, Any] = {
        "apiVersion": API_VERSION,
        "kind": KIND,
        "namespace": app.key.namespace,
        "name": app.key.name,
        "uid": app.uid,
    }
    return {
        "apiVersion": EVENT.api_version,
        "kind": EVENT.kind,
        "metadata": {
            "name": f"{app.key.name}.{blake2b(text.encode(), digest_size=8).hexdigest()}",
            "namespace": app.key.namespace,
        },
        "eventTime": now.isoformat(timespec="microseconds").replace("+00:00", "Z"),
        "reportingController": GROUP,
        "reportingInstance": gethostname(),
        "type": "Warning",
        "reason": stalled.reason,
        "action": "Reconcile",
        "note": stalled.message,
        "regarding": regarding,
    }
