"""Policies while apps are served: what is withdrawn, what stays, and what the status reports."""

import pytest

from proxiedapp.kube.kind import Kind
from proxiedapp.resources.kinds import CERTIFICATE, DEPLOYMENT, INGRESS_ROUTE
from tests.support.scenario import NAMESPACE, Scenario

HOSTS = {"hosts": ["shop.team-a.test"]}
ISSUED = HOSTS | {"entryPoints": ["websecure"], "tls": {"issuerRef": {"kind": "ClusterIssuer", "name": "acme"}}}
DNS = "external-dns.alpha.kubernetes.io/target"


@pytest.fixture
def scenario() -> Scenario:
    return Scenario()


def exists(scenario: Scenario, kind: Kind) -> bool:
    return bool(scenario.cluster.names(kind))


async def test_without_policies_everything_is_allowed(scenario: Scenario) -> None:
    await scenario.served(route=HOSTS)
    assert scenario.conditions()["RouteAccepted"] == "True Accepted"


async def test_allowed_app_is_served(scenario: Scenario) -> None:
    scenario.policy(hosts=["*.team-a.test"])
    await scenario.served(route=HOSTS)


async def test_nothing_is_created_for_an_app_that_is_not_allowed(scenario: Scenario) -> None:
    scenario.policy(hosts=["*.team-b.test"])
    scenario.create(route=HOSTS)
    requests = await scenario.settle()
    assert [line for line in requests if "status" not in line and not line.startswith("event ")] == []
    assert scenario.conditions() == {
        "Ready": "False NotAllowed",
        "Stalled": "True NotAllowed",
        "RouteAccepted": "False NotAllowed",
        "WorkloadAvailable": "Unknown NotYetReported",
    }
    assert "the ProxyPolicy teams does not allow the host shop.team-a.test" in scenario.message()


async def test_route_and_certificate_are_withdrawn_and_pods_stay(scenario: Scenario) -> None:
    await scenario.served(route=ISSUED)
    await scenario.verify()
    scenario.policy(hosts=["*.team-b.test"])
    await scenario.settle()
    assert not exists(scenario, INGRESS_ROUTE)
    assert not exists(scenario, CERTIFICATE)
    assert exists(scenario, DEPLOYMENT)
    assert scenario.conditions()["RouteAccepted"] == "False NotAllowed"
    assert "Verified" not in scenario.conditions(), "nothing is served that could be right"
    assert "url" not in scenario.status()
    assert await scenario.settle() == []


async def test_route_is_back_once_a_policy_allows_it(scenario: Scenario) -> None:
    await scenario.served(route=ISSUED)
    scenario.policy(hosts=[])
    await scenario.settle()
    scenario.policy("more", hosts=["*.team-a.test"])
    await scenario.settle()
    assert exists(scenario, INGRESS_ROUTE)
    assert exists(scenario, CERTIFICATE)
    assert scenario.conditions()["Ready"] == "True Available"
    assert scenario.status()["url"] == "https://shop.team-a.test/api/v1/"


async def test_last_policy_that_is_deleted_opens_everything(scenario: Scenario) -> None:
    scenario.policy(hosts=[])
    scenario.create(route=HOSTS)
    await scenario.settle()
    scenario.delete_policy()
    await scenario.settle()
    assert exists(scenario, INGRESS_ROUTE)


async def test_labels_of_the_namespace_decide(scenario: Scenario) -> None:
    scenario.policy(namespaces={"selector": {"matchLabels": {"team": "a"}}})
    scenario.create(route=HOSTS)
    await scenario.settle()
    assert "no ProxyPolicy selects the namespace" in scenario.message()
    scenario.label_namespace(team="a")
    await scenario.settle()
    assert exists(scenario, INGRESS_ROUTE)
    scenario.label_namespace(team="b")
    await scenario.settle()
    assert not exists(scenario, INGRESS_ROUTE)


async def test_edit_to_a_host_that_is_not_allowed_withdraws_the_route(scenario: Scenario) -> None:
    scenario.policy(hosts=["*.team-a.test"])
    await scenario.served(route=HOSTS)
    scenario.change(route={"hosts": ["shop.team-b.test"]})
    await scenario.settle()
    assert not exists(scenario, INGRESS_ROUTE)
    assert scenario.conditions()["RouteAccepted"] == "False NotAllowed"


async def test_suspending_an_app_does_not_keep_its_route(scenario: Scenario) -> None:
    await scenario.served(route=HOSTS)
    scenario.cluster.edit(scenario.app(), ("metadata", "annotations"), {"proxiedapp.dev/reconcile": "suspended"})
    await scenario.settle()
    scenario.policy(hosts=[])
    await scenario.settle()
    assert not exists(scenario, INGRESS_ROUTE)
    assert scenario.conditions()["Ready"] == "False NotAllowed"


async def test_broken_spec_does_not_keep_a_route_that_is_not_allowed_any_more(scenario: Scenario) -> None:
    await scenario.served(route=HOSTS)
    scenario.change(route={"hosts": ["shop.team-b.test"]}, command=["sleep", "1"])
    await scenario.settle()
    assert exists(scenario, INGRESS_ROUTE), "what was applied before stays"
    scenario.policy(hosts=["*.team-b.test"])
    await scenario.settle()
    assert not exists(scenario, INGRESS_ROUTE)
    assert scenario.conditions()["Ready"] == "False UnknownServer"


async def test_app_that_is_not_allowed_blocks_no_other_app(scenario: Scenario) -> None:
    scenario.policy(issuers=[])
    scenario.create("old", route=ISSUED, created="2020-01-01T00:00:00Z")
    await scenario.settle()
    await scenario.served("new", route={"hosts": HOSTS["hosts"], "entryPoints": ["websecure"]})
    assert scenario.conditions("old")["Ready"] == "False NotAllowed"


async def test_route_key_of_an_app_that_lost_it_goes_to_the_next(scenario: Scenario) -> None:
    await scenario.served("old", route=ISSUED, created="2020-01-01T00:00:00Z")
    scenario.create("new", route={"hosts": HOSTS["hosts"], "entryPoints": ["websecure"]})
    await scenario.settle()
    assert scenario.conditions("new")["RouteAccepted"] == "False Conflict"
    scenario.policy(issuers=[])
    await scenario.settle()
    assert scenario.conditions("new")["RouteAccepted"] == "True Accepted"


async def test_restart_writes_nothing(scenario: Scenario) -> None:
    await scenario.served(route=HOSTS)
    scenario.policy(hosts=[])
    await scenario.settle()
    scenario.restart()
    assert await scenario.reconcile() == []


async def test_routes_carry_the_annotations_that_a_policy_allows(scenario: Scenario) -> None:
    await scenario.served(commonAnnotations={DNS: "192.0.2.1", "team": "a"})
    assert "annotations" not in scenario.child(INGRESS_ROUTE).body["metadata"]
    assert scenario.child(DEPLOYMENT).body["metadata"]["annotations"] == {DNS: "192.0.2.1", "team": "a"}
    scenario.policy(routeAnnotations=["external-dns.alpha.kubernetes.io/*"])
    await scenario.settle()
    assert scenario.child(INGRESS_ROUTE).body["metadata"]["annotations"] == {DNS: "192.0.2.1"}


async def test_own_annotations_of_a_route_are_set_on_the_route_alone(scenario: Scenario) -> None:
    await scenario.served(route=HOSTS | {"annotations": {DNS: "192.0.2.1"}})
    assert scenario.child(INGRESS_ROUTE).body["metadata"]["annotations"] == {DNS: "192.0.2.1"}
    assert "annotations" not in scenario.child(DEPLOYMENT).body["metadata"]
    assert DNS not in scenario.child(DEPLOYMENT).body["spec"]["template"]["metadata"]["annotations"]


async def test_route_with_an_annotation_that_a_policy_does_not_allow_is_withdrawn(scenario: Scenario) -> None:
    await scenario.served(route=HOSTS | {"annotations": {DNS: "192.0.2.1"}})
    scenario.policy(hosts=["*.team-a.test"])
    await scenario.settle()
    assert not exists(scenario, INGRESS_ROUTE)
    assert f"does not allow the annotation {DNS}" in scenario.message()
    scenario.policy(hosts=["*.team-a.test"], routeAnnotations=[DNS])
    await scenario.settle()
    assert scenario.child(INGRESS_ROUTE).body["metadata"]["annotations"] == {DNS: "192.0.2.1"}


async def test_other_namespaces_are_not_woken(scenario: Scenario) -> None:
    await scenario.served(route=HOSTS)
    scenario.policy("other", namespaces={"names": ["elsewhere", NAMESPACE]})
    await scenario.settle()
    scenario.policy("third", namespaces={"names": ["elsewhere"]}, hosts=[])
    assert len(scenario.queue) == 0


async def test_invalid_stored_policy_allows_nothing(scenario: Scenario, caplog: pytest.LogCaptureFixture) -> None:
    scenario.policy(colours=["red"])
    scenario.create()
    await scenario.settle()
    assert scenario.conditions()["Ready"] == "False NotAllowed"
    assert "the ProxyPolicy teams is invalid and allows nothing" in caplog.text
