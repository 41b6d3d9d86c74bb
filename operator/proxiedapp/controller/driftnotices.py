"""What is reported about children that another client changed and the operator has written again. Pure."""

from collections.abc import Container, Iterator
from datetime import datetime, timedelta
from typing import Final

from proxiedapp.api.reasons import Reason
from proxiedapp.controller.apply import Applied, ApplyReport, Change
from proxiedapp.controller.events import Notice
from proxiedapp.controller.observed.drift import LostField, lost_field
from proxiedapp.controller.observed.objects import ChildId, ObservedApp, ObservedChild
from proxiedapp.controller.plan import Apply, Cause, Plan
from proxiedapp.controller.podproblems import Diagnosis
from proxiedapp.kube.manifest import FIELD_MANAGER
from proxiedapp.resources.kinds import DEPLOYMENT

REPAIRED: Final = "DriftRepaired"
"""The reason of an Event about a child that was written again."""
_RECENT: Final = timedelta(minutes=5)
"""How long a write of spec.replicas counts: its entry in managedFields outlives the autoscaler that made it."""
_SCALED: Final = "Scale the ProxiedApp instead: by spec.autoscaling, or by an autoscaler that targets it"


def drift_notices(planned: Plan, report: ApplyReport, deleted: Container[ChildId]) -> Iterator[Notice]:
    """Yield what to report about the children that a pass has repaired; `deleted` are those that others deleted."""
    if planned.cause is not Cause.DRIFT:
        return
    written = {result.id: result.change for result in report.results if isinstance(result, Applied)}
    for apply in planned.applies:
        if apply.id not in written:
            continue
        if apply.observed is None:
            if apply.id in deleted and written[apply.id] is Change.CREATED:
                note = f"{apply.id} was deleted by another client. The operator has created it again."
                yield Notice(REPAIRED, note)
        elif (lost := lost_field(apply.intent, apply.observed.drift)) is not None:
            note = f"{_changed(apply.id, lost)}. The operator has set it back.{_advice(apply.id, lost.path)}"
            yield Notice(REPAIRED, note)


def ignored_scaling(app: ObservedApp, *, autoscaling: bool, now: datetime) -> Notice | None:
    """Return that something scales the app in vain, because its own autoscaler decides; None if nothing does."""
    if not autoscaling or app.scaled is None or app.scaled.manager == FIELD_MANAGER:
        return None
    if not app.scaled.time or now - datetime.fromisoformat(app.scaled.time) > _RECENT:
        return None
    note = (
        f"spec.replicas was set by {app.scaled.manager} (subresource scale), and has no effect while spec.autoscaling "
        "is set. Remove the autoscaler that targets the ProxiedApp, or remove spec.autoscaling."
    )
    return Notice("ScalingIgnored", note)


def rival_autoscalers(child: ObservedChild | None) -> Notice | None:
    """Return that other autoscalers keep the app's own one from scaling; None if none does, or the app has none."""
    if child is None or not child.rivals:
        return None
    others = ", ".join(child.rivals)
    note = (
        f"None of the HorizontalPodAutoscalers {child.id.name}, {others} scales: Kubernetes allows only one for the "
        f"same pods. Remove {others}, with the ScaledObject if KEDA made it, or remove spec.autoscaling."
    )
    return Notice("AutoscalerConflict", note)


def culprit(apply: Apply, deleted: Container[ChildId]) -> str:
    """Return which field of a child another client changed, with its manager, as far as that is known."""
    if apply.observed is None:
        return "the object was deleted" if apply.id in deleted else ""
    lost = lost_field(apply.intent, apply.observed.drift)
    if lost is None:
        return ""
    return f"{lost.path}, by {lost.manager}" if lost.manager else lost.path


def contested(child: ChildId, by: str) -> Diagnosis:
    """Return what a condition reports about a child that is fought for; `by` is its culprit."""
    detail = f" ({by})" if by else ""
    message = (
        f"Another controller changes {child} again whenever the operator has written it{detail}. "
        "The operator repairs it after growing pauses of up to 5 minutes. "
        f"Stop the other controller, or the admission policy that changes it.{_advice(child, by)}"
    )
    return Diagnosis(False, Reason.CONTESTED, message)


def _changed(child: ChildId, lost: LostField) -> str:
    by = f"by {lost.manager}" if lost.manager else "or removed by another client"
    return f"{child}: {lost.path} was changed {by}"


def _advice(child: ChildId, path: str) -> str:
    return f" {_SCALED}." if child.kind is DEPLOYMENT and path.startswith("spec.replicas") else ""
