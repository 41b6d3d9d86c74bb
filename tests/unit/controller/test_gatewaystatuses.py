"""What the operator reports in each case of docs/gateways.md, by what Traefik and Contour report there.

The reports were measured with Traefik 3.7.15 and Contour 1.33.8, with Gateway API v1.7.0.
"""

from collections.abc import Sequence
from typing import Any, Final, NamedTuple

from proxiedapp.controller.gatewayverdict import verdict
from proxiedapp.controller.observed.gateways import Gateways
from proxiedapp.controller.observed.objects import observed_child
from proxiedapp.controller.watchedkinds import GATEWAY, GATEWAY_CLASS
from proxiedapp.kube.manifest import Manifest
from proxiedapp.resources.desired import desired
from proxiedapp.resources.kinds import HTTP_ROUTE
from proxiedapp.routing.gatewayoverlap import find_gateway_overlap
from proxiedapp.routing.gatewaystate import TRAEFIK_CONTROLLER
from tests.conformance.statuses import CASES, MOVED
from tests.support.apps import DEFAULTS, an_app
from tests.support.each import each
from tests.support.gateways import HTTP, HTTPS, a_gateway, a_gateway_class, a_listener
from tests.unit.routing.test_gatewayoverlap import http_route
from tests.unit.routing.test_overlap import at, foreign_routes

CONTOUR: Final = "projectcontour.io/gateway-controller"
MAIN: Final = {"namespace": "infra", "name": "main"}
BOTH: Final = (a_gateway("main", HTTP, HTTPS),)
GENERATION: Final = 3


class Case(NamedTuple):
    """A case of the conformance suite: what both report, and the reasons of the operator's condition."""

    sentence: str
    traefik: str
    contour: str
    ours: str
    ours_at_contour: str = ""
    """If it differs."""
    parent: dict[str, Any] = MAIN
    gateways: Sequence[Manifest] = BOTH
    foreign: Sequence[Manifest] = ()
    generation: int = GENERATION


OK: Final = "Accepted=True ResolvedRefs=True"
NOT_FOUND: Final = "Accepted=True ResolvedRefs=False:BackendNotFound"
REFUSED: Final = "Accepted=False:{} ResolvedRefs=True"
UNSUPPORTED: Final = REFUSED.format("UnsupportedValue")
NO_PARENT: Final = REFUSED.format("NoMatchingParent")
MORE: Final = a_listener("more", "HTTP", 80, "a.test")

TABLE: Final = (
    Case("as the operator writes it", OK, OK, "Accepted"),
    Case("the Service does not exist", NOT_FOUND, NOT_FOUND, "AwaitingGateway"),
    Case("the Service does not have the port", NOT_FOUND, NOT_FOUND, "AwaitingGateway"),
    Case("the Service has no endpoints", OK, OK, "Accepted"),  # WorkloadAvailable reports it
    Case(
        "a Service of another namespace",
        "Accepted=True ResolvedRefs=False:RefNotPermitted",
        "Accepted=True ResolvedRefs=False:RefNotPermitted",
        "RefusedByGateway",
    ),
    Case("a granted Service of another namespace, without endpoints", OK, OK, "Accepted"),
    Case("the Gateway does not exist", "", "", "AwaitingGateway", gateways=()),
    Case(
        "the class of the Gateway does not exist",
        "",
        "",
        "AwaitingGateway",
        gateways=(a_gateway("main", HTTP, HTTPS, class_name="absent", claimed=False),),
    ),
    Case(
        "the Gateway has no such listener",
        NO_PARENT,
        NO_PARENT,
        "RefusedByGateway",
        parent=MAIN | {"sectionName": "absent"},
    ),
    Case("the Gateway has no such port", NO_PARENT, NO_PARENT, "RefusedByGateway", parent=MAIN | {"port": 1}),
    Case(
        "the listener has no certificate",
        NO_PARENT,
        NO_PARENT,
        "RefusedByGateway",
        parent=MAIN | {"sectionName": "https"},
        gateways=(a_gateway("main", HTTP, HTTPS, problems={"https": "InvalidCertificateRef"}),),
    ),
    Case(
        "the listener does not allow the namespace",
        REFUSED.format("NotAllowedByListeners"),
        REFUSED.format("NotAllowedByListeners"),
        "RefusedByGateway",
    ),
    Case(
        "the listener has another host",
        REFUSED.format("NoMatchingListenerHostname"),
        REFUSED.format("NoMatchingListenerHostname"),
        "RefusedByGateway",
    ),
    Case(
        "two listeners of one port serve the route",
        OK,
        REFUSED.format("RuleMatchConflict"),
        "Accepted",
        gateways=(a_gateway("main", HTTP, HTTPS, MORE),),
    ),
    Case(
        "another route has the same host and path",
        OK,
        REFUSED.format("RuleMatchConflict"),
        "Overlapped",
        foreign=(http_route("a.test"),),
    ),
    Case(
        "another route has a longer prefix", OK, OK, "Accepted", foreign=(http_route("a.test", rules=at("/api/v1/x")),)
    ),
    # The operator writes none of these.
    Case("a filter of an unknown extension", OK, UNSUPPORTED, "Accepted", "RefusedByGateway"),
    Case("a CORS filter", OK, UNSUPPORTED, "Accepted", "RefusedByGateway"),
    Case("a mirror to a Service that does not exist", OK, NOT_FOUND, "Accepted", "AwaitingGateway"),
    Case("retries", OK, OK, "Accepted"),
    Case("a regular expression", OK, OK, "Accepted"),
    Case("an exact path", OK, OK, "Accepted"),
    Case("a weight of 0", OK, OK, "Accepted"),
    Case("a redirect without backends", OK, OK, "Accepted"),
    Case(MOVED, OK, OK, "AwaitingGateway", generation=GENERATION - 1),
)


def parents_of(report: str, parent: dict[str, Any], controller: str, generation: int) -> list[Manifest]:
    """Return the status in which a controller reports these conditions."""
    conditions = []
    for part in report.split():
        kind, _, rest = part.partition("=")
        status, _, reason = rest.partition(":")
        conditions.append({"type": kind, "status": status, "reason": reason, "observedGeneration": generation})
    return [{"parentRef": parent, "controllerName": controller, "conditions": conditions}] if report else []


def reported(case: Case, controller: str, report: str) -> str:
    """Return the reason of RouteAccepted that the operator reports."""
    wanted = desired(an_app(route={"hosts": ["a.test"], "parentRefs": [case.parent]}), DEFAULTS)
    (child,) = [one for one in wanted.children if one["kind"] == HTTP_ROUTE.kind]
    child["metadata"] |= {"uid": "1", "resourceVersion": "1", "generation": GENERATION, "creationTimestamp": ""}
    child["status"] = {"parents": parents_of(report, case.parent, controller, case.generation)}
    gateways = Gateways()
    gateways.record_all(GATEWAY, case.gateways)
    gateways.record_all(GATEWAY_CLASS, [a_gateway_class(controller=controller)])
    if (found := verdict(wanted, [observed_child(HTTP_ROUTE, child)], gateways)) is not None:
        return found.reason.value
    controllers = gateways.controllers(wanted.route.parents)
    overlap = find_gateway_overlap(wanted.route, controllers, foreign_routes(*case.foreign))
    return "Accepted" if overlap is None else "Overlapped"


def test_each_case_of_the_conformance_suite_has_a_row() -> None:
    assert [case.sentence for case in TABLE] == [*(case.sentence for case in CASES), MOVED]


@each(TABLE)
def test_what_the_operator_reports_at_traefik(case: Case) -> None:
    assert reported(case, TRAEFIK_CONTROLLER, case.traefik) == case.ours


@each(TABLE)
def test_what_the_operator_reports_at_contour(case: Case) -> None:
    assert reported(case, CONTOUR, case.contour) == (case.ours_at_contour or case.ours)
