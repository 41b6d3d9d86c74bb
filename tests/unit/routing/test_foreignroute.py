"""What foreign routes match, and with which priority."""

from typing import Any

import pytest

from proxiedapp.api.budget import Budget
from proxiedapp.routing.foreignroute import MAX_ROUTE_STEPS, ForeignRoute, RouteRef, read_foreign_route
from proxiedapp.routing.ingressclass import normalized_class
from proxiedapp.routing.ruleparser import Pattern
from proxiedapp.routing.tlsoptions import DEFAULT, NO_TLS, TLSHost

RULE = "Host(`a.test`) && PathPrefix(`/api`)"
API = Pattern("a.test", "/api")
ROUTER = "traefik.ingress.kubernetes.io/router."


def body(spec: Any, annotations: dict[str, str] | None = None, **rest: Any) -> dict[str, Any]:
    return {"metadata": {"annotations": annotations or {}}, "spec": spec, **rest}


def ingress_route(*routes: dict[str, Any], **spec: Any) -> dict[str, Any]:
    return body({"routes": list(routes), **spec})


def priorities(kind: str, manifest: dict[str, Any]) -> dict[Pattern, int]:
    found = read_foreign_route(kind, manifest)
    return {} if found is None else dict(found.priorities)


@pytest.mark.parametrize(
    ("route", "expected"),
    [
        pytest.param({"match": RULE}, {API: len(RULE)}, id="by default the length of the rule"),
        pytest.param({"match": RULE, "priority": 0}, {API: len(RULE)}, id="0 means the default"),
        pytest.param({"match": RULE, "priority": 7}, {API: 7}, id="an explicit priority"),
        pytest.param({"match": RULE, "priority": -7}, {API: -7}, id="a negative priority"),
        pytest.param({"match": f" {RULE}  "}, {API: len(RULE) + 3}, id="blanks count towards the length"),
        pytest.param({"match": "Path(`/ä`)"}, {}, id="a path that no request can have"),
        pytest.param({"match": RULE, "kind": "Rule", "syntax": "v3"}, {API: len(RULE)}, id="the v3 syntax"),
        pytest.param({"match": RULE, "syntax": "v2"}, {}, id="the v2 syntax"),
        pytest.param({"match": "Nonsense"}, {}, id="an invalid rule"),
    ],
)
def test_patterns_of_an_ingress_route(route: dict[str, Any], expected: dict[Pattern, int]) -> None:
    assert priorities("IngressRoute", ingress_route(route)) == expected


def test_highest_priority_of_equal_patterns_counts() -> None:
    routes = [{"match": RULE, "priority": each} for each in (5, 9, 7)]
    assert priorities("IngressRoute", ingress_route(*routes)) == {API: 9}


def test_ingress_route_with_parents_matches_nothing() -> None:
    assert read_foreign_route("IngressRoute", ingress_route({"match": RULE}, parentRefs=[{"name": "root"}])) is None


def test_where_an_ingress_route_is_served() -> None:
    manifest = ingress_route({"match": RULE}, entryPoints=["web"], ingressClassName="inner", tls={})
    assert read_foreign_route("IngressRoute", manifest) == ForeignRoute(
        {API: len(RULE)},
        frozenset({"web"}),
        "inner",
        tls=True,
        tls_routes=frozenset({(TLSHost("a.test", "web", "inner"), DEFAULT)}),
    )
    assert read_foreign_route("IngressRoute", ingress_route({"match": RULE})) == ForeignRoute(
        {API: len(RULE)}, frozenset(), "", tls_routes=frozenset({(TLSHost("a.test", "", ""), NO_TLS)})
    )


def ingress(path: dict[str, Any], host: str | None = "a.test", annotations: dict[str, str] | None = None) -> Any:
    rule: dict[str, Any] = {"http": {"paths": [{"backend": {"service": {"name": "s"}}} | path]}}
    return body({"rules": [rule | ({"host": host} if host else {})]}, annotations)


AS_PREFIX = 'Host("a.test") && PathPrefix("/api")'
AS_PATH = 'Host("a.test") && Path("/api")'


@pytest.mark.parametrize(
    ("manifest", "expected"),
    [
        pytest.param(ingress({"path": "/api", "pathType": "Prefix"}), {API: len(AS_PREFIX)}, id="a prefix"),
        pytest.param(
            ingress({"path": "/api", "pathType": "Exact"}),
            {Pattern("a.test", "/api", exact=True): len(AS_PATH)},
            id="a path",
        ),
        pytest.param(
            ingress({"path": "/api", "pathType": "ImplementationSpecific"}),
            {API: len(AS_PREFIX)},
            id="ImplementationSpecific",
        ),
        pytest.param(
            ingress({"path": "/api", "pathType": "ImplementationSpecific"}, None, {f"{ROUTER}pathmatcher": "Path"}),
            {Pattern("", "/api", exact=True): len('Path("/api")')},
            id="ImplementationSpecific with pathmatcher Path",
        ),
        pytest.param(
            ingress({"path": "/api", "pathType": "Prefix"}, None, {f"{ROUTER}pathmatcher": "Path"}),
            {Pattern("", "/api"): len('PathPrefix("/api")')},
            id="a prefix ignores pathmatcher",
        ),
        pytest.param(
            ingress(
                {"path": "/api", "pathType": "ImplementationSpecific"}, None, {f"{ROUTER}pathmatcher": "PathRegexp"}
            ),
            {},
            id="a regular expression",
        ),
        pytest.param(ingress({}), {Pattern("a.test", "/"): len('Host("a.test")')}, id="no path"),
        pytest.param(ingress({}, None), {}, id="neither host nor path"),
        pytest.param(
            ingress({"path": "/", "pathType": "Prefix"}, "*.test"),
            {Pattern("*.test", "/"): len('Host("*.test") && PathPrefix("/")')},
            id="a wildcard host",
        ),
        pytest.param(
            ingress({"path": "/api", "pathType": "Prefix"}, annotations={f"{ROUTER}priority": "2000"}),
            {API: 2000},
            id="a priority",
        ),
        pytest.param(
            ingress({"path": "/api", "pathType": "Prefix"}, annotations={f"{ROUTER}priority": "high"}),
            {},
            id="an invalid priority",
        ),
        pytest.param(
            ingress({"path": "/api", "pathType": "Prefix"}, annotations={f"{ROUTER}rulesyntax": "v2"}),
            {},
            id="the v2 syntax",
        ),
        pytest.param(
            ingress({"path": "/api", "pathType": "Prefix", "backend": {"resource": {}}}), {}, id="no service behind it"
        ),
        pytest.param(ingress({"path": '/a"b', "pathType": "Prefix"}), {}, id="a quote in the path"),
        pytest.param(body({"defaultBackend": {"service": {"name": "s"}}}), {}, id="a default backend"),
        pytest.param(body({"rules": [{"host": "a.test"}]}), {}, id="a host without paths"),
    ],
)
def test_patterns_of_an_ingress(manifest: dict[str, Any], expected: dict[Pattern, int]) -> None:
    assert priorities("Ingress", manifest) == expected


@pytest.mark.parametrize(
    ("annotations", "class_name", "expected"),
    [
        ({}, None, (frozenset(), "", False)),
        ({}, "traefik", (frozenset(), "", False)),
        ({}, "nginx", (frozenset(), "nginx", False)),
        ({"kubernetes.io/ingress.class": "nginx"}, None, (frozenset(), "nginx", False)),
        ({"kubernetes.io/ingress.class": "nginx"}, "traefik", (frozenset(), "", False)),
        ({f"{ROUTER}entrypoints": "web, other"}, None, (frozenset({"web", "other"}), "", False)),
        ({f"{ROUTER}entryPoints": "web"}, None, (frozenset({"web"}), "", False)),
        ({f"{ROUTER}tls": "true"}, None, (frozenset(), "", True)),
        ({f"{ROUTER}tls": "false"}, None, (frozenset(), "", False)),
        ({f"{ROUTER}tls.certresolver": "le"}, None, (frozenset(), "", True)),
    ],
)
def test_where_an_ingress_is_served(
    annotations: dict[str, str], class_name: str | None, expected: tuple[frozenset[str], str, bool]
) -> None:
    manifest = ingress({"path": "/api", "pathType": "Prefix"}, annotations=annotations)
    manifest["spec"]["ingressClassName"] = class_name
    found = read_foreign_route("Ingress", manifest)
    assert found is not None
    assert (found.entry_points, found.ingress_class, found.tls) == expected


TRAEFIKS = {
    "parents": [
        {"controllerName": "traefik.io/gateway-controller", "conditions": [{"type": "Accepted", "status": "True"}]}
    ]
}


def http_route(*matches: dict[str, Any], hosts: tuple[str, ...] = ("a.test",), status: Any = None) -> dict[str, Any]:
    spec = {"hostnames": list(hosts), "rules": [{"matches": list(matches)}]}
    return body(spec, status=TRAEFIKS if status is None else status)


def under(path: str, kind: str = "PathPrefix") -> dict[str, Any]:
    return {"path": {"type": kind, "value": path}}


@pytest.mark.parametrize(
    ("manifest", "expected"),
    [
        pytest.param(
            http_route(under("/api")),
            {Pattern("a.test", "/api", exact=True): 10407, Pattern("a.test", "/api/"): 10407},
            id="a prefix, by segments",
        ),
        pytest.param(
            http_route(under("/api/"), hosts=()),
            {Pattern("", "/api", exact=True): 10501, Pattern("", "/api/"): 10501},
            id="no host",
        ),
        pytest.param(http_route(under("/")), {Pattern("a.test", "/"): 8}, id="the root has the lowest priority"),
        pytest.param(http_route({}), {Pattern("a.test", "/"): 8}, id="no path means the root"),
        pytest.param(
            http_route(under("/api", "Exact")), {Pattern("a.test", "/api", exact=True): 100007}, id="an exact path"
        ),
        pytest.param(
            http_route(under("/"), hosts=("*.test", "long.test")),
            {Pattern("**.test", "/"): 11, Pattern("long.test", "/"): 11},
            id="the longest host counts for all hosts",
        ),
        pytest.param(http_route(under("/api", "RegularExpression")), {}, id="a regular expression"),
        pytest.param(http_route(under("/api") | {"method": "GET"}), {}, id="one method"),
        pytest.param(http_route(under("/api") | {"headers": [{"name": "a", "value": "b"}]}), {}, id="a header"),
        pytest.param(http_route(under("/api") | {"queryParams": [{"name": "a", "value": "b"}]}), {}, id="a query"),
        pytest.param(http_route(), {}, id="no match"),
        pytest.param(http_route(under("/"), status={}), {}, id="not accepted by any controller"),
        pytest.param(
            http_route(under("/"), status={"parents": [TRAEFIKS["parents"][0] | {"controllerName": "other"}]}),
            {Pattern("a.test", "/"): 8},
            id="accepted by another controller",
        ),
        pytest.param(
            http_route(
                under("/"),
                status={
                    "parents": [
                        TRAEFIKS["parents"][0] | {"conditions": [{"type": "Accepted", "status": "False"}]},
                    ]
                },
            ),
            {},
            id="refused by Traefik",
        ),
    ],
)
def test_patterns_of_an_http_route(manifest: dict[str, Any], expected: dict[Pattern, int]) -> None:
    assert priorities("HTTPRoute", manifest) == expected


def test_earlier_rule_of_an_http_route_has_a_higher_priority() -> None:
    manifest = http_route(under("/", "Exact"))
    manifest["spec"]["rules"] += [{"matches": [under("/b", "Exact")]}, {"matches": [under("/c", "Exact")]}]
    assert sorted(priorities("HTTPRoute", manifest).items(), key=lambda one: -one[1]) == [
        (Pattern("a.test", "/", exact=True), 100009),
        (Pattern("a.test", "/b", exact=True), 100008),
        (Pattern("a.test", "/c", exact=True), 100007),
    ]


@pytest.mark.parametrize("kind", ["IngressRoute", "Ingress", "HTTPRoute"])
@pytest.mark.parametrize(
    "spec", [{}, {"routes": None, "rules": None}, {"routes": [{}], "rules": [{}]}, {"routes": "x", "rules": 5}, None]
)
def test_object_of_an_unexpected_shape_matches_nothing(kind: str, spec: Any) -> None:
    assert read_foreign_route(kind, body(spec, status=TRAEFIKS)) is None


def test_ingress_classes_are_normalized() -> None:
    assert normalized_class(None) == normalized_class("") == normalized_class("traefik") == ""
    assert normalized_class("inner") == "inner"


def test_reference_is_kind_namespace_and_name() -> None:
    assert str(RouteRef("Ingress", "team", "shop")) == "Ingress team/shop"


def paths(count: int) -> list[dict[str, Any]]:
    return [
        {"path": f"/p{number}", "pathType": "Prefix", "backend": {"service": {"name": "s"}}} for number in range(count)
    ]


def test_ingress_with_thousands_of_paths_is_read_within_its_steps() -> None:
    """4,000 paths without a host once took 47 s beside 1,000 apps."""
    budget = Budget(MAX_ROUTE_STEPS)
    found = read_foreign_route("Ingress", body({"rules": [{"http": {"paths": paths(4_000)}}]}), budget)
    assert found is not None
    assert found.complete
    assert len(found.priorities) == 4_000
    assert budget.spent <= MAX_ROUTE_STEPS


def test_ingress_beyond_its_steps_is_not_complete() -> None:
    budget = Budget(MAX_ROUTE_STEPS)
    found = read_foreign_route("Ingress", body({"rules": [{"http": {"paths": paths(20_000)}}]}), budget)
    assert found is not None
    assert not found.complete
    assert 4_000 < len(found.priorities) < 20_000
    assert budget.spent <= MAX_ROUTE_STEPS + 10, "one rule more than the last that fits"


@pytest.mark.parametrize("joint", ["&&", "||"])
def test_rules_of_many_matchers_are_read_within_their_steps(joint: str) -> None:
    """Ten rules of 120 matchers once took 13 s beside 1,000 apps."""
    sides = [f"({' || '.join(f'{name}(`/{number}`)' for number in range(55))})" for name in ("PathPrefix", "Path")]
    budget = Budget(MAX_ROUTE_STEPS)
    found = read_foreign_route(
        "IngressRoute", ingress_route(*({"match": f" {joint} ".join(sides)} for _ in range(10))), budget
    )
    assert found is not None
    assert found.complete
    assert budget.spent <= MAX_ROUTE_STEPS


def test_rule_beyond_a_limit_leaves_out_only_itself() -> None:
    long = "PathPrefix(`/" + "x" * 5_000 + "`)"
    found = read_foreign_route("IngressRoute", ingress_route({"match": long}, {"match": RULE}))
    tls = frozenset({(TLSHost("a.test", "", ""), NO_TLS)})
    assert found == ForeignRoute({API: len(RULE)}, frozenset(), "", tls_routes=tls, complete=False)
    assert read_foreign_route("IngressRoute", ingress_route({"match": long})) == ForeignRoute(
        {}, frozenset(), "", complete=False
    )
