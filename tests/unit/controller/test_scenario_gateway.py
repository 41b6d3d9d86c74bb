"""An app behind a Gateway: its HTTPRoute is written, and the app is Ready once the Gateway serves it."""

from typing import Any

import pytest

from proxiedapp.controller.watchedkinds import PROXIED_APP
from proxiedapp.kube.manifest import Manifest
from proxiedapp.resources.kinds import HTTP_ROUTE, INGRESS_ROUTE, MIDDLEWARE, OPTIONAL_GROUPS, TRAEFIK_GROUP
from proxiedapp.routing.gateway import gateways_of
from proxiedapp.routing.gatewaystate import TRAEFIK_CONTROLLER
from tests.support.cluster import report_acceptance
from tests.support.gateways import HTTP, a_gateway, a_gateway_class, a_listener
from tests.support.scenario import Scenario

MAIN = {"name": "main", "namespace": "infra", "sectionName": "https"}
OTHER = {"name": "other", "namespace": "infra"}
BEHIND = {"hosts": ["a.test"], "parentRefs": [MAIN]}


def routes(scenario: Scenario) -> list[str]:
    return [plural for plural, _, _ in scenario.cluster.objects if plural in {"ingressroutes", "httproutes"}]


def written(requests: list[str]) -> list[str]:
    return [line for line in requests if "route" in line.partition("/")[0] or "middlewares" in line]


def answer(
    scenario: Scenario,
    status: str = "True",
    reason: str = "Accepted",
    gateway: str = "infra/main",
    *,
    message: str = "",
) -> None:
    """Let a Gateway report on the HTTPRoute that names it."""
    (stored,) = [
        one
        for one in scenario.cluster.objects.values()
        if one.kind is HTTP_ROUTE and gateways_of(one.body["spec"]) == (gateway,)
    ]
    metadata: Manifest = stored.body["metadata"]
    since = scenario.clock.now().isoformat()
    conditions = [
        {
            "type": kind,
            "status": state,
            "reason": why,
            "message": message,
            "observedGeneration": metadata["generation"],
            "lastTransitionTime": since,
        }
        for kind, state, why in (("Accepted", status, reason), ("ResolvedRefs", "True", "ResolvedRefs"))
    ]
    ref: dict[str, Any] = stored.body["spec"]["parentRefs"][0]
    parents = [{"parentRef": ref, "controllerName": "example.com/gateway", "conditions": conditions}]
    scenario.cluster.edit(stored, ("status",), {"parents": parents})


async def test_new_app_needs_three_objects_and_is_ready_once_the_gateway_accepts(scenario: Scenario) -> None:
    scenario.create(route=BEHIND)
    requests = await scenario.settle()
    assert [line for line in requests if "status" not in line] == [
        "create services/shop",
        "create deployments/shop",
        "create httproutes/shop",
    ]
    scenario.rolled_out()
    await scenario.settle()
    assert scenario.conditions()["Ready"] == "False AwaitingGateway"
    assert scenario.conditions()["RouteAccepted"] == "False AwaitingGateway"
    assert "Stalled" not in scenario.conditions()
    assert await scenario.verify() == []

    answer(scenario)
    await scenario.settle()
    assert scenario.conditions()["Ready"] == "True Available"
    assert scenario.conditions()["RouteAccepted"] == "True Accepted"
    assert await scenario.reconcile() == []
    scenario.restart()
    assert await scenario.settle() == []


async def test_refusal_stalls_the_app_until_the_gateway_accepts(scenario: Scenario) -> None:
    scenario.create(route=BEHIND)
    await scenario.settle()
    scenario.rolled_out()
    answer(scenario, "False", "NotAllowedByListeners")
    await scenario.settle()
    assert scenario.conditions()["Stalled"] == "True RefusedByGateway"
    assert scenario.conditions()["Ready"] == "False RefusedByGateway"
    answer(scenario)
    await scenario.settle()
    assert scenario.conditions()["Ready"] == "True Available"
    assert "Stalled" not in scenario.conditions()


async def test_ingress_route_is_deleted_only_after_the_gateway_serves(scenario: Scenario) -> None:
    await scenario.served(route={"hosts": ["a.test"]})
    scenario.change(route=BEHIND)
    assert written(await scenario.settle()) == ["create httproutes/shop"]
    scenario.clock.advance(60)
    assert written(await scenario.settle()) == []
    answer(scenario)
    assert written(await scenario.settle()) == []
    scenario.clock.advance(6)
    assert written(await scenario.settle())[0] == "delete ingressroutes/shop"
    assert routes(scenario) == ["httproutes"]
    assert scenario.cluster.names(MIDDLEWARE) == []
    assert scenario.conditions()["Ready"] == "True Available"


async def test_ingress_route_stays_if_the_gateway_refuses(scenario: Scenario) -> None:
    await scenario.served(route={"hosts": ["a.test"]})
    scenario.change(route=BEHIND)
    await scenario.settle()
    answer(scenario, "False", "NoMatchingListenerHostname")
    await scenario.settle()
    scenario.clock.advance(600)
    await scenario.settle()
    assert sorted(routes(scenario)) == ["httproutes", "ingressroutes"]
    assert scenario.conditions()["Stalled"] == "True RefusedByGateway"

    scenario.change(route={"hosts": ["a.test"]})
    assert written(await scenario.settle()) == ["delete httproutes/shop"]


async def test_http_route_is_deleted_only_after_traefik_had_time_to_serve(scenario: Scenario) -> None:
    scenario.create(route=BEHIND)
    await scenario.settle()
    answer(scenario)
    await scenario.settle()
    scenario.change(route={"hosts": ["a.test"]})
    assert "delete httproutes/shop" not in await scenario.settle()
    assert sorted(routes(scenario)) == ["httproutes", "ingressroutes"]
    scenario.clock.advance(6)
    assert written(await scenario.settle()) == ["delete httproutes/shop"]


async def test_app_moves_to_another_gateway_without_a_gap(scenario: Scenario) -> None:
    scenario.create(route=BEHIND)
    await scenario.settle()
    answer(scenario)
    await scenario.settle()
    scenario.change(route=BEHIND | {"parentRefs": [OTHER]})
    assert written(await scenario.settle()) == ["create httproutes/shop"]
    answer(scenario, gateway="infra/other")
    assert written(await scenario.settle()) == []
    scenario.clock.advance(6)
    assert written(await scenario.settle()) == ["delete httproutes/shop"]
    (left,) = scenario.cluster.names(HTTP_ROUTE)
    assert gateways_of(scenario.cluster.get(HTTP_ROUTE, "team", left).body["spec"]) == ("infra/other",)


async def test_two_apps_at_one_gateway_contend_for_host_and_prefix(scenario: Scenario) -> None:
    scenario.create("first", route=BEHIND)
    await scenario.settle()
    scenario.create("second", route=BEHIND)
    await scenario.settle()
    assert scenario.conditions("second")["RouteAccepted"] == "False Conflict"
    assert "a.test /api/v1 on the Gateway infra/main" in scenario.message("second", kind="RouteAccepted")
    assert len(scenario.cluster.names(HTTP_ROUTE)) == 1


async def test_app_is_rejected_without_gateway_api() -> None:
    scenario = Scenario(served=frozenset({TRAEFIK_GROUP}))
    scenario.create(route=BEHIND)
    await scenario.settle()
    assert scenario.conditions()["Ready"] == "False GatewayApiMissing"


async def test_route_stays_if_gateway_api_is_missing() -> None:
    scenario = Scenario(served=frozenset({TRAEFIK_GROUP}))
    await scenario.served(route={"hosts": ["a.test"]})
    scenario.change(route=BEHIND)
    assert written(await scenario.settle()) == []
    assert scenario.conditions()["Stalled"] == "True GatewayApiMissing"
    assert routes(scenario) == ["ingressroutes"]
    assert await scenario.settle() == []


async def test_message_of_a_gateway_with_other_numbers_is_not_written_again(scenario: Scenario) -> None:
    scenario.create(route=BEHIND)
    await scenario.settle()
    answer(scenario, "False", "InvalidKind", message="listener 1 of 3")
    await scenario.settle()
    answer(scenario, "False", "InvalidKind", message="listener 2 of 3")
    assert await scenario.settle() == []
    answer(scenario, "False", "InvalidKind", message="no listener")
    assert "status shop: Ready=False RefusedByGateway" in await scenario.settle()


async def test_traefik_is_not_needed_behind_a_gateway() -> None:
    scenario = Scenario(served=OPTIONAL_GROUPS - {TRAEFIK_GROUP})
    scenario.create(route=BEHIND)
    await scenario.settle()
    assert scenario.cluster.names(HTTP_ROUTE) != []
    assert scenario.cluster.names(INGRESS_ROUTE) == []


async def test_policy_with_entry_points_must_name_the_gateway(scenario: Scenario) -> None:
    scenario.policy(entryPoints=["web"])
    scenario.create(route=BEHIND)
    await scenario.settle()
    assert scenario.conditions()["Ready"] == "False NotAllowed"
    assert "the Gateway infra/main" in scenario.message()
    assert scenario.cluster.names(HTTP_ROUTE) == []
    scenario.policy(entryPoints=["web", "infra/main"])
    await scenario.settle()
    assert scenario.cluster.names(HTTP_ROUTE) != []
    scenario.policy(entryPoints=["web"])
    await scenario.settle()
    assert scenario.cluster.names(HTTP_ROUTE) == [], "what is not allowed any more is withdrawn"


async def test_new_app_needs_five_requests_until_its_gateway_serves_it_and_none_at_rest(scenario: Scenario) -> None:
    scenario.gateways(a_gateway_class(), a_gateway())
    scenario.create(route=BEHIND)
    requests = await scenario.settle()
    answer(scenario)
    requests += await scenario.settle()
    assert len(requests) == 5, requests
    scenario.gateways(a_gateway_class(), a_gateway())
    assert await scenario.settle() == []
    scenario.restart()
    assert await scenario.settle() == []


async def test_nothing_is_written_at_rest_or_on_restart_with_both_kinds_of_routes(scenario: Scenario) -> None:
    scenario.gateways(a_gateway_class(), a_gateway())
    scenario.create("behind", route=BEHIND | {"redirectToHTTPS": True})
    scenario.create("direct", "/direct", route={"redirectToHTTPS": True, "entryPoints": ["web", "websecure"]})
    requests = await scenario.settle()
    assert {line.partition("/")[0] for line in written(requests)} >= {"create httproutes", "create ingressroutes"}
    for name in scenario.cluster.names(HTTP_ROUTE):
        report_acceptance(scenario.cluster, scenario.cluster.get(HTTP_ROUTE, "team", name), "2026-01-02T12:00:00Z")
    for name in ("behind", "direct"):
        scenario.rolled_out(name)
    await scenario.settle()
    for restart in (False, True):
        if restart:
            scenario.restart()
            assert await scenario.settle() == []
        assert [await scenario.reconcile(name) for name in ("behind", "direct")] == [[], []]
    assert [scenario.conditions(name)["Ready"] for name in ("behind", "direct")] == ["True Available"] * 2


async def test_app_is_not_accepted_any_more_when_its_gateway_is_deleted(scenario: Scenario) -> None:
    scenario.gateways(a_gateway_class(), a_gateway())
    scenario.create(route=BEHIND)
    await scenario.settle()
    scenario.rolled_out()
    answer(scenario)
    await scenario.settle()
    assert scenario.conditions()["Ready"] == "True Available"
    scenario.gateways(a_gateway_class())
    await scenario.settle()
    assert scenario.conditions()["Ready"] == "False AwaitingGateway"
    assert "does not exist" in scenario.message(kind="RouteAccepted")
    scenario.gateways(a_gateway_class(), a_gateway())
    await scenario.settle()
    assert scenario.conditions()["Ready"] == "True Available"


async def test_change_of_a_gateway_concerns_only_the_apps_behind_it(scenario: Scenario) -> None:
    scenario.gateways(a_gateway_class(), a_gateway(), a_gateway("other"))
    scenario.create("first", route=BEHIND)
    scenario.create("second", route={"parentRefs": [OTHER]})
    scenario.create("third", "/third")
    await scenario.settle()
    scenario.gateways(a_gateway_class(), a_gateway(), a_gateway("other", class_name="gone"))
    assert len(scenario.queue) == 1
    scenario.gateways(a_gateway_class(accepted=False), a_gateway(), a_gateway("other", class_name="gone"))
    assert len(scenario.queue) == 2


async def test_url_has_the_scheme_and_port_of_the_listener(scenario: Scenario) -> None:
    scenario.gateways(a_gateway_class(), a_gateway("main", a_listener("https", "HTTPS", 8443)))
    scenario.create(route=BEHIND)
    await scenario.settle()
    assert scenario.status()["url"] == "https://a.test:8443/api/v1/"
    scenario.gateways(a_gateway_class(), a_gateway())
    await scenario.settle()
    assert scenario.status()["url"] == "https://a.test/api/v1/"


async def test_app_redirects_to_https_from_the_plain_listener_of_its_gateway(scenario: Scenario) -> None:
    scenario.gateways(a_gateway_class(), a_gateway("main", HTTP, a_listener("https", "HTTPS", 8443)))
    scenario.create(route=BEHIND | {"redirectToHTTPS": True})
    await scenario.settle()
    specs = [scenario.cluster.get(HTTP_ROUTE, "team", name).body["spec"] for name in scenario.cluster.names(HTTP_ROUTE)]
    assert sorted(spec["parentRefs"][0]["sectionName"] for spec in specs) == ["http", "https"]
    scenario.change(route=BEHIND)
    await scenario.settle()
    assert len(scenario.cluster.names(HTTP_ROUTE)) == 2, "until the Gateway has accepted the route"


@pytest.mark.parametrize("traefik", [True, False], ids=["the Gateway of a Traefik", "of another proxy"])
async def test_http_route_of_another_app_at_the_same_traefik_is_reported(scenario: Scenario, traefik: bool) -> None:
    controller = TRAEFIK_CONTROLLER if traefik else "example.com/gateway"
    scenario.gateways(a_gateway_class(controller=controller), a_gateway())
    await scenario.served(route={"hosts": ["a.test"]})
    scenario.create("other", route=BEHIND)
    await scenario.settle()
    assert scenario.conditions()["RouteAccepted"] == ("True Overlapped" if traefik else "True Accepted")
    assert ("the ProxiedApp other has the same address" in scenario.message(kind="RouteAccepted")) is traefik
    scenario.delete(PROXIED_APP, "other")
    scenario.cluster.delete(HTTP_ROUTE, "team", scenario.cluster.names(HTTP_ROUTE)[0])
    await scenario.settle()
    assert scenario.conditions()["RouteAccepted"] == "True Accepted"
    assert await scenario.settle() == []
