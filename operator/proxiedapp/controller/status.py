"""The next status of an app, from what a pass decided, wrote and observed. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from proxiedapp.api.conditions import carry_over, condition, condition_of, conditions_of
from proxiedapp.api.errors import RejectedError
from proxiedapp.api.reasons import Reason
from proxiedapp.api.status import Condition, ConditionType, ProxiedAppStatus
from proxiedapp.controller.apply import ApplyReport
from proxiedapp.controller.events import annotation_notice
from proxiedapp.controller.observed.objects import ObservedApp
from proxiedapp.controller.observed.workload import Workload
from proxiedapp.controller.podproblems import Diagnosis, past_deadline, paused
from proxiedapp.controller.quotes import settled
from proxiedapp.controller.unwritten import unwritten
from proxiedapp.resources.desired import Desired
from proxiedapp.resources.metadata import selector
from proxiedapp.routing.address import public_url
from proxiedapp.routing.tlsconflict import AnyOverlap


@dataclass(frozen=True, slots=True)
class PassResult:
    """How far one pass got."""

    problem: Diagnosis | None = None
    """Why the pass stopped."""
    permanent: bool = False
    """Whether a retry cannot help until a user changes something."""
    routed: bool = True
    """Whether the route is as the spec asks; a problem of a child that it does not depend on leaves this True."""
    pod_problem: Diagnosis | None = None
    """Why the pods do not come up."""
    again_after: float = 0.0
    """Seconds after which another pass is needed even if nothing changes; 0 for none."""
    suspended: bool = False
    """Whether the pass did nothing because the user suspended the app."""
    gateway: Diagnosis | None = None
    """What is wrong with the HTTPRoute, as its Gateways report it."""
    overlap: AnyOverlap | None = None
    """The foreign route, or the route of another app, that overlaps with the app's."""

    @property
    def quarantined(self) -> bool:
        """Whether the app is put aside, whatever its last pass has done."""
        return self.problem is not None and self.problem.reason is Reason.QUARANTINED

    @property
    def reached(self) -> bool:
        """Whether the proxy serves the route, as far as that is known."""
        return self.routed and (self.gateway is None or bool(self.gateway.holds))

    @property
    def withdrawn(self) -> bool:
        """Whether the app is not served any more, because no policy allows it."""
        return self.problem is not None and self.problem.reason is Reason.NOT_ALLOWED


def rejected(error: RejectedError) -> PassResult:
    """Return the result of a pass that rejected the spec."""
    return PassResult(Diagnosis(False, error.reason, str(error)), permanent=True, routed=False)


def waiting(error: RejectedError) -> PassResult:
    """Return the result of a pass that cannot give the app its route yet, for a reason that ends by itself."""
    return PassResult(Diagnosis(False, error.reason, str(error)), routed=False)


def applied(report: ApplyReport) -> PassResult:
    """Return the result of a pass that wrote children; if there are several problems, it has the first one."""
    if not report.problems:
        return PassResult()
    found = unwritten(report.problems[0])
    return PassResult(found, permanent=found.reason is not Reason.RETRYING, routed=report.routed)


def quarantined(why: str) -> PassResult:
    """Return the result of a pass after which the app is put aside; `why` is a clause with a subject."""
    message = (
        f"The operator has put this app aside, because {why}. It tries again after pauses of up to 5 minutes. "
        "Simplify the spec, or report what the operator's log says about this app as a bug."
    )
    return PassResult(Diagnosis(False, Reason.QUARANTINED, message), permanent=True, routed=False)


def next_status(
    app: ObservedApp,
    desired: Desired | None,
    result: PassResult,
    workload: Workload | None,
    verified: Condition | None,
    entry_point_urls: Mapping[str, str],
    now: datetime,
) -> dict[str, Any]:
    """Return the status as JSON values; it equals the current status if there is nothing new to report.

    If the spec is rejected, the address and server from the last good pass stay, because they are still served.
    """
    present: dict[str, Any] = app.status
    generation = present.get("observedGeneration", -1) if result.suspended else app.generation
    result = _settled(result, conditions_of(present), generation)
    work = _workload(workload, result.pod_problem, "" if desired is None else desired.monitoring_problem)
    ready = _ready(app.key.name, result, work, workload)
    ignored = annotation_notice(app)
    shown = ready if ignored is None else replace(ready, message=f"{ready.message} {ignored.note}")
    findings = {ConditionType.READY: shown, ConditionType.WORKLOAD_AVAILABLE: work}
    kept = [] if verified is None else [verified]
    route = condition_of(present, ConditionType.ROUTE_ACCEPTED)
    if result.suspended or (result.quarantined and route is not None and route.observed_generation == generation):
        kept += [] if route is None else [route]  # nothing has changed it
    else:
        findings[ConditionType.ROUTE_ACCEPTED] = _route(result, desired)
    if _stalled(result, workload):
        findings[ConditionType.STALLED] = Diagnosis(True, ready.reason, ready.message)
    elif not ready.holds and not result.suspended:
        findings[ConditionType.RECONCILING] = Diagnosis(True, ready.reason, ready.message)
    conditions = kept + [
        condition(kind, found.reason, found.message, holds=found.holds, generation=max(generation, 0), now=now)
        for kind, found in findings.items()
    ]
    status = ProxiedAppStatus(
        observed_generation=generation,
        replicas=workload.replicas if workload else 0,
        ready_replicas=workload.ready if workload else 0,
        selector=",".join(f"{key}={value}" for key, value in selector(app.key).items()),
        conditions=carry_over(conditions_of(present), conditions),
        **_served_at(present, desired, result, entry_point_urls),
    )
    return status.model_dump(mode="json", by_alias=True, exclude_none=True)


def _stalled(result: PassResult, workload: Workload | None) -> bool:
    """Return whether nothing gets better by itself.

    That includes a rollout past its deadline whose cause is known: tools that read kstatus would wait until their own
    timeout, although they give up on a Deployment at this point.
    """
    if result.problem is not None:
        return result.permanent
    if result.gateway is not None and result.gateway.reason is Reason.REFUSED_BY_GATEWAY and not result.suspended:
        return True
    return not result.suspended and workload is not None and past_deadline(workload) is not None


def _settled(result: PassResult, reported: Sequence[Condition], generation: int) -> PassResult:
    """Return a result whose messages stay as reported while they differ from that in numbers and names only."""
    problem, pods, gateway = (
        None if one is None else settled(one, reported, generation)
        for one in (result.problem, result.pod_problem, result.gateway)
    )
    return replace(result, problem=problem, pod_problem=pods, gateway=gateway)


def _served_at(
    present: Mapping[str, Any], desired: Desired | None, result: PassResult, entry_point_urls: Mapping[str, str]
) -> dict[str, Any]:
    if result.withdrawn:
        return {}
    return _last_address(present) if desired is None else _address(desired, entry_point_urls)


def _address(desired: Desired, entry_point_urls: Mapping[str, str]) -> dict[str, Any]:
    """Return where and how the app is served."""
    url = public_url(desired.route, entry_point_urls)
    return {
        "url": url,
        "docsUrl": url.rstrip("/") + desired.app.spec.verify.docs_path,
        "rootPath": desired.launch.root_path,
        "server": desired.launch.server,
        "stripPrefix": desired.launch.strips,
    }


def _last_address(status: Mapping[str, Any]) -> dict[str, Any]:
    return {name: status[name] for name in ("url", "docsUrl", "rootPath", "server", "stripPrefix") if name in status}


def _route(result: PassResult, desired: Desired | None) -> Diagnosis:
    gateway = result.gateway
    if result.routed and gateway is not None and not gateway.holds:
        return gateway
    limits, sessions = ("", "") if desired is None else (desired.launch.limits, desired.sessions_problem)
    overlap = "" if result.overlap is None else result.overlap.text
    remarks = {Reason.OVERLAPPED: overlap, Reason.NOT_STICKY: sessions, Reason.LIMITED: limits}
    if gateway is not None:
        remarks[gateway.reason] = ". Besides, ".join(filter(None, (remarks[gateway.reason], gateway.message)))
    reasons = [reason for reason, remark in remarks.items() if remark]
    if result.routed and reasons:
        message = ". Besides, ".join(remarks[reason] for reason in reasons)
        return Diagnosis(True, reasons[0], f"The route is in place, but {message}.")
    if result.routed or result.problem is None:
        return Diagnosis(True, Reason.ACCEPTED, "The route is in place.")
    if result.problem.reason in {Reason.CONFLICT, Reason.NOT_ALLOWED}:
        return result.problem
    kept = (
        "What was applied before stays unchanged."
        if result.permanent
        else "It is written after the objects that it depends on."
    )
    return Diagnosis(False, Reason.NOT_APPLIED, f"The route of this generation is not in place. {kept}")


def _workload(workload: Workload | None, pod_problem: Diagnosis | None, monitoring_problem: str) -> Diagnosis:
    status, _, message = workload.conditions.get("Available", ("Unknown", "", "")) if workload else ("Unknown", "", "")
    match status:
        case "True" if monitoring_problem:
            message = f"Enough pods are available to serve, but {monitoring_problem}."
            return Diagnosis(True, Reason.NOT_MONITORED, message)
        case "True":
            return Diagnosis(True, Reason.MINIMUM_REPLICAS_AVAILABLE, "Enough pods are available to serve.")
        case "False" if pod_problem is not None:
            return pod_problem
        case "False":
            return Diagnosis(False, Reason.MINIMUM_REPLICAS_UNAVAILABLE, message or "Too few pods are available.")
        case _:
            return Diagnosis(None, Reason.NOT_YET_REPORTED, "Kubernetes has not reported on the Deployment yet.")


def _ready(name: str, result: PassResult, work: Diagnosis, workload: Workload | None) -> Diagnosis:
    if result.suspended:
        message = "The operator changes nothing until the annotation proxiedapp.dev/reconcile is removed."
        return Diagnosis(workload is not None and workload.rolled_out and bool(work.holds), Reason.SUSPENDED, message)
    if result.problem is not None:
        return result.problem
    if result.gateway is not None and result.gateway.reason is Reason.REFUSED_BY_GATEWAY:
        return result.gateway
    if workload is not None and (late := past_deadline(workload)) is not None:
        return result.pod_problem or late
    if workload is not None and workload.holds_changes:
        return paused(name)
    if workload is None or not workload.rolled_out or result.pod_problem is not None:
        return result.pod_problem or Diagnosis(False, Reason.PROGRESSING, "Kubernetes is rolling out the pods.")
    if not work.holds:
        return Diagnosis(False, work.reason, work.message)
    if result.gateway is not None and not result.gateway.holds:
        return result.gateway
    if workload.desired == 0:
        message = (
            "The app is scaled to 0 pods, as spec.replicas asks: its address answers with an error until it has pods."
        )
        return Diagnosis(True, Reason.AVAILABLE, message)
    return Diagnosis(True, Reason.AVAILABLE, "The app is rolled out, and its route is in place.")
