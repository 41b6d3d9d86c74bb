"""How often a pass reads the store: once, and once more after its own writes."""

import pytest

from proxiedapp.controller.observed.objects import ObservedApp, ObservedChild
from proxiedapp.kube.key import Key
from proxiedapp.resources.kinds import DEPLOYMENT
from tests.support.scenario import NAMESPACE, Scenario


@pytest.fixture
def snapshots(scenario: Scenario, monkeypatch: pytest.MonkeyPatch) -> list[Key]:
    """Return a list to which each snapshot adds its key."""
    taken: list[Key] = []
    snapshot = scenario.store.snapshot

    def counted(key: Key) -> tuple[ObservedApp | None, tuple[ObservedChild, ...]]:
        taken.append(key)
        return snapshot(key)

    monkeypatch.setattr(scenario.store, "snapshot", counted)
    return taken


async def test_pass_without_writes_takes_one_snapshot(scenario: Scenario, snapshots: list[Key]) -> None:
    await scenario.served()
    snapshots.clear()
    assert await scenario.reconcile() == []
    assert snapshots == [Key(NAMESPACE, "shop")]


async def test_pass_with_rivals_takes_one_snapshot(scenario: Scenario, snapshots: list[Key]) -> None:
    await scenario.served("first")
    scenario.create("second")
    await scenario.settle()
    snapshots.clear()
    assert await scenario.reconcile("second") == []
    assert snapshots == [Key(NAMESPACE, "second")]


async def test_pass_that_writes_reports_on_the_children_after_its_writes(
    scenario: Scenario, snapshots: list[Key]
) -> None:
    await scenario.served()
    scenario.cluster.edit(scenario.child(DEPLOYMENT), ("spec", "replicas"), 7)
    scenario.watch()
    snapshots.clear()
    assert await scenario.work() == [
        "apply deployments/shop",
        "event shop: DriftRepaired",
        "status shop: Ready=False Progressing",
    ]
    assert snapshots == [Key(NAMESPACE, "shop")] * 2
