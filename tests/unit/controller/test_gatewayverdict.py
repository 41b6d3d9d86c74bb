"""What the status of an HTTPRoute means for an app: the answers of Traefik, Contour and Envoy Gateway, one per row."""

from datetime import UTC, datetime
from typing import Any

import pytest

from proxiedapp.controller.gatewayverdict import SETTLING_SECONDS, is_replaced, settles_after, verdict
from proxiedapp.controller.observed.gateways import Gateways
from proxiedapp.controller.observed.objects import ObservedChild, observed_child
from proxiedapp.controller.observed.parentstates import parent_states
from proxiedapp.controller.watchedkinds import GATEWAY, GATEWAY_CLASS
from proxiedapp.kube.manifest import Manifest
from proxiedapp.resources.desired import Desired, desired
from proxiedapp.resources.kinds import HTTP_ROUTE, INGRESS_ROUTE
from tests.support.apps import DEFAULTS, an_app
from tests.support.gateways import HTTP, HTTPS, a_gateway, a_gateway_class, a_listener

SINCE = "2026-01-02T12:00:00Z"
NOW = datetime(2026, 1, 2, 12, 0, 2, tzinfo=UTC)
MAIN = {"name": "main", "namespace": "infra", "sectionName": "https"}
OTHER = {"name": "other", "namespace": "infra"}
UNKNOWN = Gateways()
OK = ("True", "Accepted", "")


def app_behind(*parents: dict[str, Any]) -> Desired:
    return desired(an_app(route={"hosts": ["a.test"], "parentRefs": list(parents)}), DEFAULTS)


def entry(
    ref: dict[str, Any],
    accepted: Any = OK,
    resolved: Any = ("True", "ResolvedRefs", ""),
    generation: int = 3,
    **more: Any,
) -> dict[str, Any]:
    conditions = {"Accepted": accepted, "ResolvedRefs": resolved, **more}
    return {
        "parentRef": ref,
        "controllerName": "example.com/gateway",
        "conditions": [
            {
                "type": type_,
                "status": given[0],
                "reason": given[1],
                "message": given[2],
                "observedGeneration": generation,
                "lastTransitionTime": SINCE,
            }
            for type_, given in conditions.items()
            if given is not None
        ],
    }


def http_route(wanted: Desired, *entries: dict[str, Any]) -> ObservedChild:
    (child,) = [one for one in wanted.children if one["kind"] == "HTTPRoute"]
    metadata = child["metadata"] | {"uid": "1", "resourceVersion": "1", "generation": 3, "creationTimestamp": SINCE}
    return observed_child(HTTP_ROUTE, child | {"metadata": metadata, "status": {"parents": list(entries)}})


def said(wanted: Desired, *entries: dict[str, Any]) -> tuple[bool | None, str] | None:
    found = verdict(wanted, [http_route(wanted, *entries)], UNKNOWN)
    return None if found is None else (found.holds, found.reason.value)


AWAITING = (False, "AwaitingGateway")
REFUSED = (False, "RefusedByGateway")
OVERLAPPED = (True, "Overlapped")


@pytest.mark.parametrize(
    ("entries", "expected"),
    [
        pytest.param([entry(MAIN)], None, id="accepted"),
        pytest.param([], AWAITING, id="no Gateway, or one that no controller serves"),
        pytest.param([entry(MAIN, generation=2)], AWAITING, id="entry of an earlier generation"),
        pytest.param([entry(OTHER)], AWAITING, id="entry of a Gateway that the route has left"),
        pytest.param([entry(MAIN | {"sectionName": "http"})], AWAITING, id="entry of another listener"),
        pytest.param([entry(MAIN | {"group": "gateway.networking.k8s.io", "kind": "Gateway"})], None, id="all fields"),
        pytest.param([entry(MAIN, None)], AWAITING, id="ResolvedRefs before Accepted"),
        pytest.param([entry(MAIN, ("Unknown", "Pending", ""))], AWAITING, id="not decided"),
        pytest.param([entry(MAIN, ("False", "Pending", ""))], AWAITING, id="not decided, as False"),
        pytest.param([entry(MAIN, ("False", "NoMatchingParent", ""))], REFUSED, id="no such listener"),
        pytest.param([entry(MAIN, ("False", "NotAllowedByListeners", ""))], REFUSED, id="namespace is not allowed"),
        pytest.param([entry(MAIN, ("False", "NoMatchingListenerHostname", ""))], REFUSED, id="no host in common"),
        pytest.param([entry(MAIN, ("False", "InvalidKind", "?"))], REFUSED, id="a reason that is not known here"),
        pytest.param(
            [entry(MAIN, ("False", "RuleMatchConflict", "x"))], OVERLAPPED, id="Contour serves it all the same"
        ),
        pytest.param(
            [entry(MAIN, ("False", "UnsupportedValue", "x"))], REFUSED, id="Contour serves without the filter"
        ),
        pytest.param([entry(MAIN, OK, ("False", "BackendNotFound", ""))], AWAITING, id="does not see the Service yet"),
        pytest.param([entry(MAIN, OK, ("False", "PortNotFound", ""))], AWAITING, id="or its port, in Envoy Gateway"),
        pytest.param([entry(MAIN | {"kind": "Service", "group": ""})], AWAITING, id="entry of a Service of this name"),
        pytest.param([entry(MAIN | {"port": 443})], AWAITING, id="entry of another port"),
        pytest.param([entry(MAIN, OK, ("False", "RefNotPermitted", ""))], REFUSED, id="backend is not permitted"),
        pytest.param([entry(MAIN, OK, None)], None, id="accepted, without ResolvedRefs"),
        pytest.param(
            [entry(MAIN, RouteRulesOverlap=("True", "Overlap", "x"))], OVERLAPPED, id="Envoy Gateway reports an overlap"
        ),
        pytest.param([entry(MAIN, RouteRulesOverlap=("False", "None", ""))], None, id="and none"),
        pytest.param(
            [entry(MAIN, BackendsAvailable=("False", "EndpointsNotFound", ""))],
            None,
            id="no endpoints: WorkloadAvailable",
        ),
        pytest.param(
            [entry(MAIN, ("False", "NoMatchingParent", "")), entry(MAIN)], None, id="one of two controllers accepts"
        ),
    ],
)
def test_status_of_one_gateway(entries: list[dict[str, Any]], expected: tuple[bool, str] | None) -> None:
    assert said(app_behind(MAIN), *entries) == expected


def test_worst_of_several_conditions_is_reported() -> None:
    conflict, missing = ("False", "RuleMatchConflict", ""), ("False", "RefNotPermitted", "")
    assert said(app_behind(MAIN), entry(MAIN, conflict, missing)) == REFUSED


def test_each_gateway_must_accept_the_route() -> None:
    wanted = app_behind(MAIN, OTHER)
    assert said(wanted, entry(MAIN)) == AWAITING
    assert said(wanted, entry(MAIN), entry(OTHER)) is None
    assert said(wanted, entry(MAIN, ("False", "NotAllowedByListeners", ""))) == REFUSED, "the worst answer is reported"


def test_ingress_route_has_no_gateway_to_answer() -> None:
    assert verdict(desired(an_app(), DEFAULTS), [], UNKNOWN) is None


def test_message_says_what_the_gateway_reports_and_what_helps() -> None:
    wanted = app_behind(MAIN)
    found = verdict(wanted, [http_route(wanted, entry(MAIN, ("False", "NotAllowedByListeners", "Not here.")))], UNKNOWN)
    assert found is not None
    assert found.message == (
        "The Gateway infra/main does not accept the HTTPRoute: NotAllowedByListeners (Not here). "
        "Ask the owner of the Gateway to allow this namespace in the listener's allowedRoutes."
    )
    found = verdict(wanted, [http_route(wanted)], UNKNOWN)
    assert found is not None
    assert "kubectl get gateway main -n infra" in found.message


@pytest.mark.parametrize(
    "status", [{"parents": 5}, {"parents": [5]}, {"parents": [{}]}, {"parents": [{"parentRef": {}}]}, {"parents": None}]
)
def test_status_of_another_shape_counts_as_none(status: Any) -> None:
    assert parent_states({"metadata": {"namespace": "team", "generation": 1}, "status": status}) == ()


def known(*bodies: Manifest) -> Gateways:
    """Return these as the only Gateways and GatewayClasses of the cluster."""
    found = Gateways()
    for kind in (GATEWAY, GATEWAY_CLASS):
        found.record_all(kind, [body for body in bodies if body["kind"] == kind.kind])
    return found


ACCEPTED = [entry(MAIN)]
CLASS = a_gateway_class()


@pytest.mark.parametrize(
    ("bodies", "entries", "message"),
    [
        pytest.param([], [], "The Gateway infra/main does not exist", id="no Gateway"),
        pytest.param([], ACCEPTED, "The Gateway infra/main does not exist", id="deleted Gateway that had accepted"),
        pytest.param([a_gateway("other")], ACCEPTED, "infra/main does not exist", id="another Gateway"),
        pytest.param(
            [CLASS, a_gateway("main", HTTP)],
            ACCEPTED,
            "The Gateway infra/main has no listener https, but http. Correct sectionName",
            id="deleted listener",
        ),
        pytest.param([a_gateway()], [], "the class theirs, and this GatewayClass does not exist", id="no class"),
        pytest.param(
            [a_gateway_class(accepted=False), a_gateway(claimed=False)],
            [],
            "no controller serves it. Start the controller example.com/gateway",
            id="no controller",
        ),
        pytest.param(
            [a_gateway_class(accepted=False), a_gateway()],
            [],
            "infra/main has not reported on the HTTPRoute",
            id="a controller that does not accept its class, as Contour",
        ),
        pytest.param([CLASS, a_gateway()], [], "has not reported on the HTTPRoute", id="not yet"),
        pytest.param(
            [CLASS, a_gateway(problems={"https": "Invalid"})],
            ACCEPTED,
            "The listener https of the Gateway infra/main does not serve: Invalid",
            id="listener is not programmed",
        ),
    ],
)
def test_what_is_missing_is_reported(bodies: list[Manifest], entries: list[Any], message: str) -> None:
    wanted = app_behind(MAIN)
    found = verdict(wanted, [http_route(wanted, *entries)], known(*bodies))
    assert found is not None
    assert (found.holds, found.reason.value) == AWAITING
    assert message in found.message


@pytest.mark.parametrize(
    "gateway",
    [
        pytest.param(a_gateway(), id="all is well"),
        pytest.param(a_gateway(problems={"http": "Invalid"}), id="another listener is not programmed"),
        pytest.param(a_gateway(claimed=False), id="the Gateway itself is not accepted"),
    ],
)
def test_nothing_is_missing_at_a_gateway_whose_listener_serves(gateway: Manifest) -> None:
    wanted = app_behind(MAIN)
    assert verdict(wanted, [http_route(wanted, *ACCEPTED)], known(CLASS, gateway)) is None


def test_without_a_section_one_of_the_listeners_for_the_hosts_is_enough() -> None:
    wanted = app_behind(OTHER)
    child = http_route(wanted, entry(OTHER))
    elsewhere = a_listener("else", "HTTPS", 8443, "*.b.test")
    one_serves = a_gateway("other", HTTP, HTTPS, elsewhere, problems={"http": "Invalid"})
    none_serves = a_gateway("other", HTTP, HTTPS, elsewhere, problems={"http": "Invalid", "https": "Invalid"})
    assert verdict(wanted, [child], known(CLASS, one_serves)) is None
    found = verdict(wanted, [child], known(CLASS, none_serves))
    assert found is not None
    assert "The listener http of" in found.message


AT_PORT = {"name": "main", "namespace": "infra", "port": 443}


def test_parent_with_a_port_is_answered_by_the_entry_of_this_port() -> None:
    wanted = app_behind(AT_PORT)
    assert said(wanted, entry(AT_PORT)) is None
    assert said(wanted, entry(AT_PORT | {"port": 80})) == AWAITING
    assert said(wanted, entry(OTHER | {"name": "main"})) == AWAITING


@pytest.mark.parametrize(
    ("parent", "message"),
    [
        (
            AT_PORT | {"port": 81},
            "has no listener at port 81, but at 80 and 443. Correct port in spec.route.parentRefs",
        ),
        (MAIN | {"port": 80}, "has no listener at port 80, but at 443. Correct port in spec.route.parentRefs"),
    ],
)
def test_port_that_no_listener_has_is_reported(parent: dict[str, Any], message: str) -> None:
    wanted = app_behind(parent)
    found = verdict(wanted, [http_route(wanted)], known(CLASS, a_gateway()))
    assert found is not None
    assert message in found.message


def test_listener_of_another_port_does_not_count() -> None:
    wanted = app_behind(AT_PORT)
    child = http_route(wanted, entry(AT_PORT))
    assert verdict(wanted, [child], known(CLASS, a_gateway(problems={"http": "Invalid"}))) is None
    found = verdict(wanted, [child], known(CLASS, a_gateway(problems={"https": "Invalid"})))
    assert found is not None
    assert "The listener https of" in found.message


def test_refusal_by_a_controller_comes_before_what_is_missing() -> None:
    wanted = app_behind(MAIN)
    refused = entry(MAIN, ("False", "NoMatchingParent", ""))
    found = verdict(wanted, [http_route(wanted, refused)], known(CLASS, a_gateway("main", HTTP)))
    assert found is not None
    assert found.reason.value == "RefusedByGateway"


def ingress_route_of(app: Desired) -> ObservedChild:
    (child,) = [one for one in app.children if one["kind"] == "IngressRoute"]
    metadata = child["metadata"] | {"uid": "2", "resourceVersion": "1", "creationTimestamp": SINCE}
    return observed_child(INGRESS_ROUTE, child | {"metadata": metadata})


def test_ingress_route_stays_until_requests_reach_the_http_route() -> None:
    wanted, before = app_behind(MAIN), ingress_route_of(desired(an_app(route={"hosts": ["a.test"]}), DEFAULTS))
    assert is_replaced(wanted, [before])
    assert settles_after(wanted, [before, http_route(wanted)], UNKNOWN, NOW) is None
    assert settles_after(wanted, [before, http_route(wanted, entry(MAIN))], UNKNOWN, NOW) == SETTLING_SECONDS - 2
    later = NOW.replace(minute=1)
    assert settles_after(wanted, [before, http_route(wanted, entry(MAIN))], UNKNOWN, later) == 0.0
    refused = http_route(wanted, entry(MAIN, ("False", "NoMatchingParent", "")))
    assert settles_after(wanted, [before, refused], UNKNOWN, later) is None


def test_http_route_stays_until_requests_reach_the_ingress_route() -> None:
    wanted = desired(an_app(route={"hosts": ["a.test"]}), DEFAULTS)
    before, after = http_route(app_behind(MAIN)), ingress_route_of(wanted)
    assert is_replaced(wanted, [before, after])
    assert settles_after(wanted, [before], UNKNOWN, NOW) == SETTLING_SECONDS
    assert settles_after(wanted, [before, after], UNKNOWN, NOW) == SETTLING_SECONDS - 2
    assert settles_after(wanted, [before, after], UNKNOWN, NOW.replace(minute=1)) == 0.0


def test_http_route_of_the_earlier_gateways_stays_as_well() -> None:
    wanted, before = app_behind(OTHER), http_route(app_behind(MAIN), entry(MAIN))
    assert is_replaced(wanted, [before])
    assert settles_after(wanted, [before, http_route(wanted)], UNKNOWN, NOW) is None


def test_ingress_route_that_replaces_another_one_needs_no_time() -> None:
    wanted = desired(an_app(route={"hosts": ["a.test"]}), DEFAULTS)
    assert not is_replaced(wanted, [ingress_route_of(wanted)])
    assert settles_after(wanted, [ingress_route_of(wanted)], UNKNOWN, NOW) == 0.0
