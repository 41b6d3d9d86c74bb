"""Drift: children that other clients change are repaired, with an Event, and a fight is bounded and reported."""

from typing import Any

import pytest

from proxiedapp.controller.watchedkinds import PROXIED_APP
from proxiedapp.resources.kinds import AUTOSCALER, DEPLOYMENT, SERVICE
from tests.support.scenario import Scenario

REPAIRED = "event shop: DriftRepaired"


def events(scenario: Scenario) -> list[str]:
    return [request.manifest["note"] for request in scenario.api.requests if request.verb == "event"]


async def test_repaired_field_is_an_event_with_kind_and_field(scenario: Scenario) -> None:
    await scenario.served()
    scenario.cluster.edit(scenario.child(DEPLOYMENT), ("spec", "replicas"), 5)
    requests = await scenario.settle()
    assert requests[:2] == ["apply deployments/shop", REPAIRED]
    assert events(scenario)[0].startswith("Deployment shop: spec.replicas was changed by kubectl-edit. The")
    assert "Scale the ProxiedApp instead" in events(scenario)[0]


async def test_same_drift_is_one_event_in_some_minutes(scenario: Scenario) -> None:
    await scenario.served()
    for seconds, written in ((0, [REPAIRED]), (60, []), (300, [REPAIRED])):
        scenario.clock.advance(seconds)
        await scenario.settle()
        scenario.cluster.edit(scenario.child(DEPLOYMENT), ("spec", "replicas"), 5)
        requests = await scenario.settle()
        assert [line for line in requests if line.startswith("event")] == written
        assert "apply deployments/shop" in requests


async def test_deleted_child_is_an_event(scenario: Scenario) -> None:
    await scenario.served()
    scenario.delete(SERVICE, "shop")
    assert await scenario.settle() == ["read proxiedapps/shop", "create services/shop", REPAIRED]
    assert events(scenario) == ["Service shop was deleted by another client. The operator has created it again."]


async def test_changes_of_the_spec_are_no_drift(scenario: Scenario) -> None:
    await scenario.served()
    scenario.change(image="shop:2", disruptionBudget={"minAvailable": 1})
    await scenario.settle()
    scenario.change(image="shop:2")
    await scenario.settle()
    assert events(scenario) == []


async def test_deletion_of_the_app_is_no_drift(scenario: Scenario) -> None:
    await scenario.served()
    scenario.delete(PROXIED_APP, "shop")
    scenario.delete(SERVICE, "shop")
    assert await scenario.settle() == []
    scenario.create()
    await scenario.settle()
    assert events(scenario) == []


async def test_fight_is_bounded_and_reported(scenario: Scenario) -> None:
    """Another controller changes the Deployment again after each write, as an autoscaler would."""
    await scenario.served()
    writes = 0
    for _ in range(110):
        scenario.cluster.edit(scenario.child(DEPLOYMENT), ("spec", "replicas"), 5)
        writes += (await scenario.settle()).count("apply deployments/shop")
        scenario.clock.advance(1.0)
    assert 6 <= writes <= 12
    assert scenario.conditions()["Stalled"] == "True Contested"
    assert scenario.conditions()["RouteAccepted"] == "True Accepted"
    assert "Deployment shop" in scenario.message()
    assert "(spec.replicas, by kubectl-edit)" in scenario.message()
    statuses = [request for request in scenario.api.requests if request.line().endswith("Contested")]
    assert len([request for request in statuses if request.verb == "status"]) == 1, "the status does not flap"


async def test_fight_that_ends_is_reported_as_over(scenario: Scenario) -> None:
    await scenario.served()
    for _ in range(20):
        scenario.cluster.edit(scenario.child(DEPLOYMENT), ("spec", "replicas"), 5)
        await scenario.settle()
        scenario.clock.advance(1.0)
    assert scenario.conditions()["Ready"] == "False Contested"
    for _ in range(20):
        scenario.clock.advance(30.0)
        await scenario.settle()
        scenario.rolled_out()
    assert scenario.conditions()["Ready"] == "True Available"
    assert scenario.child(DEPLOYMENT).body["spec"]["replicas"] == 1


async def test_new_spec_is_applied_during_a_fight(scenario: Scenario) -> None:
    await scenario.served()
    for _ in range(20):
        scenario.cluster.edit(scenario.child(DEPLOYMENT), ("spec", "replicas"), 5)
        await scenario.settle()
        scenario.clock.advance(0.1)
    scenario.change(image="shop:2")
    assert "apply deployments/shop" in await scenario.settle()


def mutated(scenario: Scenario, monkeypatch: pytest.MonkeyPatch, appended: list[str] | None = None) -> None:
    """Let a mutating admission policy change each Deployment that is applied; the applier stays the owner."""
    applied = scenario.cluster.apply

    def apply(kind: Any, manifest: Any) -> Any:
        stored = applied(kind, manifest)
        if kind is DEPLOYMENT:
            template = stored.body["spec"]["template"]["spec"]
            template["containers"][0]["image"] = "mirror/shop:1"
            if appended is not None:
                appended.append("x")
                template["containers"][0]["args"] = list(appended)
        return stored

    monkeypatch.setattr(scenario.cluster, "apply", apply)


@pytest.mark.parametrize("appended", [None, []], ids=["the same each time", "more each time"])
async def test_mutating_policy_is_no_drift(
    scenario: Scenario, monkeypatch: pytest.MonkeyPatch, appended: list[str] | None
) -> None:
    mutated(scenario, monkeypatch, appended)
    await scenario.served()
    for ready in (0, 1, 0, 1):
        deployment = scenario.child(DEPLOYMENT)
        scenario.cluster.edit(deployment, ("status", "readyReplicas"), ready)
        assert "apply deployments/shop" not in await scenario.settle()
    scenario.cluster.edit(scenario.child(DEPLOYMENT), ("spec", "replicas"), 5)
    assert "apply deployments/shop" in await scenario.settle(), "what another client changes is repaired"


async def test_paused_rollout_is_named(scenario: Scenario) -> None:
    await scenario.served()
    deployment = scenario.child(DEPLOYMENT)
    scenario.cluster.edit(deployment, ("spec", "paused"), True)
    await scenario.settle()
    scenario.rolled_out()
    assert await scenario.settle() == ["status shop: Ready=True Available"], "nothing waits yet"
    scenario.change(image="shop:2")
    await scenario.settle()
    waits = {"observedGeneration": deployment.body["metadata"]["generation"], "updatedReplicas": 0}
    scenario.cluster.edit(deployment, ("status",), deployment.body["status"] | waits)
    requests = await scenario.settle()
    assert requests[-2:] == ["status shop: Ready=False Paused", "event shop: Paused"]
    assert "kubectl rollout resume deployment/shop" in scenario.message()


def scaled(scenario: Scenario, manager: str = "kube-controller-manager") -> None:
    """Act as a HorizontalPodAutoscaler that targets the ProxiedApp: it writes to the scale subresource."""
    app = scenario.app()
    time = scenario.clock.now().isoformat().replace("+00:00", "Z")
    fields: dict[str, Any] = {"f:spec": {"f:replicas": {}}}
    entry = {"manager": manager, "operation": "Update", "subresource": "scale", "time": time, "fieldsV1": fields}
    app.body["metadata"]["managedFields"] = [entry]
    scenario.cluster.edit(app, ("spec", "replicas"), 3)


async def test_autoscaler_beside_the_apps_own_is_an_event(scenario: Scenario) -> None:
    await scenario.served(autoscaling={"minReplicas": 1, "maxReplicas": 3})
    scaled(scenario)
    assert "event shop: ScalingIgnored" in await scenario.settle()
    assert events(scenario)[0].startswith("spec.replicas was set by kube-controller-manager (subresource scale)")
    scenario.clock.advance(400.0)
    await scenario.reconcile()
    assert len(events(scenario)) == 1, "the entry outlives the autoscaler"


AMBIGUOUS = "pods by selector a=b are controlled by multiple HPAs: [{%s} {shop team}]"


def ambiguous(scenario: Scenario, others: str) -> None:
    """Report what the controller of autoscalers does if others select the same pods."""
    message = AMBIGUOUS % others
    active = {"type": "ScalingActive", "status": "False", "reason": "AmbiguousSelector", "message": message}
    scenario.cluster.edit(scenario.child(AUTOSCALER), ("status",), {"conditions": [active]})


async def test_autoscaler_of_the_deployment_beside_the_apps_own_is_an_event(scenario: Scenario) -> None:
    """KEDA makes such a one for a ScaledObject that targets the Deployment."""
    await scenario.served(autoscaling={"minReplicas": 1, "maxReplicas": 3})
    ambiguous(scenario, "keda-hpa-shop team")
    assert await scenario.settle() == ["event shop: AutoscalerConflict"]
    assert events(scenario)[0].startswith("None of the HorizontalPodAutoscalers shop, keda-hpa-shop scales: ")
    ambiguous(scenario, "keda-hpa-shop team")
    assert await scenario.settle() == [], "the same report again"
    scenario.clock.advance(400.0)
    assert await scenario.reconcile() == ["event shop: AutoscalerConflict"], "as long as it lasts"
    scenario.cluster.edit(scenario.child(AUTOSCALER), ("status",), {"conditions": []})
    scenario.clock.advance(400.0)
    await scenario.settle()
    assert await scenario.reconcile() == []


async def test_names_of_other_autoscalers_are_in_order(scenario: Scenario) -> None:
    """Kubernetes reports them in any order, and a new text would be a new Event."""
    await scenario.served(autoscaling={"minReplicas": 1, "maxReplicas": 3})
    ambiguous(scenario, "b team} {a team")
    await scenario.settle()
    ambiguous(scenario, "a team} {b team")
    await scenario.settle()
    assert len(events(scenario)) == 1
    assert events(scenario)[0].startswith("None of the HorizontalPodAutoscalers shop, a, b scales: ")


async def test_autoscaler_that_targets_the_app_is_welcome(scenario: Scenario) -> None:
    await scenario.served()
    scaled(scenario)
    assert "apply deployments/shop" in await scenario.settle()
    assert events(scenario) == []
