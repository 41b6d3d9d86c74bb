"""Which foreign routes an app is warned of: rules, priorities, hosts, entry points and classes, one case a row.

Read `HOSTED` as an app at a.test/api/v1 with priority 1007, and `HOSTLESS` as one at /api/v1 with priority 7.
"""

import random
from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxiedapp.controller.observed.foreignroutes import ForeignRoutes
from proxiedapp.kube.key import Key
from proxiedapp.routing.entrypoints import EntryPoints
from proxiedapp.routing.foreignroute import RouteRef, read_foreign_route
from proxiedapp.routing.overlap import Overlap, address_patterns, find_overlap, may_overlap
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
ROOT = route("a.test", prefix="/")
BARE = route(prefix="/")
"""At / of every host: priority 1."""

AT_API = [{"matches": [{"path": {"type": "PathPrefix", "value": "/api/v1"}}]}]
SERVICE = {"service": {"name": "s", "port": {"number": 80}}}
ACCEPTED = {
    "parents": [
        {"controllerName": "traefik.io/gateway-controller", "conditions": [{"type": "Accepted", "status": "True"}]}
    ]
}


def theirs(rule: str, priority: int = 0, **spec: Any) -> dict[str, Any]:
    return {"kind": "IngressRoute", "spec": {"routes": [{"match": rule, "priority": priority}], **spec}}


def ingress(path: str, host: str = "a.test", *, annotations: dict[str, str] | None = None, **spec: Any) -> Any:
    paths = [{"path": path, "pathType": "Prefix", "backend": SERVICE}]
    rules = [{"host": host, "http": {"paths": paths}}]
    return {"kind": "Ingress", "metadata": {"annotations": annotations or {}}, "spec": {"rules": rules, **spec}}


def http_route(*hosts: str, rules: Any = AT_API) -> dict[str, Any]:
    return {"kind": "HTTPRoute", "spec": {"hostnames": list(hosts), "rules": rules}, "status": ACCEPTED}


def known(*objects: Mapping[str, Any]) -> ForeignRoutes:
    neighbours = ForeignRoutes()
    for number, manifest in enumerate(objects):
        body = {"metadata": {}, **manifest}
        name = body["metadata"].get("name", f"theirs-{number}")
        neighbours.observe(RouteRef(body["kind"], "others", name), read_foreign_route(body["kind"], body))
    return neighbours


def overlap(ours: Route, *objects: Mapping[str, Any], urls: Mapping[str, str] = URLS) -> Overlap | None:
    return find_overlap(ours, EntryPoints(("web", "websecure"), urls), known(*objects).at)


def told(ours: Route, *objects: Mapping[str, Any], urls: Mapping[str, str] = URLS) -> str | None:
    found = overlap(ours, *objects, urls=urls)
    return None if found is None else found.winner.name


SAME = "Host(`a.test`) && PathPrefix(`/api/v1`)"


@pytest.mark.parametrize(
    ("ours", "foreign", "expected"),
    [
        pytest.param(HOSTED, theirs(SAME), "APP", id="the same place, by default"),
        pytest.param(HOSTED, theirs(SAME, 1006), "APP", id="the same place, a bit below"),
        pytest.param(HOSTED, theirs(SAME, 1007), "EITHER", id="the same place and priority"),
        pytest.param(HOSTED, theirs(SAME, 1008), "FOREIGN", id="the same place, a bit above"),
        pytest.param(HOSTED, theirs(Rule(("a.test",), "/api/v1").format(), 1007), "EITHER", id="our very rule"),
        pytest.param(HOSTED, theirs("Host(`a.test`) && Path(`/api/v1`)"), "APP", id="only the prefix itself"),
        pytest.param(HOSTED, theirs("Host(`a.test`) && Path(`/api/v1/`)", 2000), "FOREIGN", id="only the slashed one"),
        pytest.param(HOSTED, theirs("Host(`a.test`) && PathPrefix(`/api/v1/`)"), "APP", id="all below"),
        pytest.param(HOSTED, theirs("Host(`A.TEST`) && PathPrefix(`/api/v1`)"), "APP", id="hosts know no case"),
        pytest.param(HOSTED, theirs("Host(`a.test`) && PathPrefix(`/API/v1`)", 2000), None, id="paths do"),
        pytest.param(HOSTED, theirs("Host(`b.test`) || Host(`a.test`)", 2000), "FOREIGN", id="one of its hosts"),
        pytest.param(HOSTED, theirs("Host(`b.test`) && PathPrefix(`/api/v1`)", 2000), None, id="another host"),
        pytest.param(HOSTED, theirs("Host(`x.a.test`) && PathPrefix(`/api/v1`)", 2000), None, id="a host below"),
        pytest.param(HOSTED, theirs("Host(`test`) && PathPrefix(`/api/v1`)", 2000), None, id="a host above"),
        pytest.param(HOSTED, theirs("Host(`a.test`) && PathPrefix(`/api/v1/x`)", 2000), None, id="a longer prefix"),
        pytest.param(HOSTED, theirs("Host(`a.test`) && Path(`/api/v1/docs`)", 2000), None, id="a path below"),
        pytest.param(HOSTED, theirs("Host(`a.test`) && PathPrefix(`/api/v10`)", 2000), None, id="a prefix beside"),
        pytest.param(HOSTED, theirs("Host(`a.test`) && PathPrefix(`/api`)"), None, id="a shorter one, by default"),
        pytest.param(
            HOSTED, theirs("Host(`a.test`) && PathPrefix(`/api`)", 2000), "FOREIGN", id="a shorter prefix first"
        ),
        pytest.param(HOSTED, theirs("Host(`a.test`) && PathPrefix(`/ap`)", 2000), "FOREIGN", id="by characters"),
        pytest.param(HOSTED, theirs("Host(`a.test`) && PathPrefix(`/api/v`)", 2000), "FOREIGN", id="by characters too"),
        pytest.param(HOSTED, theirs("Host(`a.test`) && Path(`/api`)", 2000), None, id="the path above"),
        pytest.param(HOSTED, theirs("Host(`a.test`)"), None, id="the whole host, by default"),
        pytest.param(HOSTED, theirs("Host(`a.test`)", 1007), "EITHER", id="the whole host, level"),
        pytest.param(HOSTED, theirs("PathPrefix(`/`)"), None, id="catch-all, by default"),
        pytest.param(HOSTED, theirs("PathPrefix(`/`)", 1006), None, id="catch-all, below"),
        pytest.param(HOSTED, theirs("PathPrefix(`/`)", 5000), "FOREIGN", id="catch-all before"),
        pytest.param(HOSTED, theirs("Host(`*`)", 5000), "FOREIGN", id="every host, said otherwise"),
        pytest.param(HOSTED, theirs("PathPrefix(`/api/v1`)"), None, id="our prefix at every host"),
        pytest.param(HOSTED, theirs("PathPrefix(`/api/v1`)", 1008), "FOREIGN", id="our prefix at every host, before"),
        pytest.param(HOSTED, theirs("Host(`*.test`)", 5000), "FOREIGN", id="one more label"),
        pytest.param(HOSTED, theirs("Host(`*.a.test`)", 5000), None, id="one more label than we have"),
        pytest.param(route("x.a.test"), theirs("Host(`*.test`)", 5000), None, id="two labels are not one"),
        pytest.param(HOSTED, theirs("Host(`a.test`) && Method(`GET`)", 5000), None, id="one method"),
        pytest.param(HOSTED, theirs("Host(`a.test`) && !PathPrefix(`/x`)", 5000), None, id="all but"),
        pytest.param(HOSTED, theirs("HostRegexp(`.*`)", 5000), None, id="a regular expression"),
        pytest.param(HOSTED, theirs("Method(`GET`) || Host(`a.test`)", 5000), "FOREIGN", id="the readable part"),
        pytest.param(HOSTED, theirs("not a rule", 5000), None, id="no rule"),
        pytest.param(HOSTED, theirs(f"{SAME}{' ' * 2000}"), "FOREIGN", id="a long rule comes first"),
        pytest.param(ROOT, theirs("Host(`a.test`)"), "APP", id="the whole host, and so are we"),
        pytest.param(ROOT, theirs("Host(`a.test`) && PathPrefix(`/`)", 1001), "EITHER", id="the whole host, level too"),
        pytest.param(ROOT, theirs("Host(`a.test`) && PathPrefix(`/api`)", 5000), None, id="a prefix below the root"),
        pytest.param(ROOT, theirs("Host(`a.test`) && Path(`/`)", 5000), "FOREIGN", id="the root's own path"),
        pytest.param(BARE, theirs("PathPrefix(`/`)"), "FOREIGN", id="catch-all before catch-all, by its length"),
        pytest.param(BARE, theirs("PathPrefix(`/`)", -5), "APP", id="catch-all below catch-all"),
        pytest.param(BARE, theirs("Host(`b.test`)"), None, id="a host of its own"),
        pytest.param(HOSTLESS, theirs("PathPrefix(`/`)"), "FOREIGN", id="catch-all, longer than our prefix"),
        pytest.param(HOSTLESS, theirs("PathPrefix(`/`)", 1), None, id="catch-all that knows its place"),
        pytest.param(HOSTLESS, theirs("PathPrefix(`/`)", 7), "EITHER", id="catch-all, level"),
        pytest.param(route(prefix="/team/orders/v1"), theirs("PathPrefix(`/`)"), "EITHER", id="as long as its rule"),
        pytest.param(route(prefix="/team/orders/v12"), theirs("PathPrefix(`/`)"), None, id="longer than its rule"),
        pytest.param(HOSTLESS, theirs("PathPrefix(`/api/v1`)"), "FOREIGN", id="the same place at every host"),
        pytest.param(HOSTLESS, theirs("PathPrefix(`/api/v1`)", 6), "APP", id="the same place, below"),
        pytest.param(
            HOSTLESS, theirs("Host(`b.test`) && PathPrefix(`/api/v1`)"), None, id="a host that we do not name"
        ),
        pytest.param(HOSTLESS, theirs("Host(`*.test`)", 5000), None, id="hosts that we do not name"),
        pytest.param(HOSTED, ingress("/api/v1"), "APP", id="Ingress at the same place"),
        pytest.param(HOSTED, ingress("/api/v1/"), "APP", id="Ingress with a slash"),
        pytest.param(HOSTED, ingress("/"), None, id="Ingress for the rest of the host"),
        pytest.param(HOSTED, ingress("/api/v1", "b.test"), None, id="Ingress for another host"),
        pytest.param(HOSTED, ingress("/api/v1/x"), None, id="Ingress below"),
        pytest.param(
            HOSTED,
            ingress("/", annotations={"traefik.ingress.kubernetes.io/router.priority": "3000"}),
            "FOREIGN",
            id="Ingress with a priority",
        ),
        pytest.param(HOSTED, ingress("/api/v1", ingressClassName="traefik"), "APP", id="Ingress of Traefik's class"),
        pytest.param(HOSTED, ingress("/api/v1", ingressClassName="nginx"), None, id="Ingress of another proxy"),
        pytest.param(ROOT, ingress("/"), "APP", id="Ingress for the whole host, and so are we"),
        pytest.param(HOSTLESS, ingress("/api/v1", ""), "FOREIGN", id="Ingress at every host"),
        pytest.param(HOSTLESS, ingress("/", ""), "FOREIGN", id="Ingress for everything"),
        pytest.param(HOSTED, ingress("/", ""), None, id="Ingress for everything, and we have a host"),
        pytest.param(HOSTED, http_route("a.test"), "FOREIGN", id="HTTPRoute at the same place"),
        pytest.param(HOSTED, http_route(), "FOREIGN", id="HTTPRoute at every host"),
        pytest.param(HOSTED, http_route("b.test"), None, id="HTTPRoute at another host"),
        pytest.param(route("x.a.test"), http_route("*.test"), "FOREIGN", id="HTTPRoute, two labels"),
        pytest.param(HOSTED, http_route("a.test", rules=[{"matches": [{}]}]), None, id="HTTPRoute for the rest"),
        pytest.param(ROOT, http_route("a.test", rules=[{"matches": [{}]}]), "APP", id="HTTPRoute, and so are we"),
        pytest.param(HOSTED, http_route("a.test") | {"status": {}}, None, id="HTTPRoute that Traefik has not taken"),
    ],
)
def test_who_is_told_of_what(ours: Route, foreign: Mapping[str, Any], expected: str | None) -> None:
    assert told(ours, foreign) == expected


BEFORE = 5000


@pytest.mark.parametrize(
    ("ours", "spec", "expected"),
    [
        pytest.param(HOSTED, {"entryPoints": ["web"]}, "FOREIGN", id="one that we have"),
        pytest.param(HOSTED, {"entryPoints": ["other", "websecure"]}, "FOREIGN", id="another one that we have"),
        pytest.param(HOSTED, {"entryPoints": ["other"]}, None, id="none that we have"),
        pytest.param(HOSTED, {"entryPoints": []}, "FOREIGN", id="Traefik's default ones"),
        pytest.param(HOSTED, {"entryPoints": ["web"], "tls": {}}, None, id="only TLS where we speak plainly"),
        pytest.param(HOSTED, {"entryPoints": ["websecure"], "tls": {}}, "FOREIGN", id="TLS, and so do we"),
        pytest.param(HOSTED, {"tls": {}}, "FOREIGN", id="TLS at the default ones"),
        pytest.param(route("a.test", entry_points=("web",)), {"tls": {}}, None, id="TLS, and we have none"),
        pytest.param(
            route("a.test", entry_points=("websecure",), plain_entry_points=("web",)),
            {"entryPoints": ["web"]},
            "FOREIGN",
            id="plain",
        ),
        pytest.param(HOSTED, {"ingressClassName": "inner"}, None, id="a Traefik that is not ours"),
        pytest.param(HOSTED, {"ingressClassName": "traefik"}, "FOREIGN", id="Traefik's usual class"),
        pytest.param(route("a.test", ingress_class_name="traefik"), {}, "FOREIGN", id="and the other way round"),
        pytest.param(route("a.test", ingress_class_name="inner"), {}, None, id="our Traefik takes no others"),
        pytest.param(
            route("a.test", ingress_class_name="inner"), {"ingressClassName": "inner"}, "FOREIGN", id="our own class"
        ),
    ],
)
def test_entry_points_and_classes(ours: Route, spec: dict[str, Any], expected: str | None) -> None:
    assert told(ours, theirs(SAME, BEFORE, **spec)) == expected


@pytest.mark.parametrize(
    ("ours", "host", "expected"),
    [
        pytest.param(HOSTLESS, "shop.example", "FOREIGN", id="the host of our address"),
        pytest.param(HOSTLESS, "other.example", None, id="another one"),
        pytest.param(HOSTED, "shop.example", None, id="not ours, since we name others"),
        pytest.param(route(entry_points=("web",)), "shop.example", None, id="of an entry point that we have not"),
    ],
)
def test_an_app_without_hosts_has_those_of_its_entry_points(ours: Route, host: str, expected: str | None) -> None:
    urls = {"web": "http://*", "websecure": "https://shop.example:8443"}
    assert told(ours, theirs(f"Host(`{host}`)"), urls=urls) == expected


def test_every_host_of_an_app_counts() -> None:
    found = overlap(route("a.test", "b.test"), theirs("Host(`b.test`)", BEFORE))
    assert found is not None
    assert found.host == "b.test"


def test_of_several_the_worst_is_told_then_the_first_by_name_in_whatever_order_they_came() -> None:
    objects = [
        theirs(SAME) | {"metadata": {"name": "a"}},
        theirs(SAME, 1007) | {"metadata": {"name": "b"}},
        theirs(SAME, 3000) | {"metadata": {"name": "d"}},
        theirs("Host(`a.test`)", 2000) | {"metadata": {"name": "c"}},
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
    ("ours", "foreign", "said", "change"),
    [
        (
            HOSTED,
            theirs(SAME, 2000),
            (
                "IngressRoute others/theirs-0 takes the requests for a.test /api/v1 "
                "(its priority is 2000, this app's is 1007)"
            ),
            "host, path or priority, or delete it",
        ),
        (
            HOSTED,
            theirs(SAME, 1007),
            (
                "IngressRoute others/theirs-0 has the same priority for a.test /api/v1, "
                "so either route may get the requests "
                "(its priority is 1007, this app's is 1007)"
            ),
            "host, path or priority, or delete it",
        ),
        (
            HOSTED,
            ingress("/api/v1"),
            (
                "Ingress others/theirs-0 also matches a.test /api/v1, but gets no requests there "
                "(its priority is 39, this app's is 1007)"
            ),
            "host, path or priority, or delete it",
        ),
        (
            HOSTED,
            http_route("a.test"),
            (
                "HTTPRoute others/theirs-0 takes the requests for a.test /api/v1 "
                "(its priority is 10707, this app's is 1007)"
            ),
            "hostname or path, or delete it",
        ),
        (
            HOSTLESS,
            theirs("PathPrefix(`/`)"),
            (
                "IngressRoute others/theirs-0 takes the requests for any host /api/v1 "
                "(its priority is 15, this app's is 7)"
            ),
            "host, path or priority, or delete it, or list this app's hosts in spec.route.hosts",
        ),
    ],
)
def test_what_is_said(ours: Route, foreign: Mapping[str, Any], said: str, change: str) -> None:
    found = overlap(ours, foreign)
    assert found is not None
    assert found.text == f"{said}. Change its {change}"


PATHS = st.sampled_from(["/", "/a", "/a/", "/a/b", "/a/b/", "/ab", "/a/bc", "/a/b/c"])
HOSTS = st.sampled_from(["", "a.test", "b.test", "x.a.test", "*.test", "**.test", "*.a.test"])
PATTERNS = st.builds(Pattern, HOSTS, PATHS, st.booleans())


@given(PATTERNS, st.sampled_from(["a.test", "x.a.test", "test"]), st.sampled_from(["/", "/a", "/a/b"]))
def test_who_is_woken_is_who_finds_it(pattern: Pattern, host: str, prefix: str) -> None:
    assert may_overlap(pattern, host, prefix) == (pattern in set(address_patterns(host, prefix)))


@given(PATTERNS, st.sampled_from(["/", "/a", "/a/b"]))
def test_an_app_without_hosts_is_woken_for_all_that_it_may_find(pattern: Pattern, prefix: str) -> None:
    for host in ("", "a.test", "x.a.test"):
        assert pattern not in set(address_patterns(host, prefix)) or may_overlap(pattern, "", prefix)


@given(PATTERNS, st.sampled_from(["/", "/a", "/a/b"]))
def test_all_that_is_looked_up_is_what_traefik_takes_at_the_address(pattern: Pattern, prefix: str) -> None:
    """The tests' model of Traefik knows no wildcards."""
    if "*" in pattern.host:
        return
    path = f'{"Path" if pattern.exact else "PathPrefix"}("{pattern.path}")'
    rule = f'Host("{pattern.host}") && {path}' if pattern.host else path
    taken = any(takes(rule, "a.test", asked) for asked in (prefix, prefix.rstrip("/") + "/"))
    assert (pattern in set(address_patterns("a.test", prefix))) == taken
