"""Which foreign routes overlap with an app: rules, priorities, hosts, entry points and classes, one case per row.

Read `HOSTED` as an app at a.test/api/v1 with priority 10706, and `HOSTLESS` as one at /api/v1 with priority 7.
"""

import random
from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from typing_extensions import override

from proxiedapp.api.budget import Budget
from proxiedapp.controller.observed.foreignroutes import ForeignRoutes
from proxiedapp.kube.key import Key
from proxiedapp.routing.entrypoints import EntryPoints
from proxiedapp.routing.foreignroute import RouteRef, read_foreign_route
from proxiedapp.routing.overlap import Overlap, address_hosts, address_patterns, find_overlap
from proxiedapp.routing.route import Route
from proxiedapp.routing.rule import Rule
from proxiedapp.routing.ruleparser import Pattern
from tests.support.traefik_rule import takes

URLS = {"web": "http://*", "websecure": "https://*"}


def route(*hosts: str, prefix: str = "/api/v1", **changes: Any) -> Route:
    fields: dict[str, Any] = {
        "app": Key("team", "shop"),
        "rule": Rule(hosts, prefix),
        "strips": True,
        "entry_points": ("web", "websecure"),
        "ingress_class_name": None,
        "service": "shop",
        "port": 8000,
    }
    return Route(**(fields | changes))


HOSTED = route("a.test")
HOSTLESS = route()
WILDCARD = route("*.test")
ROOT = route("a.test", prefix="/")
BARE = route(prefix="/")
"""An app at / on any host: priority 1."""


def at(prefix: str) -> list[dict[str, Any]]:
    return [{"matches": [{"path": {"type": "PathPrefix", "value": prefix}}]}]


def exactly(path: str) -> list[dict[str, Any]]:
    return [{"matches": [{"path": {"type": "Exact", "value": path}}]}]


AT_API = at("/api/v1")
SERVICE = {"service": {"name": "s", "port": {"number": 80}}}
ACCEPTED = {
    "parents": [
        {"controllerName": "traefik.io/gateway-controller", "conditions": [{"type": "Accepted", "status": "True"}]}
    ]
}


def foreign_route(rule: str, priority: int = 0, **spec: Any) -> dict[str, Any]:
    return {"kind": "IngressRoute", "spec": {"routes": [{"match": rule, "priority": priority}], **spec}}


def ingress(path: str, host: str = "a.test", *, annotations: dict[str, str] | None = None, **spec: Any) -> Any:
    paths = [{"path": path, "pathType": "Prefix", "backend": SERVICE}]
    rules = [{"host": host, "http": {"paths": paths}}]
    return {"kind": "Ingress", "metadata": {"annotations": annotations or {}}, "spec": {"rules": rules, **spec}}


def http_route(*hosts: str, rules: Any = AT_API) -> dict[str, Any]:
    return {"kind": "HTTPRoute", "spec": {"hostnames": list(hosts), "rules": rules}, "status": ACCEPTED}


def foreign_routes(*objects: Mapping[str, Any]) -> ForeignRoutes:
    routes = ForeignRoutes()
    for number, manifest in enumerate(objects):
        body = {"metadata": {}, **manifest}
        name = body["metadata"].get("name", f"theirs-{number}")
        routes.observe(RouteRef(body["kind"], "others", name), read_foreign_route(body["kind"], body))
    return routes


def overlap(app_route: Route, *objects: Mapping[str, Any], urls: Mapping[str, str] = URLS) -> Overlap | None:
    return find_overlap(app_route, EntryPoints(("web", "websecure"), urls), foreign_routes(*objects))


def winner_of(app_route: Route, *objects: Mapping[str, Any], urls: Mapping[str, str] = URLS) -> str | None:
    found = overlap(app_route, *objects, urls=urls)
    return None if found is None else found.winner.name


SAME = "Host(`a.test`) && PathPrefix(`/api/v1`)"


@pytest.mark.parametrize(
    ("app_route", "foreign", "expected"),
    [
        pytest.param(HOSTED, foreign_route(SAME), "APP", id="same address, default priority"),
        pytest.param(HOSTED, foreign_route(SAME, 10705), "APP", id="same address, lower priority"),
        pytest.param(HOSTED, foreign_route(SAME, 10706), "EITHER", id="same address and priority"),
        pytest.param(HOSTED, foreign_route(SAME, 10707), "FOREIGN", id="same address, higher priority"),
        pytest.param(HOSTED, foreign_route(Rule(("a.test",), "/api/v1").format(), 10706), "EITHER", id="the same rule"),
        pytest.param(HOSTED, foreign_route("Host(`a.test`) && Path(`/api/v1`)"), "APP", id="only the prefix itself"),
        pytest.param(
            HOSTED,
            foreign_route("Host(`a.test`) && Path(`/api/v1/`)", 12000),
            "FOREIGN",
            id="only the prefix with a slash",
        ),
        pytest.param(
            HOSTED, foreign_route("Host(`a.test`) && PathPrefix(`/api/v1/`)"), "APP", id="everything below the prefix"
        ),
        pytest.param(
            HOSTED,
            foreign_route("Host(`A.TEST`) && PathPrefix(`/api/v1`)"),
            "APP",
            id="hosts are compared without case",
        ),
        pytest.param(
            HOSTED,
            foreign_route("Host(`a.test`) && PathPrefix(`/API/v1`)", 12000),
            None,
            id="paths are compared with case",
        ),
        pytest.param(
            HOSTED, foreign_route("Host(`b.test`) || Host(`a.test`)", 12000), "FOREIGN", id="one of several hosts"
        ),
        pytest.param(HOSTED, foreign_route("Host(`b.test`) && PathPrefix(`/api/v1`)", 12000), None, id="another host"),
        pytest.param(HOSTED, foreign_route("Host(`x.a.test`) && PathPrefix(`/api/v1`)", 12000), None, id="a subdomain"),
        pytest.param(HOSTED, foreign_route("Host(`test`) && PathPrefix(`/api/v1`)", 12000), None, id="a parent domain"),
        pytest.param(
            HOSTED, foreign_route("Host(`a.test`) && PathPrefix(`/api/v1/x`)", 12000), None, id="a longer prefix"
        ),
        pytest.param(HOSTED, foreign_route("Host(`a.test`) && Path(`/api/v1/docs`)", 12000), None, id="a path below"),
        pytest.param(
            HOSTED,
            foreign_route("Host(`a.test`) && PathPrefix(`/api/v10`)", 12000),
            None,
            id="a prefix with the same start",
        ),
        pytest.param(
            HOSTED, foreign_route("Host(`a.test`) && PathPrefix(`/api`)"), None, id="a shorter prefix, default priority"
        ),
        pytest.param(
            HOSTED, foreign_route("Host(`a.test`) && PathPrefix(`/api`)", 12000), "FOREIGN", id="a shorter prefix first"
        ),
        pytest.param(
            HOSTED,
            foreign_route("Host(`a.test`) && PathPrefix(`/ap`)", 12000),
            "FOREIGN",
            id="a prefix that ends within a segment",
        ),
        pytest.param(
            HOSTED,
            foreign_route("Host(`a.test`) && PathPrefix(`/api/v`)", 12000),
            "FOREIGN",
            id="another prefix that ends within a segment",
        ),
        pytest.param(HOSTED, foreign_route("Host(`a.test`) && Path(`/api`)", 12000), None, id="the exact parent path"),
        pytest.param(HOSTED, foreign_route("Host(`a.test`)"), None, id="the whole host, default priority"),
        pytest.param(HOSTED, foreign_route("Host(`a.test`)", 10706), "EITHER", id="the whole host, same priority"),
        pytest.param(HOSTED, foreign_route("PathPrefix(`/`)"), None, id="catch-all, default priority"),
        pytest.param(HOSTED, foreign_route("PathPrefix(`/`)", 10705), None, id="catch-all, lower priority"),
        pytest.param(HOSTED, foreign_route("PathPrefix(`/`)", 15000), "FOREIGN", id="catch-all, higher priority"),
        pytest.param(HOSTED, foreign_route("Host(`*`)", 15000), "FOREIGN", id="Host(`*`), higher priority"),
        pytest.param(HOSTED, foreign_route("PathPrefix(`/api/v1`)"), None, id="the same prefix on any host"),
        pytest.param(
            HOSTED,
            foreign_route("PathPrefix(`/api/v1`)", 10707),
            "FOREIGN",
            id="the same prefix on any host, higher priority",
        ),
        pytest.param(HOSTED, foreign_route("Host(`*.test`)", 15000), "FOREIGN", id="wildcard host"),
        pytest.param(HOSTED, foreign_route("Host(`*.a.test`)", 15000), None, id="wildcard below the host"),
        pytest.param(WILDCARD, foreign_route("Host(`*.test`)", 5000), "FOREIGN", id="the same wildcard"),
        pytest.param(WILDCARD, http_route("*.test"), "FOREIGN", id="HTTPRoute with the same wildcard"),
        pytest.param(WILDCARD, foreign_route("PathPrefix(`/`)", 5000), "FOREIGN", id="any host, for a wildcard"),
        pytest.param(WILDCARD, foreign_route("PathPrefix(`/`)"), None, id="any host, lower than a wildcard"),
        pytest.param(WILDCARD, foreign_route("Host(`a.test`)", 5000), None, id="a name below the wildcard"),
        pytest.param(
            route("x.a.test"), foreign_route("Host(`*.test`)", 15000), None, id="wildcard matches one label only"
        ),
        pytest.param(HOSTED, foreign_route("Host(`a.test`) && Method(`GET`)", 15000), None, id="one method"),
        pytest.param(HOSTED, foreign_route("Host(`a.test`) && !PathPrefix(`/x`)", 15000), None, id="a negated matcher"),
        pytest.param(HOSTED, foreign_route("HostRegexp(`.*`)", 15000), None, id="a regular expression"),
        pytest.param(
            HOSTED, foreign_route("Method(`GET`) || Host(`a.test`)", 15000), "FOREIGN", id="the readable part"
        ),
        pytest.param(HOSTED, foreign_route("not a rule", 15000), None, id="an invalid rule"),
        pytest.param(
            HOSTED, foreign_route(f"{SAME}{' ' * 2000}"), "APP", id="a long rule, whose priority is its length"
        ),
        pytest.param(ROOT, foreign_route("Host(`a.test`)"), "APP", id="the whole host for both"),
        pytest.param(
            ROOT,
            foreign_route("Host(`a.test`) && PathPrefix(`/`)", 10106),
            "EITHER",
            id="the whole host for both, same priority",
        ),
        pytest.param(
            ROOT, foreign_route("Host(`a.test`) && PathPrefix(`/api`)", 15000), None, id="a prefix below the root"
        ),
        pytest.param(ROOT, foreign_route("Host(`a.test`) && Path(`/`)", 15000), "FOREIGN", id="the exact root path"),
        pytest.param(BARE, foreign_route("PathPrefix(`/`)"), "FOREIGN", id="catch-all with a longer rule"),
        pytest.param(BARE, foreign_route("PathPrefix(`/`)", -5), "APP", id="catch-all with a lower priority"),
        pytest.param(BARE, foreign_route("Host(`b.test`)"), None, id="a host that the app does not name"),
        pytest.param(HOSTLESS, foreign_route("PathPrefix(`/`)"), "FOREIGN", id="catch-all, longer than the prefix"),
        pytest.param(HOSTLESS, foreign_route("PathPrefix(`/`)", 1), None, id="catch-all with priority 1"),
        pytest.param(HOSTLESS, foreign_route("PathPrefix(`/`)", 7), "EITHER", id="catch-all, level"),
        pytest.param(
            route(prefix="/team/orders/v1"),
            foreign_route("PathPrefix(`/`)"),
            "EITHER",
            id="prefix as long as the foreign rule",
        ),
        pytest.param(
            route(prefix="/team/orders/v12"),
            foreign_route("PathPrefix(`/`)"),
            None,
            id="prefix longer than the foreign rule",
        ),
        pytest.param(HOSTLESS, foreign_route("PathPrefix(`/api/v1`)"), "FOREIGN", id="same prefix on any host"),
        pytest.param(
            HOSTLESS, foreign_route("PathPrefix(`/api/v1`)", 6), "APP", id="same prefix on any host, lower priority"
        ),
        pytest.param(
            HOSTLESS,
            foreign_route("Host(`b.test`) && PathPrefix(`/api/v1`)"),
            None,
            id="same prefix on a host that the app does not name",
        ),
        pytest.param(
            HOSTLESS, foreign_route("Host(`*.test`)", 15000), None, id="wildcard host that the app does not name"
        ),
        pytest.param(HOSTED, ingress("/api/v1"), "APP", id="Ingress, same address"),
        pytest.param(HOSTED, ingress("/api/v1/"), "APP", id="Ingress with a slash"),
        pytest.param(HOSTED, ingress("/"), None, id="Ingress for the whole host"),
        pytest.param(HOSTED, ingress("/api/v1", "b.test"), None, id="Ingress, another host"),
        pytest.param(HOSTED, ingress("/api/v1/x"), None, id="Ingress below the prefix"),
        pytest.param(
            HOSTED,
            ingress("/", annotations={"traefik.ingress.kubernetes.io/router.priority": "13000"}),
            "FOREIGN",
            id="Ingress with a priority",
        ),
        pytest.param(HOSTED, ingress("/api/v1", ingressClassName="traefik"), "APP", id="Ingress of Traefik's class"),
        pytest.param(HOSTED, ingress("/api/v1", ingressClassName="nginx"), None, id="Ingress of another proxy"),
        pytest.param(ROOT, ingress("/"), "APP", id="Ingress for the whole host, as the app"),
        pytest.param(HOSTLESS, ingress("/api/v1", ""), "FOREIGN", id="Ingress without a host"),
        pytest.param(HOSTLESS, ingress("/", ""), "FOREIGN", id="Ingress for any host and path"),
        pytest.param(HOSTED, ingress("/", ""), None, id="Ingress for any host and path, app with a host"),
        pytest.param(HOSTED, http_route("a.test"), "FOREIGN", id="HTTPRoute, same address"),
        pytest.param(HOSTED, http_route(), None, id="HTTPRoute without a host"),
        pytest.param(HOSTED, http_route("b.test"), None, id="HTTPRoute, another host"),
        pytest.param(HOSTED, http_route("a.test", rules=at("/api")), None, id="HTTPRoute with a shorter prefix"),
        pytest.param(HOSTED, http_route(rules=at("/api")), None, id="HTTPRoute with a shorter prefix, any host"),
        pytest.param(
            HOSTED, http_route("*.test", rules=at("/api")), None, id="HTTPRoute with a shorter prefix, wildcard"
        ),
        pytest.param(HOSTLESS, http_route(rules=at("/api")), "FOREIGN", id="HTTPRoute, app without hosts"),
        pytest.param(
            route("x.y.test"),
            http_route("*.test", rules=exactly("/api/v1")),
            "FOREIGN",
            id="HTTPRoute with a wildcard for two labels",
        ),
        pytest.param(HOSTED, http_route("a.test", rules=[{"matches": [{}]}]), None, id="HTTPRoute for the whole host"),
        pytest.param(
            ROOT, http_route("a.test", rules=[{"matches": [{}]}]), "APP", id="HTTPRoute for the whole host, as the app"
        ),
        pytest.param(HOSTED, http_route("a.test") | {"status": {}}, None, id="HTTPRoute that Traefik has not accepted"),
        pytest.param(
            HOSTED,
            http_route("a.test") | {"status": {"parents": [ACCEPTED["parents"][0] | {"controllerName": "other"}]}},
            None,
            id="HTTPRoute that another proxy serves",
        ),
    ],
)
def test_overlaps(app_route: Route, foreign: Mapping[str, Any], expected: str | None) -> None:
    assert winner_of(app_route, foreign) == expected


BEFORE = 15000


@pytest.mark.parametrize(
    ("app_route", "spec", "expected"),
    [
        pytest.param(HOSTED, {"entryPoints": ["web"]}, "FOREIGN", id="shared entry point"),
        pytest.param(HOSTED, {"entryPoints": ["other", "websecure"]}, "FOREIGN", id="one of several is shared"),
        pytest.param(HOSTED, {"entryPoints": ["other"]}, None, id="no shared entry point"),
        pytest.param(HOSTED, {"entryPoints": []}, "FOREIGN", id="Traefik's default entry points"),
        pytest.param(HOSTED, {"entryPoints": ["web"], "tls": {}}, None, id="TLS only, on a plain entry point"),
        pytest.param(HOSTED, {"entryPoints": ["websecure"], "tls": {}}, "FOREIGN", id="TLS only, on a TLS entry point"),
        pytest.param(HOSTED, {"tls": {}}, "FOREIGN", id="TLS only, default entry points"),
        pytest.param(route("a.test", entry_points=("web",)), {"tls": {}}, None, id="TLS only, app without TLS"),
        pytest.param(
            route("a.test", entry_points=("websecure",), plain_entry_points=("web",)),
            {"entryPoints": ["web"]},
            "FOREIGN",
            id="one of the app's plain entry points",
        ),
        pytest.param(HOSTED, {"ingressClassName": "inner"}, None, id="another ingress class"),
        pytest.param(HOSTED, {"ingressClassName": "traefik"}, "FOREIGN", id="Traefik's default class"),
        pytest.param(route("a.test", ingress_class_name="traefik"), {}, "FOREIGN", id="app with the default class"),
        pytest.param(route("a.test", ingress_class_name="inner"), {}, None, id="app with another class"),
        pytest.param(
            route("a.test", ingress_class_name="inner"), {"ingressClassName": "inner"}, "FOREIGN", id="the same class"
        ),
    ],
)
def test_overlap_needs_a_shared_entry_point_and_class(
    app_route: Route, spec: dict[str, Any], expected: str | None
) -> None:
    assert winner_of(app_route, foreign_route(SAME, BEFORE, **spec)) == expected


@pytest.mark.parametrize(
    ("app_route", "host", "expected"),
    [
        pytest.param(HOSTLESS, "shop.example", "FOREIGN", id="public host of the entry point"),
        pytest.param(HOSTLESS, "other.example", None, id="another host"),
        pytest.param(HOSTED, "shop.example", None, id="app with hosts"),
        pytest.param(route(entry_points=("web",)), "shop.example", None, id="host of another entry point"),
    ],
)
def test_app_without_hosts_has_the_public_hosts_of_its_entry_points(
    app_route: Route, host: str, expected: str | None
) -> None:
    urls = {"web": "http://*", "websecure": "https://shop.example:8443"}
    assert winner_of(app_route, foreign_route(f"Host(`{host}`)"), urls=urls) == expected


def test_every_host_of_an_app_is_checked() -> None:
    found = overlap(route("a.test", "b.test"), foreign_route("Host(`b.test`)", BEFORE))
    assert found is not None
    assert found.host == "b.test"


def test_worst_overlap_is_reported_then_the_first_by_name_in_any_order() -> None:
    objects = [
        foreign_route(SAME) | {"metadata": {"name": "a"}},
        foreign_route(SAME, 10706) | {"metadata": {"name": "b"}},
        foreign_route(SAME, 13000) | {"metadata": {"name": "d"}},
        foreign_route("Host(`a.test`)", 12000) | {"metadata": {"name": "c"}},
        http_route("a.test") | {"metadata": {"name": "e"}},
    ]
    for seed in range(20):
        random.Random(seed).shuffle(objects)
        found = overlap(HOSTED, *objects)
        assert found is not None
        assert str(found.ref) == "HTTPRoute others/e"
    found = overlap(HOSTED, *(one for one in objects if one["kind"] == "IngressRoute"))
    assert found is not None
    assert str(found.ref) == "IngressRoute others/c"


@pytest.mark.parametrize(
    ("app_route", "foreign", "effect", "change"),
    [
        (
            HOSTED,
            foreign_route(SAME, 12000),
            (
                "IngressRoute others/theirs-0 takes the requests for a.test /api/v1 "
                "(its priority is 12000, this app's is 10706)"
            ),
            "host, path or priority, or delete it",
        ),
        (
            HOSTED,
            foreign_route(SAME, 10706),
            (
                "IngressRoute others/theirs-0 has the same priority for a.test /api/v1, "
                "so either route may get the requests "
                "(its priority is 10706, this app's is 10706)"
            ),
            "host, path or priority, or delete it",
        ),
        (
            HOSTED,
            ingress("/api/v1"),
            (
                "Ingress others/theirs-0 also matches a.test /api/v1, but gets no requests there "
                "(its priority is 39, this app's is 10706)"
            ),
            "host, path or priority, or delete it",
        ),
        (
            HOSTED,
            http_route("a.test"),
            (
                "HTTPRoute others/theirs-0 takes the requests for a.test /api/v1 "
                "(its priority is 10707, this app's is 10706)"
            ),
            "hostname or path, or delete it",
        ),
        (
            HOSTLESS,
            foreign_route("PathPrefix(`/`)"),
            (
                "IngressRoute others/theirs-0 takes the requests for any host /api/v1 "
                "(its priority is 15, this app's is 7)"
            ),
            "host, path or priority, or delete it, or list this app's hosts in spec.route.hosts",
        ),
    ],
)
def test_text_of_an_overlap(app_route: Route, foreign: Mapping[str, Any], effect: str, change: str) -> None:
    found = overlap(app_route, foreign)
    assert found is not None
    assert found.text == f"{effect}. Change its {change}"


PATHS = st.sampled_from(["/", "/a", "/a/", "/a/b", "/a/b/", "/ab", "/a/bc", "/a/b/c"])
HOSTS = st.sampled_from(["", "a.test", "b.test", "x.a.test", "*.test", "**.test", "*.a.test"])
PATTERNS = st.builds(Pattern, HOSTS, PATHS, st.booleans())


class EveryHost(ForeignRoutes):
    """Routes of which any host pattern may be one."""

    @override
    def has_host(self, host: str) -> bool:
        return True


def patterns_of(host: str, prefix: str) -> set[Pattern]:
    return set(address_patterns(host, prefix, EveryHost()))


@given(PATTERNS, st.sampled_from(["/", "/a", "/a/b"]))
def test_patterns_of_an_address_are_those_that_traefik_matches_there(pattern: Pattern, prefix: str) -> None:
    """Wildcards for several labels are left out because Traefik's rules have none."""
    if pattern.host.startswith("**"):
        return
    path = f'{"Path" if pattern.exact else "PathPrefix"}("{pattern.path}")'
    rule = f'Host("{pattern.host}") && {path}' if pattern.host else path
    taken = any(takes(rule, "a.test", asked) for asked in (prefix, prefix.rstrip("/") + "/"))
    assert (pattern in patterns_of("a.test", prefix)) == taken


def test_only_hosts_that_some_foreign_route_has_are_looked_up() -> None:
    """A host of 127 labels is matched by as many wildcards, and an app may have 32 such hosts."""
    host = ".".join("a" * 127)
    assert len(address_hosts(host)) > 127
    assert len(list(address_patterns(host, "/api", foreign_routes()))) == 0
    assert {one.host for one in address_patterns(host, "/api", foreign_routes(foreign_route("PathPrefix(`/`)")))} == {
        ""
    }


def test_search_for_overlaps_ends_when_its_steps_are_spent() -> None:
    objects = [foreign_route(SAME, 12000 + number) for number in range(100)]
    entry_points = EntryPoints(("web", "websecure"), URLS)
    for steps in (0, 1, 50, 500):
        budget = Budget(steps)
        found = find_overlap(HOSTED, entry_points, foreign_routes(*objects), budget)
        assert budget.spent <= steps + 1
        assert (found is not None) == (steps >= 50)
