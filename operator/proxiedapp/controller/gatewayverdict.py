"""What the status of an HTTPRoute means for its app, and when the route of another kind or Gateway may go. Pure.

Gateways differ in what they report (measured with Traefik 3.7.15, Contour 1.33.8 and Envoy Gateway 1.9.1). Traefik
reports nothing about a route that another one overrides. Contour reports a conflict of rules even for a route that it
serves, and Envoy Gateway reports overlaps in a condition of its own. So these are warnings, and a route that is
accepted is not yet known to work: that is what `Verified` checks.
"""

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from typing import Final

from proxiedapp.api.reasons import Reason
from proxiedapp.controller.gatewayfeatures import limits
from proxiedapp.controller.observed.gateways import Gateways
from proxiedapp.controller.observed.objects import ObservedChild
from proxiedapp.controller.observed.parentstates import ParentState, Reported
from proxiedapp.controller.podproblems import Diagnosis
from proxiedapp.resources.desired import Desired
from proxiedapp.resources.kinds import HTTP_ROUTE, INGRESS_ROUTE, ROUTE_KINDS
from proxiedapp.routing.gateway import http_route_of, redirecting_route_of
from proxiedapp.routing.route import Parent

SETTLING_SECONDS: Final = 5.0
"""Seconds from when a new route is accepted or created until requests reach it: Traefik needs up to 2 (measured)."""

_WORST_FIRST: Final = (Reason.REFUSED_BY_GATEWAY, Reason.AWAITING_GATEWAY, Reason.OVERLAPPED, Reason.LIMITED)
_FIXES: Final = {
    "NoMatchingParent": (
        "Name a listener that the Gateway has and that is valid: kubectl get gateway {gateway} -n {namespace} -o yaml"
    ),
    "NotAllowedByListeners": "Ask the owner of the Gateway to allow this namespace in the listener's allowedRoutes",
    "NoMatchingListenerHostname": "Use hosts in spec.route.hosts that the listener's hostname allows",
    "UnsupportedValue": (
        "It may serve the route without what it does not support, such as the removal of forged headers. "
        "Use another Gateway"
    ),
}
"""What helps, by the reason of a condition that is False."""
_OTHERWISE: Final = "Fix what the Gateway reports in the status of the HTTPRoute"
_OF_OUR_SERVICE: Final = frozenset({"BackendNotFound", "PortNotFound"})
"""Reasons that mean a delay, since the route refers to nothing but a Service that the operator has written."""


def verdict(desired: Desired, children: Sequence[ObservedChild], gateways: Gateways) -> Diagnosis | None:
    """Return what the Gateways report about an app's HTTPRoute; None if it is an IngressRoute, or all is well.

    A diagnosis that holds is a warning, and its message is a clause without the full stop. Of several Gateways, the one
    with the worst answer is reported.
    """
    if not desired.route.parents:
        return None
    found = [
        _at_parent(parent, desired, _states(name, children), gateways)
        for name, parents in _routes(desired)
        for parent in parents
    ]
    return min((one for one in found if one is not None), key=_severity, default=None)


def settles_after(
    desired: Desired, children: Sequence[ObservedChild], gateways: Gateways, now: datetime
) -> float | None:
    """Return for how many seconds other routes of the app must stay; None until a Gateway accepts the new one.

    Nothing has to stay for a route that replaces another IngressRoute, because Traefik loads both at the same time.
    """
    if not is_replaced(desired, children):
        return 0.0
    if desired.route.parents:
        if (problem := verdict(desired, children, gateways)) is not None and not problem.holds:
            return None
        states = _states(http_route_of(desired.route).name, children)
        since = [one.accepted.since for one in states if one.accepted is not None]
    else:
        names = {manifest["metadata"]["name"] for manifest in desired.children}
        since = [one.created for one in children if one.id.kind is INGRESS_ROUTE and one.id.name in names]
    passed = min((_seconds_since(one, now) for one in since), default=0.0)
    return max(SETTLING_SECONDS - passed, 0.0)


def is_replaced(desired: Desired, children: Sequence[ObservedChild]) -> bool:
    """Return whether an app still has a route of another kind, or for other Gateways, than it asks for."""
    wanted = {(manifest["kind"], manifest["metadata"]["name"]) for manifest in desired.children}
    left = [child for child in children if child.id.kind in ROUTE_KINDS]
    return any(
        (child.id.kind.kind, child.id.name) not in wanted
        and (child.id.kind is HTTP_ROUTE or bool(desired.route.parents))
        for child in left
    )


def _routes(desired: Desired) -> Iterator[tuple[str, tuple[Parent, ...]]]:
    """Yield name and parents of each HTTPRoute that an app asks for."""
    yield http_route_of(desired.route).name, desired.route.parents
    if (redirecting := redirecting_route_of(desired.route)) is not None:
        yield redirecting.name, desired.route.plain_parents


def _states(name: str, children: Sequence[ObservedChild]) -> list[ParentState]:
    return [
        state for child in children if (child.id.kind, child.id.name) == (HTTP_ROUTE, name) for state in child.parents
    ]


def _at_parent(parent: Parent, desired: Desired, states: Sequence[ParentState], gateways: Gateways) -> Diagnosis | None:
    """Return the problem at one Gateway; of several controllers that answer for it, the best answer counts.

    An answer stays in the status when its Gateway or listener is deleted, so what is missing comes before it.
    """
    key = (parent.gateway, parent.section, parent.port)
    answers = [one for one in states if (one.gateway, one.section, one.port) == key and one.accepted is not None]
    with_itself = _may_conflict_with_itself(parent, desired.route.rule.hosts, gateways)
    problems = [_of_answer(parent, one, with_itself=with_itself) for one in answers]
    refused = (
        None if None in problems else max((one for one in problems if one is not None), key=_severity, default=None)
    )
    if refused is not None and refused.reason is Reason.REFUSED_BY_GATEWAY:
        return refused
    if missing := gateways.missing(parent, answered=bool(answers)):
        return Diagnosis(False, Reason.AWAITING_GATEWAY, missing)
    if not answers:
        message = (
            f"The Gateway {parent.gateway} has not reported on the HTTPRoute. Check that it exists, and that a "
            f"controller serves its class: kubectl get gateway {parent.name} -n {parent.namespace}"
        )
        return Diagnosis(False, Reason.AWAITING_GATEWAY, message)
    if unserved := gateways.unserved(parent, desired.route.rule.hosts):
        return Diagnosis(False, Reason.AWAITING_GATEWAY, unserved)
    if refused is None and (limited := limits(parent, desired.app, desired.route, gateways)):
        return Diagnosis(True, Reason.LIMITED, limited)
    return refused


def _may_conflict_with_itself(parent: Parent, hosts: Iterable[str], gateways: Gateways) -> bool:
    """Return whether a route belongs to several listeners of one port.

    Contour reports that such a route conflicts with itself, and serves it. A conflict with a foreign route is reported
    without its help (see `routing.gatewayoverlap`), and one with another app is a Conflict.
    """
    ports = [one.port for one in gateways.listeners(parent, hosts)]
    return len(ports) > len(set(ports))


def _of_answer(parent: Parent, state: ParentState, *, with_itself: bool) -> Diagnosis | None:
    return min(_problems(parent, state, with_itself=with_itself), key=_severity, default=None)


def _problems(parent: Parent, state: ParentState, *, with_itself: bool) -> Iterator[Diagnosis]:
    accepted, resolved, overlaps = state.accepted, state.resolved, state.overlaps
    gateway = f"The Gateway {state.gateway}"
    if accepted is not None and accepted.status != "True":
        match accepted.reason:
            case "RuleMatchConflict" if with_itself:
                pass
            case "RuleMatchConflict":
                yield _overlapped(state.gateway, accepted)
            case "Pending":
                yield Diagnosis(False, Reason.AWAITING_GATEWAY, f"{gateway} has not decided on the HTTPRoute yet.")
            case reason:
                fix = _FIXES.get(reason, _OTHERWISE).format(gateway=parent.name, namespace=parent.namespace)
                message = f"{gateway} does not accept the HTTPRoute: {reason}{_quoted(accepted)}. {fix}."
                yield Diagnosis(False, Reason.REFUSED_BY_GATEWAY, message, accepted.message or None)
    if resolved is not None and resolved.status == "False":
        message = f"{gateway} cannot resolve what the HTTPRoute refers to: {resolved.reason}{_quoted(resolved)}"
        if resolved.reason in _OF_OUR_SERVICE:
            yield Diagnosis(False, Reason.AWAITING_GATEWAY, f"{message}.", resolved.message or None)
        else:
            yield Diagnosis(False, Reason.REFUSED_BY_GATEWAY, f"{message}. {_OTHERWISE}.", resolved.message or None)
    if overlaps is not None and overlaps.status == "True":
        yield _overlapped(state.gateway, overlaps)


def _overlapped(gateway: str, reported: Reported) -> Diagnosis:
    message = f"the Gateway {gateway} reports that another route has the same host and path{_quoted(reported)}"
    return Diagnosis(True, Reason.OVERLAPPED, f"{message}. Change the host or prefix of one of them")


def _quoted(reported: Reported) -> str:
    return f" ({reported.message.rstrip('.')})" if reported.message else ""


def _severity(one: Diagnosis) -> int:
    return _WORST_FIRST.index(one.reason)


def _seconds_since(time: str, now: datetime) -> float:
    try:
        return (now - datetime.fromisoformat(time)).total_seconds()
    except (TypeError, ValueError):
        return SETTLING_SECONDS  # not the format of the API server
