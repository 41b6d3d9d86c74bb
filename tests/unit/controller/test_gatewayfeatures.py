"""Features that a class of Gateways lists, and what a route needs of them."""

from typing import Any

import pytest

from proxiedapp.kube.manifest import Manifest
from proxiedapp.resources.kinds import HTTP_ROUTE, INGRESS_ROUTE
from tests.support.gateways import a_gateway, a_gateway_class
from tests.support.scenario import Scenario
from tests.unit.controller.test_scenario_gateway import BEHIND, answer

REDIRECTS = ("HTTPRoutePathRedirect", "HTTPRouteMethodMatching", "HTTPRouteSchemeRedirect", "HTTPRoutePortRedirect")
ALL = ("HTTPRoutePathRewrite", "HTTPRouteRequestTimeout", "HTTPRouteParentRefPort", *REDIRECTS)
TRAEFIK = tuple(one for one in ALL if one != "HTTPRouteRequestTimeout")
NO_REWRITE = a_gateway_class(features=("HTTPRouteRequestTimeout",))


@pytest.mark.parametrize("gateway_class", [a_gateway_class(features=ALL), a_gateway_class()], ids=["all", "unknown"])
async def test_what_may_be_supported_is_written_without_a_remark(scenario: Scenario, gateway_class: Manifest) -> None:
    scenario.gateways(gateway_class, a_gateway())
    scenario.create(route=BEHIND | {"timeout": "30s"})
    await scenario.settle()
    answer(scenario)
    await scenario.settle()
    assert scenario.conditions()["RouteAccepted"] == "True Accepted"


@pytest.mark.parametrize(
    ("route", "limited"),
    [pytest.param({"timeout": "30s"}, True, id="a limit"), pytest.param({}, False, id="no limit")],
)
async def test_ignored_time_limit_is_reported(scenario: Scenario, route: dict[str, Any], limited: bool) -> None:
    scenario.gateways(a_gateway_class(features=TRAEFIK), a_gateway())
    scenario.create(route=BEHIND | route)
    await scenario.settle()
    answer(scenario)
    await scenario.settle()
    assert scenario.conditions()["RouteAccepted"] == ("True Limited" if limited else "True Accepted")
    assert ("ignores spec.route.timeout" in scenario.message(kind="RouteAccepted")) is limited


async def test_route_that_needs_a_rewrite_is_rejected_and_the_earlier_one_stays(scenario: Scenario) -> None:
    scenario.gateways(NO_REWRITE, a_gateway())
    await scenario.served(route={"hosts": ["a.test"]})
    scenario.change(route=BEHIND)
    await scenario.settle()
    assert scenario.conditions()["Stalled"] == "True GatewayUnsupported"
    assert "does not list HTTPRoutePathRewrite" in scenario.message()
    assert (scenario.cluster.names(HTTP_ROUTE), len(scenario.cluster.names(INGRESS_ROUTE))) == ([], 1)
    scenario.gateways(a_gateway_class(features=ALL), a_gateway())
    await scenario.settle()
    assert len(scenario.cluster.names(HTTP_ROUTE)) == 1


@pytest.mark.parametrize(
    ("lacking", "bare", "limited"),
    [
        pytest.param("HTTPRoutePathRedirect", None, True, id="no redirects of paths"),
        pytest.param("HTTPRouteMethodMatching", "Redirect", True, id="no methods"),
        pytest.param("HTTPRoutePortRedirect", None, False, id="no ports in redirects, and this one has none"),
        pytest.param("HTTPRoutePathRedirect", "Serve", False, id="nothing to redirect"),
        pytest.param("HTTPRouteRequestTimeout", None, False, id="all that is needed"),
    ],
)
async def test_bare_prefix_is_served_and_this_is_reported_if_a_gateway_cannot_redirect_it(
    scenario: Scenario, lacking: str, bare: str | None, limited: bool
) -> None:
    scenario.gateways(a_gateway_class(features=tuple(one for one in ALL if one != lacking)), a_gateway())
    scenario.create(route=BEHIND | {"bare": bare})
    await scenario.settle()
    answer(scenario)
    await scenario.settle()
    assert scenario.conditions()["RouteAccepted"] == ("True Limited" if limited else "True Accepted")
    (name,) = scenario.cluster.names(HTTP_ROUTE)
    rules = scenario.cluster.get(HTTP_ROUTE, "team", name).body["spec"]["rules"]
    assert len(rules) == (1 if limited or bare == "Serve" else 3)
    assert scenario.status()["url"].endswith("/api/v1" if len(rules) == 1 else "/api/v1/")
    if limited:
        message = scenario.message(kind="RouteAccepted")
        assert f"does not list {lacking}. Set spec.route.bare to Serve" in message
    scenario.restart()
    assert await scenario.settle() == []


async def test_port_of_a_parent_that_the_class_does_not_list_is_rejected(scenario: Scenario) -> None:
    scenario.gateways(a_gateway_class(features=("HTTPRoutePathRewrite", *REDIRECTS)), a_gateway())
    port = {"name": "main", "namespace": "infra", "port": 443}
    scenario.create(route={"hosts": ["a.test"], "parentRefs": [port]})
    await scenario.settle()
    assert scenario.conditions()["Stalled"] == "True GatewayUnsupported"
    assert "does not list HTTPRouteParentRefPort. Name the listener by sectionName" in scenario.message()


async def test_route_without_a_rewrite_does_not_need_it(scenario: Scenario) -> None:
    scenario.gateways(NO_REWRITE, a_gateway())
    scenario.create("shop", "/", route=BEHIND)
    await scenario.settle()
    assert len(scenario.cluster.names(HTTP_ROUTE)) == 1
