"""Specs that cannot be served: reported once, while what is served stays unchanged."""

from copy import deepcopy
from typing import Any

import pytest

from proxiedapp.controller.reconcile import Outcome
from proxiedapp.kube.errors import RefusedError, UnavailableError
from tests.support.scenario import Scenario

PYTHON = ["python", "main.py"]


def all_children(scenario: Scenario) -> list[dict[str, Any]]:
    return [
        deepcopy(stored.body) for key, stored in sorted(scenario.cluster.objects.items()) if key[0] != "proxiedapps"
    ]


async def test_rejected_spec_leaves_the_children_and_is_reported_once(scenario: Scenario) -> None:
    await scenario.served()
    before = all_children(scenario)
    scenario.change(command=PYTHON)
    assert await scenario.settle() == ["status shop: Ready=False UnknownServer", "event shop: UnknownServer"]
    assert all_children(scenario) == before
    assert scenario.conditions() == {
        "Ready": "False UnknownServer",
        "Stalled": "True UnknownServer",
        "RouteAccepted": "False NotApplied",
        "WorkloadAvailable": "True MinimumReplicasAvailable",
    }
    assert scenario.message().startswith("spec.command: the operator does not recognise a server in `python main.py`. ")


async def test_rejected_spec_makes_no_further_requests(scenario: Scenario) -> None:
    await scenario.served()
    scenario.change(command=PYTHON)
    await scenario.settle()
    assert scenario.outcomes[-1] == Outcome("UnknownServer")
    assert scenario.clock.pending() == [], "trying again would change nothing"
    assert await scenario.reconcile() == []


async def test_event_names_the_app_by_uid(scenario: Scenario) -> None:
    scenario.create(command=PYTHON)
    assert await scenario.settle() == ["status shop: Ready=False UnknownServer", "event shop: UnknownServer"]
    event = scenario.last("event").manifest
    assert event["regarding"]["uid"] == scenario.app().body["metadata"]["uid"]
    assert event["note"] == scenario.message()


async def test_corrected_spec_is_served(scenario: Scenario) -> None:
    await scenario.served()
    scenario.change(command=PYTHON)
    await scenario.settle()
    scenario.change()
    assert await scenario.settle() == ["status shop: Ready=True Available"]
    assert "Stalled" not in scenario.conditions()


async def test_another_reason_is_another_event(scenario: Scenario) -> None:
    scenario.create(command=PYTHON)
    await scenario.settle()
    scenario.change(command=["uvicorn", "main:app", "--port", "1"])
    assert await scenario.settle() == ["status shop: Ready=False CommandConflict", "event shop: CommandConflict"]


async def test_change_that_fixes_nothing_is_acknowledged_without_an_event(scenario: Scenario) -> None:
    scenario.create(command=PYTHON)
    await scenario.settle()
    scenario.change(command=PYTHON, replicas=2)
    assert await scenario.settle() == ["status shop: Ready=False UnknownServer"]
    assert scenario.status()["observedGeneration"] == 2


async def test_drift_is_not_corrected_while_the_spec_is_rejected(scenario: Scenario) -> None:
    """Nothing is known of what the children should be; they come right with the spec."""
    await scenario.served()
    scenario.change(command=PYTHON)
    await scenario.settle()
    scenario.rolled_out()
    assert await scenario.settle() == []


async def test_spec_that_the_models_reject_is_reported_too(scenario: Scenario) -> None:
    """It was stored under an older schema."""
    await scenario.served()
    scenario.cluster.edit(scenario.app(), ("spec", "image"), 1)
    assert await scenario.settle() == ["status shop: Ready=False InvalidSpec", "event shop: InvalidSpec"]
    assert scenario.message().startswith("spec.image: ")


async def test_quantity_that_kubernetes_cannot_parse_is_a_refused_child(scenario: Scenario) -> None:
    await scenario.served()
    scenario.change(resources={"limits": {"cpu": "1e1.5"}})
    scenario.api.fail("apply", "deployments", RefusedError(400, "unable to parse quantity's suffix"))
    assert await scenario.settle() == [
        "apply deployments/shop",
        "status shop: Ready=False ChildRefused",
        "event shop: ChildRefused",
    ]


@pytest.mark.parametrize("error", [RefusedError(403, "not allowed"), UnavailableError(503, "away")])
async def test_event_that_cannot_be_written_does_no_harm(scenario: Scenario, error: Exception) -> None:
    assert isinstance(error, RefusedError | UnavailableError)
    scenario.api.fail("event", "events", error)
    scenario.create(command=PYTHON)
    assert await scenario.settle() == ["status shop: Ready=False UnknownServer", "event shop: UnknownServer"]
    assert scenario.outcomes[-1] == Outcome("UnknownServer")


async def test_without_traefik_only_the_status_is_written() -> None:
    scenario = Scenario(served=frozenset())
    scenario.create()
    assert await scenario.settle() == ["status shop: Ready=False TraefikMissing", "event shop: TraefikMissing"]
    assert await scenario.reconcile() == []
    assert scenario.message().startswith("the cluster: it does not serve traefik.io/v1alpha1")
