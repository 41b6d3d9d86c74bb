"""Upgrades from a release with other priorities: no route takes requests of one that is not written yet."""

import pytest

from proxiedapp.api.names import SUSPENDED
from proxiedapp.kube.manifest import Manifest
from proxiedapp.resources.kinds import INGRESS_ROUTE
from proxiedapp.routing.rule import Rule
from tests.support.scenario import Scenario

HOST = {"hosts": ["a.test"]}
PREFIXES = {"root": "/", "shop": "/api", "deep": "/api/v1", "beside": "/api2"}


def ingress_route(scenario: Scenario, name: str) -> Manifest:
    return scenario.child(INGRESS_ROUTE, name).body


def priority(scenario: Scenario, name: str) -> int:
    return int(ingress_route(scenario, name)["spec"]["routes"][0]["priority"])


def written(requests: list[str]) -> list[str]:
    return [line.partition("/")[2] for line in requests if line.startswith("apply ingressroutes")]


async def served_by_an_earlier_release(scenario: Scenario, *names: str) -> None:
    for name in names:
        await scenario.served(name, PREFIXES[name], route=HOST)
    for name in names:
        body = ingress_route(scenario, name)
        kept = {key: body["metadata"][key] for key in ("name", "namespace", "labels", "ownerReferences")}
        earlier = Rule(("a.test",), PREFIXES[name]).earlier_priority
        routes = [one | {"priority": earlier + more} for more, one in enumerate(body["spec"]["routes"])]
        scenario.cluster.apply(INGRESS_ROUTE, body | {"metadata": kept, "spec": body["spec"] | {"routes": routes}})
    scenario.restart()


@pytest.mark.parametrize("order", [("root", "shop", "deep", "beside"), ("deep", "beside", "shop", "root")])
async def test_each_route_is_written_once_after_those_below_its_prefix(
    scenario: Scenario, order: tuple[str, ...]
) -> None:
    await served_by_an_earlier_release(scenario, *order)
    routes = written(await scenario.settle())
    assert sorted(routes) == sorted(PREFIXES)
    assert routes.index("deep") < routes.index("shop") < routes.index("root")
    assert routes.index("beside") < routes.index("root")
    assert {name: priority(scenario, name) for name in PREFIXES} == {
        name: Rule(("a.test",), prefix).priority for name, prefix in PREFIXES.items()
    }


async def test_route_of_a_suspended_app_keeps_its_requests(scenario: Scenario) -> None:
    await served_by_an_earlier_release(scenario, "shop", "deep")
    scenario.cluster.edit(scenario.app("deep"), ("metadata", "annotations"), dict([SUSPENDED]))
    assert written(await scenario.settle()) == []
    assert priority(scenario, "shop") < priority(scenario, "deep")

    scenario.cluster.edit(scenario.app("deep"), ("metadata", "annotations"), {})
    assert written(await scenario.settle()) == ["deep", "shop"]


async def test_route_is_raised_once_the_one_below_it_is_deleted(scenario: Scenario) -> None:
    await served_by_an_earlier_release(scenario, "shop", "deep")
    scenario.cluster.edit(scenario.app("deep"), ("metadata", "annotations"), dict([SUSPENDED]))
    await scenario.settle()
    scenario.delete(INGRESS_ROUTE, "deep")
    assert written(await scenario.settle()) == ["shop"]


async def test_routes_at_other_hosts_do_not_wait(scenario: Scenario) -> None:
    await served_by_an_earlier_release(scenario, "deep")
    scenario.cluster.edit(scenario.app("deep"), ("metadata", "annotations"), dict([SUSPENDED]))
    await scenario.served("other", "/", route={"hosts": ["b.test"]})
    assert priority(scenario, "other") == Rule(("b.test",), "/").priority
    await scenario.served("above", "/", route=HOST)
    assert priority(scenario, "above") == Rule(("a.test",), "/").earlier_priority
