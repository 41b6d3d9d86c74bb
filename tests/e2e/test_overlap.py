"""Foreign routes that match an app's requests: the app's condition reports what the proxy does.

Their Service has no pods, so a foreign route responds with 503 and the app with 200.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from tests.support import plain
from tests.support.manifests import hello
from tests.support.sandbox import TIMEOUT, Sandbox, come_to_rest, eventually, three_more_resyncs

OURS, THEIRS = 200, 503
APP = "/api/v1/app"
HOST = "shop.overlapped.test"
SAME = f"Host(`{HOST}`) && PathPrefix(`/api/v1`)"
PRIORITY = "traefik.ingress.kubernetes.io/router.priority"
CRD: dict[str, Any] = {
    "apiVersion": "apiextensions.k8s.io/v1",
    "kind": "CustomResourceDefinition",
    "metadata": {
        "name": "httproutes.gateway.networking.k8s.io",
        "annotations": {"api-approved.kubernetes.io": "unapproved, as little as a test needs"},
    },
    "spec": {
        "group": "gateway.networking.k8s.io",
        "scope": "Namespaced",
        "names": {"kind": "HTTPRoute", "plural": "httproutes", "singular": "httproute"},
        "versions": [
            {
                "name": "v1",
                "served": True,
                "storage": True,
                "schema": {"openAPIV3Schema": {"type": "object", "x-kubernetes-preserve-unknown-fields": True}},
            }
        ],
    },
}


def ingress_route(rule: str, priority: int = 0, name: str = "theirs") -> dict[str, Any]:
    services = [{"name": "theirs", "port": 80}]
    return {
        "apiVersion": "traefik.io/v1alpha1",
        "kind": "IngressRoute",
        "metadata": {"name": name, "namespace": "overlapping"},
        "spec": {"routes": [{"kind": "Rule", "match": rule, "priority": priority, "services": services}]},
    }


def ingress(host: str, path: str, kind: str = "Prefix", **annotations: str) -> dict[str, Any]:
    paths = [{"path": path, "pathType": kind, "backend": {"service": {"name": "theirs", "port": {"number": 80}}}}]
    return {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "Ingress",
        "metadata": {"name": "theirs", "namespace": "overlapping", "annotations": annotations},
        "spec": {"rules": [{"host": host, "http": {"paths": paths}}]},
    }


@pytest.fixture(scope="module")
def shop(sandbox: Sandbox) -> Iterator[Sandbox]:
    for namespace in ("overlapped", "overlapping"):
        sandbox.kubectl("create", "namespace", namespace)
    service = {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "theirs", "namespace": "overlapping"}}
    # A check that meets a foreign route is repeated after up to 15 minutes, and then writes a status in another test.
    manifest = hello("shop", "overlapped", verify={"enabled": False})
    sandbox.apply(manifest, service | {"spec": {"ports": [{"port": 80}]}})
    sandbox.wait_ready("shop", "overlapped")
    eventually(lambda: asked(sandbox) == OURS, "the route")
    yield sandbox
    sandbox.kubectl("delete", "proxiedapps", "--all", "-n", "overlapped")
    for namespace in ("overlapped", "overlapping"):
        sandbox.kubectl("delete", "namespace", namespace, "--wait=false")


def asked(sandbox: Sandbox, path: str = APP, host: str = HOST) -> int:
    return plain.get(f"{sandbox.http_url}{path}", headers={"Host": host}).status_code


def routers(sandbox: Sandbox, namespace: str) -> dict[str, int]:
    """Return the priorities of Traefik's routers for a namespace, by the name of their object."""
    raw = plain.get(f"{sandbox.state['traefik_api']}/api/rawdata").json()
    found = {}
    for router in raw["routers"].values():  # one for each entry point
        origin = router.get("observability", {}).get("metadata", {}).get("ingress", {})
        if origin.get("namespace") == namespace:
            assert router["status"] == "enabled", router
            # An app with a prefix has another router, which redirects the prefix without its slash.
            if not any("-bare-" in name for name in router.get("middlewares", [])):
                found[origin["name"]] = int(router["priority"])
    return found


def own_priority(sandbox: Sandbox, app: str = "shop") -> int:
    (priority,) = (each for name, each in routers(sandbox, "overlapped").items() if name[:-11] == app)
    return priority


def route_accepted(sandbox: Sandbox, app: str = "shop") -> tuple[str, str, str]:
    """Return status, reason and message of RouteAccepted."""
    found = sandbox.conditions(app, "overlapped")["RouteAccepted"]
    return found["status"], found["reason"], found["message"]


@contextmanager
def present(sandbox: Sandbox, *manifests: dict[str, Any]) -> Iterator[None]:
    """Create objects of another user, wait until Traefik has a router for each, and delete them afterwards."""
    names = {manifest["metadata"]["name"] for manifest in manifests}
    sandbox.apply(*manifests)
    try:
        eventually(lambda: routers(sandbox, "overlapping").keys() == names, "Traefik has their routes")
        yield
    finally:
        for manifest in manifests:
            sandbox.kubectl("delete", manifest["kind"], manifest["metadata"]["name"], "-n", "overlapping")
        eventually(lambda: not routers(sandbox, "overlapping"), "Traefik has removed their routes")


@pytest.mark.parametrize(
    ("theirs", "path", "who", "said"),
    [
        pytest.param(
            ingress_route(SAME),
            APP,
            OURS,
            "IngressRoute overlapping/theirs also matches",
            id="the same rule, default priority",
        ),
        pytest.param(
            ingress_route(SAME, 12_000),
            APP,
            THEIRS,
            "IngressRoute overlapping/theirs takes the requests",
            id="the same rule, higher priority",
        ),
        pytest.param(
            ingress_route("PathPrefix(`/`)", 15_000),
            APP,
            THEIRS,
            "IngressRoute overlapping/theirs takes the requests",
            id="catch-all, higher priority",
        ),
        pytest.param(
            ingress_route("Host(`*.overlapped.test`) && PathPrefix(`/api`)", 15_000),
            APP,
            THEIRS,
            "IngressRoute overlapping/theirs takes the requests",
            id="a wildcard host, higher priority",
        ),
        pytest.param(
            ingress_route(f"(Host(`other.test`) || Host(`{HOST}`)) && Path(`/api/v1/`)", 15_000),
            "/api/v1/",
            THEIRS,
            "IngressRoute overlapping/theirs takes the requests",
            id="only the prefix with a slash",
        ),
        pytest.param(
            ingress(HOST, "/api/v1"),
            APP,
            OURS,
            "Ingress overlapping/theirs also matches",
            id="Ingress, same host and prefix",
        ),
        pytest.param(
            ingress(HOST, "/api/v1", **{PRIORITY: "12000"}),
            APP,
            THEIRS,
            "Ingress overlapping/theirs takes the requests",
            id="Ingress, higher priority",
        ),
        pytest.param(
            ingress(HOST, "/", "ImplementationSpecific", **{PRIORITY: "12000"}),
            APP,
            THEIRS,
            "Ingress overlapping/theirs takes the requests",
            id="Ingress for the whole host, higher priority",
        ),
    ],
)
def test_warning_matches_traefik_and_disappears_with_its_cause(
    shop: Sandbox, theirs: dict[str, Any], path: str, who: int, said: str
) -> None:
    ready = shop.conditions("shop", "overlapped")["Ready"]
    with present(shop, theirs):
        eventually(lambda: route_accepted(shop)[1] == "Overlapped", "the warning")
        status, _, message = route_accepted(shop)
        assert status == "True"
        assert message.startswith(f"The route is in place, but {said}")
        (priority,) = routers(shop, "overlapping").values()
        assert f"(its priority is {priority}, this app's is {own_priority(shop)})" in message
        eventually(lambda: asked(shop, path) == who, f"the status {who}")
        assert shop.conditions("shop", "overlapped")["Ready"] == ready
    eventually(lambda: route_accepted(shop)[1] == "Accepted", "the end of the warning")
    eventually(lambda: asked(shop) == OURS, "the app's answer")


@pytest.mark.parametrize("kind", ["IngressRoute", "Ingress"])
def test_equal_priorities_are_reported_as_undecided(shop: Sandbox, kind: str) -> None:
    own = own_priority(shop)
    theirs = ingress(HOST, "/api/v1", **{PRIORITY: str(own)}) if kind == "Ingress" else ingress_route(SAME, own)
    with present(shop, theirs):
        eventually(lambda: route_accepted(shop)[1] == "Overlapped", "the warning")
        assert "so either route may get the requests" in route_accepted(shop)[2]
        assert routers(shop, "overlapping") == {"theirs": own}
        assert asked(shop) in {OURS, THEIRS}
    eventually(lambda: route_accepted(shop)[1] == "Accepted", "the end of the warning")


def test_harmless_foreign_routes_are_not_reported(shop: Sandbox) -> None:
    """A route that takes requests is created last and deleted first, which shows that the others were judged."""
    below = ingress_route(f"Host(`{HOST}`) && PathPrefix(`/api/v1/below`)", 12_000, "below")
    elsewhere = ingress_route("Host(`other.test`) && PathPrefix(`/api/v1`)", 12_000, "elsewhere")
    beside = ingress_route(f"Host(`{HOST}`)", name="beside")
    narrow = ingress_route(f"{SAME} && Header(`X-Theirs`, `yes`)", 12_000, "narrow")
    with present(shop, below, elsewhere, beside, narrow):
        shop.apply(ingress_route(SAME, 12_000, "matter"))
        eventually(lambda: "IngressRoute overlapping/matter" in route_accepted(shop)[2], "the warning")
        shop.kubectl("delete", "ingressroute", "matter", "-n", "overlapping")
        eventually(lambda: route_accepted(shop)[1] == "Accepted", "the end of the warning")
        eventually(lambda: len(routers(shop, "overlapping")) == 4, "Traefik has the others alone")
        eventually(lambda: asked(shop) == OURS, "the app's answer")
        for path, host in (("/api/v1/below", HOST), (APP, "other.test"), ("/", HOST)):
            eventually(lambda: asked(shop, path, host) == THEIRS, f"the foreign response of {host}{path}")  # noqa: B023


def test_catch_all_takes_the_requests_of_an_app_without_hosts(shop: Sandbox) -> None:
    manifest = hello("open", "overlapped", "/open/v1")
    del manifest["spec"]["route"]["hosts"]
    shop.apply(manifest)
    shop.wait_ready("open", "overlapped")
    eventually(lambda: asked(shop, "/open/v1/app") == OURS, "the route")
    with present(shop, ingress_route("PathPrefix(`/`)")):
        eventually(lambda: route_accepted(shop, "open")[1] == "Overlapped", "the warning")
        priorities = f"(its priority is 15, this app's is {own_priority(shop, 'open')})"
        assert f"takes the requests for any host /open/v1 {priorities}" in route_accepted(shop, "open")[2]
        eventually(lambda: asked(shop, "/open/v1/app") == THEIRS, "the foreign route's response")
        assert (route_accepted(shop)[1], asked(shop)) == ("Accepted", OURS), "an app with hosts has a higher priority"
        named = hello("open", "overlapped", "/open/v1", route={"hosts": ["open.test"]})
        shop.apply(named)
        eventually(lambda: route_accepted(shop, "open")[1] == "Accepted", "the message's advice helps")
        eventually(lambda: asked(shop, "/open/v1/app", "open.test") == OURS, "the app's answer")
    shop.kubectl("delete", "proxiedapp", "open", "-n", "overlapped")


def test_nothing_is_written_while_a_warning_lasts(shop: Sandbox) -> None:
    with present(shop, ingress_route(SAME)):
        eventually(lambda: route_accepted(shop)[1] == "Overlapped", "the warning")
        come_to_rest(shop, "overlapped")
        before, status = len(shop.writes()), shop.get("papp", "shop", "-n", "overlapped")["status"]
        three_more_resyncs(shop)
        done = shop.run("restart", "operator")
        assert done.returncode == 0, done.stderr
        three_more_resyncs(shop)
        assert (shop.writes()[before:], shop.get("papp", "shop", "-n", "overlapped")["status"]) == ([], status)


def test_http_routes_count_once_traefik_has_accepted_them(shop: Sandbox) -> None:
    """The sandbox's Traefik does not use the Gateway API, so the test writes the status that Traefik would write."""
    accepted = [{"type": "Accepted", "status": "True", "reason": "Accepted"}]
    route = {
        "apiVersion": "gateway.networking.k8s.io/v1",
        "kind": "HTTPRoute",
        "metadata": {"name": "theirs", "namespace": "overlapping"},
        "spec": {
            "hostnames": [HOST],
            "rules": [{"matches": [{"path": {"type": "PathPrefix", "value": "/api/v1"}}]}],
        },
        "status": {"parents": [{"controllerName": "traefik.io/gateway-controller", "conditions": accepted}]},
    }
    shop.apply(CRD)
    try:
        shop.kubectl("wait", "--for=condition=Established", f"crd/{CRD['metadata']['name']}", f"--timeout={TIMEOUT}")
        eventually(lambda: shop.get("httproutes"), "the API server serves it")
        shop.apply(route)
        eventually(lambda: "HTTPRoute overlapping/theirs takes the requests" in route_accepted(shop)[2], "the warning")
        shop.kubectl("delete", "httproute", "theirs", "-n", "overlapping")
        eventually(lambda: route_accepted(shop)[1] == "Accepted", "the end of the warning")
        shop.apply(route)
        eventually(lambda: route_accepted(shop)[1] == "Overlapped", "the warning again")
    finally:
        shop.kubectl("delete", "crd", CRD["metadata"]["name"])
    eventually(lambda: route_accepted(shop)[1] == "Accepted", "the warning ends with the API")
