"""Children whose API the cluster may lack: what is reported, and what is written without it."""

from typing import Any

import pytest

from proxiedapp.kube.errors import RefusedError
from proxiedapp.kube.kind import Kind
from proxiedapp.resources.kinds import (
    CERT_MANAGER_GROUP,
    CERTIFICATE,
    INGRESS_ROUTE,
    MONITORING_GROUP,
    OPTIONAL_GROUPS,
    SERVICE_MONITOR,
)
from tests.support.scenario import NAMESPACE, Scenario

CERTIFIED: dict[str, Any] = {"route": {"hosts": ["shop.test"], "tls": {"issuerRef": {"name": "le"}}}}
MONITORED: dict[str, Any] = {"monitoring": {"labels": {"release": "prometheus"}}}
CASES = pytest.mark.parametrize(
    ("kind", "fields"),
    [
        pytest.param(SERVICE_MONITOR, MONITORED, id="monitor"),
        pytest.param(CERTIFICATE, CERTIFIED, id="certificate"),
    ],
)


async def test_without_the_monitors_api_the_app_is_ready_and_reports_it() -> None:
    scenario = Scenario(served=OPTIONAL_GROUPS - {MONITORING_GROUP})
    await scenario.served(**MONITORED)
    assert scenario.conditions() == {
        "Ready": "True Available",
        "RouteAccepted": "True Accepted",
        "WorkloadAvailable": "True NotMonitored",
    }
    assert scenario.message(kind="WorkloadAvailable") == (
        "Enough pods are available to serve, but their metrics are not collected: the cluster does not serve "
        "monitoring.coreos.com/v1. Install the Prometheus operator with its CustomResourceDefinitions; "
        "the operator then creates the ServiceMonitor."
    )
    assert scenario.cluster.names(SERVICE_MONITOR) == []
    assert await scenario.reconcile() == []


async def test_once_there_is_the_api_the_monitor_follows() -> None:
    scenario = Scenario(served=OPTIONAL_GROUPS - {MONITORING_GROUP})
    await scenario.served(**MONITORED)
    scenario.restart(OPTIONAL_GROUPS)
    assert await scenario.settle() == [
        "read proxiedapps/shop",
        "create servicemonitors/shop",
        "status shop: Ready=True Available",
    ]
    assert scenario.conditions()["WorkloadAvailable"] == "True MinimumReplicasAvailable"


async def test_without_cert_managers_api_the_spec_is_stalled_and_what_is_served_stays() -> None:
    scenario = Scenario(served=OPTIONAL_GROUPS - {CERT_MANAGER_GROUP})
    await scenario.served()
    before = scenario.child(INGRESS_ROUTE).body
    scenario.change(**CERTIFIED)
    assert await scenario.settle() == ["status shop: Ready=False CertManagerMissing", "event shop: CertManagerMissing"]
    assert scenario.message().startswith("spec.route.tls.issuerRef: the cluster does not serve cert-manager.io/v1")
    assert scenario.child(INGRESS_ROUTE).body == before
    assert await scenario.reconcile() == []
    scenario.restart(OPTIONAL_GROUPS)
    requests = await scenario.settle()
    assert "create certificates/shop" in requests
    assert requests[-1] == "status shop: Ready=True Available"


@CASES
async def test_child_comes_with_its_field_and_goes_with_it(
    scenario: Scenario, kind: Kind, fields: dict[str, Any]
) -> None:
    await scenario.served(**fields)
    assert scenario.cluster.names(kind) == ["shop"]
    assert await scenario.reconcile() == []
    scenario.delete(kind, "shop")
    assert await scenario.settle() == [
        "read proxiedapps/shop",
        f"create {kind.plural}/shop",
        "event shop: DriftRepaired",
    ]
    scenario.change()
    assert f"delete {kind.plural}/shop" in await scenario.settle()
    assert scenario.cluster.names(kind) == []


@CASES
async def test_drift_is_corrected(scenario: Scenario, kind: Kind, fields: dict[str, Any]) -> None:
    await scenario.served(**fields)
    before = scenario.child(kind).body["spec"]
    name = "secretName" if kind is CERTIFICATE else "endpoints"
    scenario.cluster.edit(scenario.child(kind), ("spec", name), "theirs")
    assert await scenario.settle() == [f"apply {kind.plural}/shop", "event shop: DriftRepaired"]
    assert scenario.child(kind).body["spec"] == before


@CASES
async def test_taken_name_is_reported_and_the_route_is_written(
    scenario: Scenario, kind: Kind, fields: dict[str, Any]
) -> None:
    foreign = scenario.foreign(kind)
    scenario.create(**fields)
    await scenario.settle()
    scenario.rolled_out()
    await scenario.settle()
    assert scenario.conditions() == {
        "Ready": "False NameTaken",
        "Stalled": "True NameTaken",
        "RouteAccepted": "True Accepted",
        "WorkloadAvailable": "True MinimumReplicasAvailable",
    }
    assert foreign.body["spec"] == {"theirs": True}
    assert scenario.status()["url"], "the app is served at its address"


@CASES
async def test_child_that_is_refused_does_not_part_route_and_pods(
    scenario: Scenario, kind: Kind, fields: dict[str, Any]
) -> None:
    """A new prefix reaches both, or clients would reach pods that are configured with another prefix."""
    await scenario.served()
    scenario.api.fail("create", kind.plural, RefusedError(403, "not allowed"))
    scenario.change("shop", "/api/v2", **fields)
    await scenario.settle()
    assert "/api/v2" in scenario.command()
    (name,) = [name for name in scenario.cluster.names(INGRESS_ROUTE) if "plain" not in name]
    route = scenario.cluster.get(INGRESS_ROUTE, NAMESPACE, name)
    assert "/api/v2" in route.body["spec"]["routes"][0]["match"]
    assert scenario.conditions()["Ready"] == "False ChildRefused"
    assert scenario.conditions()["RouteAccepted"] == "True Accepted"
