"""Features that a class of Gateways lists, and what a route needs of them."""

from typing import Any

import pytest

from proxiedapp.kube.manifest import Manifest
from proxiedapp.resources.kinds import HTTP_ROUTE, INGRESS_ROUTE
from tests.support.gateways import a_gateway, a_gateway_class
from tests.support.scenario import Scenario
from tests.unit.controller.test_scenario_gateway import BEHIND, answer

ALL = ("HTTPRoutePathRewrite", "HTTPRouteRequestTimeout", "HTTPRouteSchemeRedirect", "HTTPRoutePortRedirect")
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


async def test_route_without_a_rewrite_does_not_need_it(scenario: Scenario) -> None:
    scenario.gateways(NO_REWRITE, a_gateway())
    scenario.create("shop", "/", route=BEHIND)
    await scenario.settle()
    assert len(scenario.cluster.names(HTTP_ROUTE)) == 1
