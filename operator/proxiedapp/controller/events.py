"""Kubernetes Events about an app: which are due, and what they contain. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from hashlib import blake2b
from socket import gethostname
from typing import Any, Final

from proxiedapp.api.conditions import printable
from proxiedapp.api.names import API_VERSION, GROUP, KIND, SUSPENDED
from proxiedapp.api.reasons import Reason
from proxiedapp.api.status import Condition, ConditionType
from proxiedapp.controller.observed.objects import ObservedApp
from proxiedapp.controller.watchedkinds import EVENT
from proxiedapp.kube.manifest import Manifest

_OF_PODS: Final = frozenset(
    {
        Reason.IMAGE_PULL_BACK_OFF,
        Reason.CRASH_LOOP_BACK_OFF,
        Reason.CONTAINER_NOT_MADE,
        Reason.PROBE_FAILED,
        Reason.UNSCHEDULABLE,
        Reason.QUOTA_EXCEEDED,
        Reason.POD_SECURITY_REFUSED,
        Reason.PODS_REFUSED,
        Reason.PAUSED,
    }
)
"""Reasons of Ready that are about pods: an Event each, when the reason is new."""


@dataclass(frozen=True, slots=True)
class Notice:
    """The content of an Event of type Warning."""

    reason: str
    note: str
    cause: str = ""
    """What the Event is about, so that it is not repeated soon: by default, reason and note."""


def notices(old: Sequence[Condition], new: Sequence[Condition]) -> list[Notice]:
    """Return what is new in the conditions: the app is stalled, its pods have a problem, or it is found to be wrong.

    A problem of pods is reported once, whatever its details are, and not again when the app stalls because of it.
    """
    before = {(one.type, one.status, one.reason, one.message) for one in old}
    reasons = {(one.type, one.reason) for one in old}
    due = [
        one
        for one in new
        if (one.type == ConditionType.READY and one.reason in _OF_PODS and (one.type, one.reason) not in reasons)
        or (_is_bad(one) and (one.type, one.status, one.reason, one.message) not in before)
    ]
    return list(dict.fromkeys(Notice(one.reason, one.message) for one in due))


def annotation_notice(app: ObservedApp) -> Notice | None:
    """Return that an annotation which was meant for the operator has no effect; None if there is none."""
    ignored = app.ignored_annotation
    if ignored is None:
        return None
    return Notice("UnknownAnnotationValue" if ignored.key == SUSPENDED[0] else "UnknownAnnotation", ignored.text)


def _is_bad(one: Condition) -> bool:
    return one.type == ConditionType.STALLED or (one.type == ConditionType.VERIFIED and one.status == "False")


def event(app: ObservedApp, notice: Notice, now: datetime) -> Manifest:
    """Build the Event about an app that has the content of a notice."""
    text = f"{app.uid}{notice.reason}{notice.note}{now.isoformat()}"
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
        "reason": notice.reason,
        "action": "Reconcile",
        "note": printable(notice.note),
        "regarding": regarding,
    }
