"""A change of a served app writes only what differs, switches the route in one step, and deletes old objects last."""

from typing import Any

import pytest
from prometheus_client import REGISTRY

from proxiedapp.controller.plan import Cause
from proxiedapp.kube.kind import Kind
from proxiedapp.resources.kinds import DEPLOYMENT, INGRESS_ROUTE, MIDDLEWARE, SERVICE
from tests.support.scenario import Scenario


async def test_new_prefix_moves_command_middleware_and_route_together(scenario: Scenario) -> None:
    await scenario.served(prefix="/api/v1")
    scenario.change(prefix="/api/v2")
    assert await scenario.settle() == [
        "create middlewares/shop-strip",
        "create middlewares/shop-bare",
        "apply deployments/shop",
        "apply ingressroutes/shop",
        "delete middlewares/shop-strip",
        "delete middlewares/shop-bare",
        "status shop: Ready=False Progressing",
    ]
    assert scenario.command()[2:4] == ["--root-path", "/api/v2"]
    assert scenario.child(MIDDLEWARE, "shop-strip").body["spec"] == {"stripPrefix": {"prefixes": ["/api/v2"]}}
    assert "`/api/v2`" in scenario.child(INGRESS_ROUTE).body["spec"]["routes"][0]["match"]
    assert scenario.status()["url"] == "/api/v2/"
    assert await scenario.reconcile() == []


async def test_new_prefix_is_ready_after_one_more_status(scenario: Scenario) -> None:
    await scenario.served()
    scenario.change(prefix="/v2")
    await scenario.settle()
    scenario.rolled_out()
    assert await scenario.settle() == ["status shop: Ready=True Available"]


@pytest.mark.parametrize(
    ("fields", "requests"),
    [
        pytest.param({"replicas": 3}, ["apply deployments/shop"], id="more pods"),
        pytest.param({"image": "shop:2"}, ["apply deployments/shop"], id="a new image"),
        pytest.param({"port": 9000}, ["apply deployments/shop"], id="a new port"),
        pytest.param({"route": {"hosts": ["shop.test"]}}, ["apply ingressroutes/shop"], id="a new host"),
        pytest.param({"route": {"entryPoints": ["web"]}}, ["apply ingressroutes/shop"], id="other entry points"),
        pytest.param({"route": {"stripPrefix": "Always"}}, [], id="in other words what is so already"),
    ],
)
async def test_change_writes_only_the_children_it_touches(
    scenario: Scenario, fields: dict[str, Any], requests: list[str]
) -> None:
    await scenario.served()
    scenario.change(**fields)
    *children, status = await scenario.settle()
    assert children == requests
    assert status.startswith("status shop: "), "the new generation is acknowledged"
    assert scenario.status()["observedGeneration"] == 2
    assert await scenario.reconcile() == []


async def test_prefix_given_up_prunes_its_middleware(scenario: Scenario) -> None:
    await scenario.served()
    scenario.change(prefix="/")
    assert await scenario.settle() == [
        "apply deployments/shop",
        "apply ingressroutes/shop",
        "delete middlewares/shop-strip",
        "delete middlewares/shop-bare",
        "status shop: Ready=False Progressing",
    ]


async def test_change_and_change_back_before_the_pass_costs_a_status_only(scenario: Scenario) -> None:
    await scenario.served()
    scenario.change(prefix="/v2")
    scenario.change()
    assert await scenario.settle() == ["status shop: Ready=True Available"]


async def test_several_changes_are_one_pass(scenario: Scenario) -> None:
    await scenario.served()
    passes = len(scenario.outcomes)
    for replicas in range(2, 9):
        scenario.change(replicas=replicas)
    assert await scenario.settle() == ["apply deployments/shop", "status shop: Ready=False Progressing"]
    assert len(scenario.outcomes) == passes + 1


async def test_field_that_is_no_longer_asked_for_is_given_up(scenario: Scenario) -> None:
    await scenario.served(route={"ingressClassName": "inner"})
    scenario.change()
    await scenario.settle()
    assert "ingressClassName" not in scenario.child(INGRESS_ROUTE).body["spec"]


@pytest.mark.parametrize(
    ("kind", "name"),
    [
        pytest.param(DEPLOYMENT, "shop", id="Deployment"),
        pytest.param(SERVICE, "shop", id="Service"),
        pytest.param(MIDDLEWARE, "shop-strip", id="strip"),
        pytest.param(MIDDLEWARE, "shop-headers", id="headers"),
        pytest.param(INGRESS_ROUTE, "shop", id="IngressRoute"),
    ],
)
async def test_deleted_child_is_created_again(scenario: Scenario, kind: Kind, name: str) -> None:
    await scenario.served()
    scenario.delete(kind, name)
    read, first, event, *status = await scenario.settle()
    assert (read, first) == ("read proxiedapps/shop", f"create {kind.plural}/{name}")
    assert event == "event shop: DriftRepaired"
    assert status == (["status shop: Ready=False Progressing"] if kind is DEPLOYMENT else [])


@pytest.mark.parametrize(
    ("kind", "name", "path", "value"),
    [
        pytest.param(DEPLOYMENT, "shop", ("spec", "replicas"), 7, id="pods scaled by hand"),
        pytest.param(SERVICE, "shop", ("spec", "ports"), [], id="ports taken from the Service"),
        pytest.param(SERVICE, "shop", ("spec", "type"), "ExternalName", id="a Service that leads anywhere"),
        pytest.param(SERVICE, "shop", ("metadata", "labels", "app.kubernetes.io/name"), "x", id="a label"),
        pytest.param(MIDDLEWARE, "shop-strip", ("spec", "stripPrefix", "prefixes"), ["/"], id="a middleware bent"),
        pytest.param(INGRESS_ROUTE, "shop", ("spec", "entryPoints"), ["other"], id="another entry point"),
    ],
)
async def test_drift_is_corrected_with_one_request(
    scenario: Scenario, kind: Kind, name: str, path: tuple[str, ...], value: Any
) -> None:
    await scenario.served()
    before = scenario.child(kind, name).reported()
    scenario.cluster.edit(scenario.child(kind, name), path, value)
    requests = await scenario.settle()
    assert requests[0] == f"apply {kind.plural}/{name}"
    assert [line for line in requests[1:] if not line.startswith(("status", "event"))] == []
    after = scenario.child(kind, name).reported()
    assert (after["spec"], after["metadata"]["labels"]) == (before["spec"], before["metadata"]["labels"])


async def test_what_others_add_is_left_alone(scenario: Scenario) -> None:
    await scenario.served()
    scenario.cluster.edit(scenario.child(DEPLOYMENT), ("metadata", "annotations"), {"theirs": "x"})
    scenario.cluster.edit(scenario.child(SERVICE), ("spec", "sessionAffinity"), "ClientIP")
    passes = len(scenario.outcomes)
    assert await scenario.settle() == []
    assert len(scenario.outcomes) == passes, "it does not even wake the app"


async def test_status_that_another_client_changes_is_written_again(scenario: Scenario) -> None:
    await scenario.served()
    scenario.cluster.edit(scenario.app(), ("status",), {"url": "https://evil.test"})
    assert await scenario.settle() == ["status shop: Ready=True Available"]


async def test_pods_that_fail_and_recover_cost_one_status_each(scenario: Scenario) -> None:
    await scenario.served()
    deployment = scenario.child(DEPLOYMENT)
    lacking = [{"type": "Available", "status": "False", "reason": "MinimumReplicasUnavailable", "message": "none"}]
    status = deployment.body["status"] | {"availableReplicas": 0, "readyReplicas": 0, "conditions": lacking}
    scenario.cluster.edit(deployment, ("status",), status)
    assert await scenario.settle() == ["status shop: Ready=False Progressing"]
    assert scenario.conditions()["WorkloadAvailable"] == "False MinimumReplicasUnavailable"
    scenario.rolled_out()
    assert await scenario.settle() == ["status shop: Ready=True Available"]


def updates_of_deployments() -> dict[Cause, float]:
    labels = {"kind": "Deployment", "verb": "update"}
    return {
        cause: REGISTRY.get_sample_value("proxiedapp_writes_total", labels | {"reason": cause}) or 0.0
        for cause in Cause
    }


async def test_writes_for_a_new_spec_and_for_drift_are_counted_separately(scenario: Scenario) -> None:
    before = updates_of_deployments()
    await scenario.served()
    scenario.change(image="shop:2")
    await scenario.settle()
    assert updates_of_deployments() == before | {Cause.SPEC: before[Cause.SPEC] + 1}
    scenario.cluster.edit(scenario.child(DEPLOYMENT), ("spec", "replicas"), 9)
    await scenario.settle()
    assert updates_of_deployments() == {cause: before[cause] + (cause is not Cause.STATUS) for cause in Cause}
