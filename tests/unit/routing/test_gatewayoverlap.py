"""Which foreign routes overlap with an app's HTTPRoute at a Gateway, as Traefik decides and as Gateway API says.

Read `SHOP` as an app at a.test/api/v1 behind the listener https of infra/main; Traefik gives it the priority 10707.
"""

from dataclasses import replace
from typing import Any

import pytest

from proxiedapp.api.budget import Budget
from proxiedapp.kube.key import Key
from proxiedapp.routing.gatewayoverlap import find_gateway_overlap, http_route_priority
from proxiedapp.routing.gatewaystate import TRAEFIK_CONTROLLER
from proxiedapp.routing.route import Parent, Route
from proxiedapp.routing.rule import Rule
from tests.support.gateways import CONTROLLER
from tests.unit.routing.test_overlap import at, exactly, foreign_route, foreign_routes, ingress

MAIN = {"namespace": "infra", "name": "main"}
HTTPS = MAIN | {"sectionName": "https"}


def behind(*hosts: str, prefix: str = "/api/v1", section: str | None = "https") -> Route:
    return Route(
        app=Key("team", "shop"),
        rule=Rule(hosts, prefix),
        strips=True,
        entry_points=("infra/main",),
        ingress_class_name=None,
        service="shop",
        port=80,
        parents=(Parent("infra", "main", section),),
    )


SHOP = behind("a.test")
EVERY_LISTENER = behind("a.test", section=None)
HOSTLESS = behind()
WILDCARD = behind("*.test")
ROOT = behind("a.test", prefix="/")
SERVICE = behind("a.test", prefix="/shop.Shop")
AT_PORT = replace(SHOP, parents=(Parent("infra", "main", None, 443),))


def http_route(*hosts: str, rules: Any = None, accepted: Any = MAIN, controller: str = CONTROLLER) -> dict[str, Any]:
    accepting = {"controllerName": controller, "conditions": [{"type": "Accepted", "status": "True"}]}
    parents = [] if accepted is None else [accepting | {"parentRef": accepted}]
    return {
        "kind": "HTTPRoute",
        "spec": {"hostnames": list(hosts), "rules": at("/api/v1") if rules is None else rules},
        "status": {"parents": parents},
    }


def grpc_route(
    host: str = "", method: dict[str, str] | None = None, accepted: dict[str, Any] | None = HTTPS
) -> dict[str, Any]:
    rule = {} if method is None else {"matches": [{"method": method}]}
    return http_route(*filter(None, [host]), rules=[rule], accepted=accepted) | {"kind": "GRPCRoute"}


def winner(route: Route, foreign: dict[str, Any], controller: str) -> str | None:
    found = find_gateway_overlap(route, {"infra/main": controller}, foreign_routes(foreign))
    return None if found is None else found.winner.name


SAME = "Host(`a.test`) && PathPrefix(`/api/v1`)"


@pytest.mark.parametrize(
    ("route", "foreign", "by_traefik", "by_others"),
    [
        # The same host.
        pytest.param(SHOP, http_route("a.test"), "EITHER", "EITHER", id="same host and prefix"),
        pytest.param(SHOP, http_route("a.test", rules=at("/api/v1/")), "FOREIGN", "EITHER", id="prefix with a slash"),
        pytest.param(SHOP, http_route("a.test", rules=at("/api")), None, None, id="shorter prefix"),
        pytest.param(SHOP, http_route("a.test", rules=at("/")), None, None, id="the whole host"),
        pytest.param(SHOP, http_route("a.test", rules=[{"matches": [{}]}]), None, None, id="no path"),
        pytest.param(SHOP, http_route("a.test", rules=at("/api/v1/x")), None, None, id="longer prefix"),
        pytest.param(SHOP, http_route("a.test", rules=at("/api/v10")), None, None, id="another segment"),
        pytest.param(SHOP, http_route("a.test", rules=exactly("/api/v1")), "FOREIGN", "FOREIGN", id="exact prefix"),
        pytest.param(SHOP, http_route("a.test", rules=exactly("/api/v1/")), "FOREIGN", "FOREIGN", id="exact slash"),
        pytest.param(SHOP, http_route("a.test", rules=exactly("/api")), None, None, id="exact path above"),
        pytest.param(SHOP, http_route("a.test", rules=exactly("/api/v1/x")), None, None, id="exact path below"),
        pytest.param(
            SHOP, http_route("a.test", rules=at("/api/v1") + at("/other")), "FOREIGN", "EITHER", id="first of two rules"
        ),
        pytest.param(
            SHOP, http_route("a.test", rules=at("/other") + at("/api/v1")), "EITHER", "EITHER", id="last of two rules"
        ),
        pytest.param(
            SHOP, http_route("a.test", "long.a.test"), "FOREIGN", "EITHER", id="one of two hosts, the other longer"
        ),
        pytest.param(SHOP, http_route("b.test"), None, None, id="another host"),
        pytest.param(
            SHOP,
            http_route("a.test", rules=[{"matches": [at("/api/v1")[0]["matches"][0] | {"method": "GET"}]}]),
            None,
            None,
            id="one method is too narrow",
        ),
        # Any host and wildcards, which span labels.
        pytest.param(SHOP, http_route(), None, None, id="any host"),
        pytest.param(SHOP, http_route(rules=exactly("/api/v1")), "FOREIGN", None, id="any host, exact prefix"),
        pytest.param(SHOP, http_route("*.test"), "EITHER", None, id="wildcard, same length"),
        pytest.param(
            SHOP, http_route("*.test", rules=at("/api/v1/")), "FOREIGN", None, id="wildcard, slash at the end"
        ),
        pytest.param(
            SHOP, http_route("*.test", rules=exactly("/api/v1")), "FOREIGN", None, id="wildcard, exact prefix"
        ),
        pytest.param(
            behind("x.y.test"),
            http_route("*.test", rules=exactly("/api/v1")),
            "FOREIGN",
            None,
            id="wildcard, two labels",
        ),
        pytest.param(behind("test"), http_route("*.test"), None, None, id="wildcard needs a label"),
        pytest.param(HOSTLESS, http_route(), "EITHER", "EITHER", id="app for any host, any host"),
        pytest.param(HOSTLESS, http_route("a.test"), None, None, id="app for any host, one host"),
        pytest.param(HOSTLESS, http_route(rules=at("/api")), None, None, id="app for any host, shorter prefix"),
        pytest.param(WILDCARD, http_route("*.test"), "EITHER", "EITHER", id="app with a wildcard, the same"),
        pytest.param(WILDCARD, http_route("*.a.test"), None, None, id="app with a wildcard, a narrower one"),
        pytest.param(WILDCARD, http_route("a.test"), None, None, id="app with a wildcard, one host"),
        pytest.param(WILDCARD, http_route(), None, None, id="app with a wildcard, any host"),
        pytest.param(
            behind("*.a.test"), http_route("*.test", rules=exactly("/api/v1")), "FOREIGN", None, id="a wider wildcard"
        ),
        # The root of a host.
        pytest.param(ROOT, http_route("a.test", rules=at("/")), "EITHER", "EITHER", id="root, the same"),
        pytest.param(ROOT, http_route("a.test", rules=[{"matches": [{}]}]), "EITHER", "EITHER", id="root, no path"),
        pytest.param(ROOT, http_route("a.test", rules=exactly("/")), "FOREIGN", "FOREIGN", id="root, exact"),
        pytest.param(ROOT, http_route(rules=at("/")), None, None, id="root, any host"),
        pytest.param(ROOT, http_route("a.test", rules=at("/api")), None, None, id="root, a path below"),
        # Which Gateway and listener.
        pytest.param(SHOP, http_route("a.test", accepted=HTTPS), "EITHER", "EITHER", id="the same listener"),
        pytest.param(
            SHOP, http_route("a.test", accepted=MAIN | {"sectionName": "http"}), None, None, id="another listener"
        ),
        pytest.param(SHOP, http_route("a.test", accepted=MAIN | {"port": 80}), "EITHER", "EITHER", id="any listener"),
        pytest.param(AT_PORT, http_route("a.test", accepted=MAIN | {"port": 443}), "EITHER", "EITHER", id="same port"),
        pytest.param(AT_PORT, http_route("a.test", accepted=MAIN | {"port": 80}), None, None, id="another port"),
        pytest.param(AT_PORT, http_route("a.test", accepted=MAIN), "EITHER", "EITHER", id="every port"),
        pytest.param(
            SHOP, http_route("a.test", accepted=MAIN | {"kind": "Service"}), None, None, id="a Service of this name"
        ),
        # GRPCRoutes, of which Traefik compares the length of the rule.
        pytest.param(ROOT, grpc_route("a.test"), "FOREIGN", "EITHER", id="gRPC for all of the host"),
        pytest.param(SHOP, grpc_route("a.test"), None, None, id="gRPC for all of the host, longer prefix"),
        pytest.param(ROOT, grpc_route(), "FOREIGN", None, id="gRPC for any host"),
        pytest.param(SERVICE, grpc_route("a.test", {"service": "shop.Shop"}), "APP", "EITHER", id="gRPC service"),
        pytest.param(ROOT, grpc_route("a.test", {"service": "shop.Shop"}), None, None, id="gRPC service below"),
        pytest.param(
            SERVICE, grpc_route("a.test", {"service": "shop.Shop", "method": "Buy"}), None, None, id="one gRPC method"
        ),
        pytest.param(
            SERVICE,
            grpc_route("a.test", {"type": "RegularExpression", "service": ".*"}),
            None,
            None,
            id="gRPC services by a regular expression",
        ),
        pytest.param(ROOT, grpc_route("b.test"), None, None, id="gRPC, another host"),
        pytest.param(ROOT, grpc_route("a.test", accepted=None), None, None, id="gRPC, not accepted"),
        pytest.param(
            ROOT, grpc_route("a.test", accepted=MAIN | {"sectionName": "http"}), None, None, id="gRPC, other listener"
        ),
        pytest.param(
            EVERY_LISTENER,
            http_route("a.test", accepted=MAIN | {"sectionName": "http"}),
            "EITHER",
            "EITHER",
            id="one of all listeners",
        ),
        pytest.param(SHOP, http_route("a.test", accepted=MAIN | {"name": "other"}), None, None, id="another Gateway"),
        pytest.param(
            SHOP, http_route("a.test", accepted={"name": "main"}), None, None, id="a Gateway of the route's namespace"
        ),
        pytest.param(SHOP, http_route("a.test", accepted=None), None, None, id="no Gateway has accepted it"),
        # Other kinds, which only Traefik serves.
        pytest.param(SHOP, foreign_route(SAME), "APP", None, id="IngressRoute, same address"),
        pytest.param(SHOP, foreign_route(SAME, 10706), "APP", None, id="IngressRoute, priority of an app's"),
        pytest.param(SHOP, foreign_route(SAME, 10707), "EITHER", None, id="IngressRoute, same priority"),
        pytest.param(SHOP, foreign_route(SAME, 10708), "FOREIGN", None, id="IngressRoute, higher priority"),
        pytest.param(SHOP, foreign_route("PathPrefix(`/`)"), None, None, id="IngressRoute for everything"),
        pytest.param(
            SHOP, foreign_route("PathPrefix(`/`)", 20000), "FOREIGN", None, id="IngressRoute for everything, first"
        ),
        pytest.param(SHOP, foreign_route("Host(`b.test`)", 20000), None, None, id="IngressRoute, another host"),
        pytest.param(SHOP, ingress("/api/v1"), "APP", None, id="Ingress, same address"),
        pytest.param(SHOP, ingress("/api"), None, None, id="Ingress, shorter path"),
        pytest.param(HOSTLESS, foreign_route("PathPrefix(`/api/v1`)"), "APP", None, id="IngressRoute, any host"),
        pytest.param(
            WILDCARD, foreign_route("Host(`a.test`) && PathPrefix(`/`)", 20000), None, None, id="IngressRoute, one name"
        ),
        pytest.param(
            ROOT, foreign_route("Host(`a.test`) && PathPrefix(`/`)"), "FOREIGN", None, id="IngressRoute, root of a host"
        ),
        pytest.param(ROOT, foreign_route("Host(`a.test`)"), "FOREIGN", None, id="IngressRoute, the whole host"),
    ],
)
def test_winner_at_traefik_and_at_other_gateways(
    route: Route, foreign: dict[str, Any], by_traefik: str | None, by_others: str | None
) -> None:
    assert winner(route, foreign, TRAEFIK_CONTROLLER) == by_traefik
    assert winner(route, foreign, CONTROLLER) == by_others


@pytest.mark.parametrize(
    ("rule", "priority"),
    [  # measured with Traefik 3.7.15
        (Rule(("both.test",), "/api/v1"), 10710),
        (Rule(("both.test",), "/api"), 10410),
        (Rule((), "/api"), 10401),
        (Rule(("*.test",), "/api"), 10407),
        (Rule(("both.test",), "/"), 11),
        (Rule((), "/"), 2),
    ],
)
def test_priority_is_that_of_traefik(rule: Rule, priority: int) -> None:
    assert http_route_priority(rule) == priority


def test_worst_overlap_is_reported_with_the_gateway_and_what_helps() -> None:
    found = find_gateway_overlap(
        SHOP, {}, foreign_routes(http_route("a.test"), http_route("a.test", rules=exactly("/api/v1")))
    )
    assert found is not None
    assert found.text == (
        "HTTPRoute others/theirs-1 takes the requests for a.test /api/v1 at the Gateway infra/main. "
        "Change its hostname or path, or delete it"
    )


def test_a_spent_budget_ends_the_search() -> None:
    many = foreign_routes(*(http_route("a.test") for _ in range(50)))
    assert find_gateway_overlap(SHOP, {}, many, Budget(20)) is not None
