"""Foreign routes that match an app's address: the app stays served and reports the overlap until it ends."""

from copy import deepcopy

import pytest

from proxiedapp.api.names import API_VERSION, KIND
from proxiedapp.api.status import UNREPORTED
from proxiedapp.controller.watchedkinds import INGRESS, PROXIED_APP
from proxiedapp.kube.kind import Kind
from proxiedapp.kube.manifest import Manifest
from proxiedapp.resources.kinds import HTTP_ROUTE, INGRESS_ROUTE
from proxiedapp.routing.foreignroute import RouteRef
from proxiedapp.routing.overlap import AppOverlap, Overlap, Winner
from proxiedapp.routing.tlsconflict import TLSConflict, worse
from tests.support.apps import a_spec
from tests.support.cluster import Stored
from tests.support.scenario import Scenario

STATUS = ["status shop: Ready=True Available"]
HOSTS = {"hosts": ["a.test"]}
SAME = "Host(`a.test`) && PathPrefix(`/api/v1`)"


def ingress_route(rule: str = SAME, priority: int = 0, **spec: object) -> Manifest:
    return {"routes": [{"match": rule, "kind": "Rule", "priority": priority}], **spec}


def not_ours(stored: Stored) -> bool:
    return bool(stored.body["metadata"]["namespace"] == "others")


def ingress(host: str = "a.test", path: str = "/api/v1") -> Manifest:
    paths = [{"path": path, "pathType": "Prefix", "backend": {"service": {"name": "s", "port": {"number": 80}}}}]
    return {"rules": [{"host": host, "http": {"paths": paths}}]}


HTTP = {"hostnames": ["a.test"], "rules": [{"matches": [{"path": {"type": "PathPrefix", "value": "/api/v1"}}]}]}
ACCEPTED = {
    "parents": [
        {"controllerName": "traefik.io/gateway-controller", "conditions": [{"type": "Accepted", "status": "True"}]}
    ]
}


@pytest.mark.parametrize(
    ("kind", "spec", "status"),
    [(INGRESS_ROUTE, ingress_route(), {}), (INGRESS, ingress(), {}), (HTTP_ROUTE, HTTP, ACCEPTED)],
)
async def test_foreign_route_of_each_kind_is_reported_until_it_is_deleted(
    scenario: Scenario, kind: Kind, spec: Manifest, status: Manifest
) -> None:
    await scenario.served(route=HOSTS)
    scenario.foreign_route(kind, spec, status=status)
    assert await scenario.settle() == STATUS
    assert scenario.conditions()["RouteAccepted"] == "True Overlapped"
    assert scenario.conditions()["Ready"] == "True Available"
    assert f"{kind} others/theirs" in scenario.message(kind="RouteAccepted")
    assert await scenario.reconcile() == []
    scenario.cluster.delete(kind, "others", "theirs")
    assert await scenario.settle() == STATUS
    assert scenario.conditions()["RouteAccepted"] == "True Accepted"


async def test_an_app_created_later_reports_the_overlap_in_its_first_status(scenario: Scenario) -> None:
    scenario.foreign_route(INGRESS_ROUTE, ingress_route())
    scenario.create(route=HOSTS)
    await scenario.settle()
    assert scenario.conditions()["RouteAccepted"] == "True Overlapped"


async def test_a_route_is_reported_once_its_gateway_accepts_it(scenario: Scenario) -> None:
    await scenario.served(route=HOSTS)
    route = scenario.foreign_route(HTTP_ROUTE, HTTP)
    assert await scenario.settle() == []
    scenario.cluster.edit(route, ("status",), ACCEPTED)
    assert await scenario.settle() == STATUS
    assert scenario.conditions()["RouteAccepted"] == "True Overlapped"


async def test_nothing_is_written_while_the_overlap_stays_the_same(scenario: Scenario) -> None:
    await scenario.served(route=HOSTS)
    first = scenario.foreign_route(INGRESS_ROUTE, ingress_route(), "a")
    await scenario.settle()
    scenario.cluster.edit(first, ("metadata", "labels"), {"touched": "yes"})
    assert await scenario.settle() == []
    second = scenario.foreign_route(INGRESS_ROUTE, ingress_route(), "b")
    assert await scenario.settle() == []
    scenario.restart()
    assert await scenario.settle() == []
    scenario.cluster.edit(second, ("spec",), ingress_route(priority=12_000))
    assert await scenario.settle() == STATUS
    assert "others/b takes the requests" in scenario.message(kind="RouteAccepted")


async def test_only_apps_whose_address_may_match_get_a_pass(scenario: Scenario) -> None:
    await scenario.served(route=HOSTS)
    await scenario.served("other", "/other", route={"hosts": ["b.test"]})
    passes = len(scenario.outcomes)
    scenario.foreign_route(INGRESS, ingress("c.test"), "elsewhere")
    scenario.foreign_route(INGRESS, ingress("a.test", "/api/v1/below"), "below")
    scenario.foreign_route(INGRESS, ingress("a.test", "/api/v2"), "beside")
    assert await scenario.settle() == []
    scenario.foreign_route(INGRESS, ingress("a.test", "/"), "above")
    assert await scenario.settle() == []
    assert len(scenario.outcomes) == passes, "at a higher address, only a higher priority matters"
    above = ingress_route("Host(`a.test`)", 1000)
    scenario.foreign_route(INGRESS_ROUTE, above, "lower")
    assert await scenario.settle() == []
    assert len(scenario.outcomes) == passes
    scenario.foreign_route(INGRESS, ingress("a.test"), "same")
    assert await scenario.settle() == STATUS
    assert len(scenario.outcomes) == passes + 1
    scenario.foreign_route(INGRESS_ROUTE, ingress_route("PathPrefix(`/`)", 15_000), "all")
    assert sorted(await scenario.settle()) == ["status other: Ready=True Available", *STATUS]


async def test_moving_away_ends_it(scenario: Scenario) -> None:
    await scenario.served(route=HOSTS)
    scenario.foreign_route(INGRESS_ROUTE, ingress_route())
    await scenario.settle()
    scenario.change(prefix="/api/v2", route=HOSTS)
    await scenario.settle()
    scenario.rolled_out()
    await scenario.settle()
    assert scenario.conditions()["RouteAccepted"] == "True Accepted"


async def test_our_own_routes_are_not_foreign_routes(scenario: Scenario) -> None:
    await scenario.served(route=HOSTS)
    await scenario.served("other", "/", route=HOSTS)
    scenario.restart()
    assert await scenario.settle() == []
    assert scenario.conditions("other")["RouteAccepted"] == "True Accepted"


async def test_limits_of_the_server_are_reported_too(scenario: Scenario) -> None:
    await scenario.served(route=HOSTS, command=["hypercorn", "main:app"], server={"adapter": "Never"})
    before = scenario.message(kind="RouteAccepted")
    scenario.foreign_route(INGRESS_ROUTE, ingress_route())
    await scenario.settle()
    message = scenario.message(kind="RouteAccepted")
    assert message.startswith("The route is in place, but IngressRoute others/theirs")
    assert message.endswith(before.removeprefix("The route is in place, but "))


async def test_an_app_without_a_route_reports_no_overlap(scenario: Scenario) -> None:
    scenario.foreign_route(INGRESS_ROUTE, ingress_route())
    await scenario.served(route=HOSTS)
    scenario.create("late", route=HOSTS)
    await scenario.settle()
    assert scenario.conditions("late")["RouteAccepted"] == "False Conflict"


async def test_app_of_another_namespace_that_takes_requests_is_reported_until_it_is_deleted(scenario: Scenario) -> None:
    await scenario.served(route=HOSTS)
    metadata = {"name": "theirs", "namespace": "others", "creationTimestamp": scenario.clock.now().isoformat()}
    body = {"apiVersion": API_VERSION, "kind": KIND, "metadata": metadata, "spec": a_spec("/api/v1/below", route=HOSTS)}
    scenario.cluster.put(PROXIED_APP, body | {"status": deepcopy(UNREPORTED)})
    assert STATUS[0] in await scenario.settle()
    assert scenario.conditions()["RouteAccepted"] == "True Overlapped"
    assert scenario.conditions()["Ready"] == "True Available"
    assert scenario.message(kind="RouteAccepted") == (
        "The route is in place, but a ProxiedApp of another namespace takes the requests for a.test /api/v1/below. "
        "If it should not, ask an administrator which app that is, or change this app's host or prefix."
    )
    scenario.restart()
    assert await scenario.settle() == []
    scenario.cluster.delete(PROXIED_APP, "others", "theirs")
    assert await scenario.settle() == [], "its route is still served"
    (route,) = (one for one in scenario.cluster.objects.values() if one.kind is INGRESS_ROUTE and not_ours(one))
    scenario.cluster.delete(INGRESS_ROUTE, "others", route.body["metadata"]["name"])
    assert await scenario.settle() == STATUS
    assert scenario.conditions()["RouteAccepted"] == "True Accepted"


def test_foreign_route_that_gets_no_requests_is_reported_after_an_app_that_does() -> None:
    taken, tls = AppOverlap("a.test", "/api"), TLSConflict("a.test", "websecure", "Ingress others/theirs", "mutual")
    ref = RouteRef("Ingress", "others", "theirs")
    for winner, expected in ((Winner.FOREIGN, None), (Winner.EITHER, None), (Winner.APP, taken)):
        foreign = Overlap(winner, ref, "a.test", "/api", 1, 1)
        assert worse(foreign, taken, tls) == (expected or foreign)
        assert worse(foreign, None, None) == foreign
        assert worse(foreign, None, tls) == (foreign if expected is None else tls)
    assert worse(None, taken, tls) == taken
    assert worse(None, None, tls) == tls
    assert worse(None, None, None) is None


TLS = {"hosts": ["a.test"], "entryPoints": ["websecure"], "tls": {"options": {"name": "mutual"}}}
ENDING = (
    " for a.test on entry point websecure, so Traefik uses its default options there instead of the TLSOption mutual. "
    "Give this app a host of its own, or set the same options in all routes of this host."
)


def theirs(namespace: str, clock: str, **route: object) -> Manifest:
    metadata = {"name": "theirs", "namespace": namespace, "creationTimestamp": clock}
    fields = {"hosts": ["a.test"], "entryPoints": ["websecure"], **route}
    spec = a_spec("/other", route=fields)
    return {"apiVersion": API_VERSION, "kind": KIND, "metadata": metadata, "spec": spec, "status": {}}


@pytest.mark.parametrize(
    ("namespace", "route", "said"),
    [
        ("team", {}, "the ProxiedApp theirs has other TLS options"),
        ("others", {}, "a ProxiedApp of another namespace has other TLS options"),
        ("others", {"tls": {"options": {"name": "mutual"}}}, "a ProxiedApp of another namespace has other TLS options"),
        ("team", {"tls": {"options": {"name": "mutual"}}}, None),
        ("team", {"hosts": ["b.test"]}, None),
        ("team", {"entryPoints": ["web"]}, None),
        ("team", {"ingressClassName": "internal"}, None),
    ],
)
async def test_app_with_other_tls_options_at_the_host_is_reported_until_it_is_deleted(
    scenario: Scenario, namespace: str, route: dict[str, object], said: str | None
) -> None:
    await scenario.served(route=TLS)
    scenario.cluster.put(PROXIED_APP, theirs(namespace, scenario.clock.now().isoformat(), **route))
    await scenario.settle()
    expected = "True Accepted" if said is None else "True Overlapped"
    assert scenario.conditions()["RouteAccepted"] == expected
    if said is not None:
        assert scenario.message(kind="RouteAccepted") == f"The route is in place, but {said}{ENDING}"
    scenario.restart()
    assert [line for line in await scenario.settle() if line.startswith("status shop")] == []
    scenario.cluster.delete(PROXIED_APP, namespace, "theirs")
    await scenario.settle()
    assert scenario.conditions()["RouteAccepted"] == "True Accepted"


@pytest.mark.parametrize(
    ("kind", "spec", "annotations", "reported"),
    [
        (INGRESS_ROUTE, ingress_route("Host(`a.test`) && PathPrefix(`/x`)"), {}, True),
        (INGRESS_ROUTE, ingress_route("Host(`a.test`) && PathPrefix(`/x`)", entryPoints=["web"]), {}, False),
        (
            INGRESS_ROUTE,
            ingress_route(
                "Host(`a.test`) && PathPrefix(`/x`)", tls={"options": {"name": "mutual", "namespace": "team"}}
            ),
            {},
            False,
        ),
        (
            INGRESS_ROUTE,
            ingress_route("Host(`a.test`) && PathPrefix(`/x`)", tls={"options": {"name": "mutual"}}),
            {},
            True,
        ),
        (INGRESS, ingress(path="/x"), {"router.tls": "true"}, True),
        (INGRESS, ingress(path="/x"), {"router.tls.options": "team-mutual@kubernetescrd"}, False),
    ],
)
async def test_foreign_route_with_other_tls_options_at_the_host_is_reported(
    scenario: Scenario, kind: Kind, spec: Manifest, annotations: dict[str, str], *, reported: bool
) -> None:
    await scenario.served(route=TLS)
    prefixed = {f"traefik.ingress.kubernetes.io/{name}": value for name, value in annotations.items()}
    scenario.foreign_route(kind, spec, metadata={"annotations": prefixed})
    await scenario.settle()
    assert scenario.conditions()["RouteAccepted"] == ("True Overlapped" if reported else "True Accepted")
    if reported:
        said = f"The route is in place, but {kind} others/theirs has other TLS options"
        assert scenario.message(kind="RouteAccepted") == said + ENDING
    scenario.cluster.delete(kind, "others", "theirs")
    await scenario.settle()
    assert scenario.conditions()["RouteAccepted"] == "True Accepted"


async def test_an_app_without_tls_options_has_none_to_lose(scenario: Scenario) -> None:
    await scenario.served(route=HOSTS)
    scenario.create("other", "/other", route=TLS)
    await scenario.settle()
    assert scenario.conditions()["RouteAccepted"] == "True Accepted"
    assert scenario.conditions("other")["RouteAccepted"] == "True Overlapped"
