"""Names that are taken are reported and not fought over; our own orphans are taken back."""

from copy import deepcopy
from typing import Any

import pytest

from proxiedapp.controller.observed.objects import ChildId
from proxiedapp.controller.observed.store import MAX_LEFT_SECONDS
from proxiedapp.controller.watchedkinds import PROXIED_APP
from proxiedapp.kube.key import Key
from proxiedapp.resources.desired import desired
from proxiedapp.resources.kinds import DEPLOYMENT, INGRESS_ROUTE, MIDDLEWARE, SERVICE
from proxiedapp.resources.metadata import INSTANCE, MANAGED_BY, MANAGER
from tests.support.apps import DEFAULTS, an_app
from tests.support.observed import owner_reference
from tests.support.scenario import NAMESPACE, Scenario

LABELS = {INSTANCE: "shop", MANAGED_BY: MANAGER}
THEIRS = {"apiVersion": "v1", "kind": "Other", "name": "x", "uid": "x", "controller": True}
STALLED = {
    "Ready": "False NameTaken",
    "Stalled": "True NameTaken",
    "RouteAccepted": "False NotApplied",
    "WorkloadAvailable": "Unknown NotYetReported",
}
CREATION = [
    "create services/shop",
    "create middlewares/shop-strip",
    "create middlewares/shop-headers",
    "create middlewares/shop-bare",
    "create deployments/shop",
    "create ingressroutes/shop",
    "status shop: Ready=False Progressing",
]
FIRST = [
    *CREATION[:4],
    "read services/shop",
    "status shop: Ready=False NameTaken",
    "event shop: NameTaken",
]


async def test_taken_name_stops_the_route_and_is_reported_once(scenario: Scenario) -> None:
    theirs = scenario.foreign(SERVICE)
    before = deepcopy(theirs.body)
    scenario.create()
    assert await scenario.settle() == FIRST
    assert scenario.conditions() == STALLED
    assert theirs.body == before, "it is not touched"
    assert scenario.cluster.names(INGRESS_ROUTE) == []


async def test_taken_name_is_checked_again_but_not_reported_again(scenario: Scenario) -> None:
    scenario.foreign(SERVICE)
    scenario.create()
    await scenario.settle()
    for wait in (0.5, 1.0, 2.0):
        assert scenario.clock.next_in() == wait
        scenario.clock.advance(wait)
        assert await scenario.settle() == ["create services/shop", "read services/shop"]


async def test_freed_name_is_used(scenario: Scenario) -> None:
    scenario.foreign(SERVICE)
    scenario.create()
    await scenario.settle()
    scenario.delete(SERVICE, "shop")
    scenario.clock.advance(0.5)
    assert await scenario.settle() == [
        "create services/shop",
        "create deployments/shop",
        "create ingressroutes/shop",
        "status shop: Ready=False Progressing",
    ]


async def test_taken_middleware_leaves_the_route_and_its_middleware_as_they_are(scenario: Scenario) -> None:
    """Nothing is switched, the pods keep their root path, and no object that the old route depends on is pruned."""
    await scenario.served(prefix="/v1")
    route = deepcopy(scenario.child(INGRESS_ROUTE).body)
    wanted = desired(an_app("shop", "/v2", namespace=NAMESPACE), DEFAULTS).children[2]["metadata"]["name"]
    assert wanted.startswith("shop-strip-")
    scenario.foreign(MIDDLEWARE, wanted)
    scenario.change(prefix="/v2")
    assert await scenario.settle() == [
        "create middlewares/shop-strip",
        "create middlewares/shop-bare",
        "read middlewares/shop-strip",
        "status shop: Ready=False NameTaken",
        "event shop: NameTaken",
    ]
    assert scenario.child(INGRESS_ROUTE).body == route
    assert len(scenario.cluster.names(MIDDLEWARE)) == 5
    assert scenario.status()["url"] == "/v1/", "what is still served"


@pytest.mark.parametrize(
    ("holder", "owner"),
    [
        pytest.param(None, "another user", id="no controller"),
        pytest.param(
            {"apiVersion": "apps/v1", "kind": "ReplicaSet", "name": "x"}, "the ReplicaSet x", id="another kind"
        ),
        pytest.param({"name": "other", "uid": "u"}, "the ProxiedApp other", id="another app"),
        pytest.param({"name": "x", "controller": False}, "another user", id="an owner without control"),
    ],
)
async def test_message_names_the_owner_of_the_other_object(
    scenario: Scenario, holder: dict[str, str] | None, owner: str
) -> None:
    references = [] if holder is None else [owner_reference(Key(NAMESPACE, "x"), "u") | holder]
    scenario.foreign(SERVICE, ownerReferences=references)
    scenario.create()
    await scenario.settle()
    assert scenario.conditions() == STALLED
    assert scenario.message().startswith(f"Service shop already exists and belongs to {owner}. ")


async def test_child_that_the_watch_did_not_report_is_recognised(scenario: Scenario) -> None:
    """A crash after a write, a lost event: the object is there and ours, only the store does not know."""
    await scenario.served()
    uid = scenario.child(DEPLOYMENT).body["metadata"]["uid"]
    scenario.store.forget_child(ChildId(DEPLOYMENT, NAMESPACE, "shop"), uid)
    assert await scenario.reconcile() == [
        "read proxiedapps/shop",
        "create deployments/shop",
        "read deployments/shop",
        "apply deployments/shop",
    ]
    assert await scenario.reconcile() == []


async def test_orphan_of_ours_is_adopted(scenario: Scenario) -> None:
    """After `kubectl delete --cascade=orphan` the children have no controller, but still our fields."""
    await scenario.served()
    scenario.cluster.delete(PROXIED_APP, NAMESPACE, "shop")
    for stored in scenario.cluster.objects.values():
        scenario.cluster.edit(stored, ("metadata", "ownerReferences"), [])
    await scenario.settle()
    uid = scenario.create().body["metadata"]["uid"]
    requests = await scenario.settle()
    assert requests[-2:] == ["apply ingressroutes/shop", "status shop: Ready=True Available"]
    assert [line for line in requests if line.startswith("apply")] == [
        "apply services/shop",
        "apply middlewares/shop-strip",
        "apply middlewares/shop-headers",
        "apply middlewares/shop-bare",
        "apply deployments/shop",
        "apply ingressroutes/shop",
    ]
    (reference,) = scenario.child(SERVICE).body["metadata"]["ownerReferences"]
    assert reference["uid"] == uid


async def test_children_of_a_deleted_app_are_waited_for(scenario: Scenario) -> None:
    """The app was deleted and made again; the garbage collector is still at work on the old children."""
    await scenario.served()
    scenario.cluster.delete(PROXIED_APP, NAMESPACE, "shop")
    scenario.create()
    requests = await scenario.settle()
    assert not [line for line in requests if line.startswith(("apply", "delete"))]
    assert requests[-1] == "status shop: Ready=False Retrying"
    assert "Stalled" not in scenario.conditions()
    for stored in [stored for stored in scenario.cluster.objects.values() if stored.kind is not PROXIED_APP]:
        scenario.cluster.delete(stored.kind, NAMESPACE, stored.body["metadata"]["name"])
    assert await scenario.settle() == CREATION


def orphan(scenario: Scenario) -> None:
    """Delete the app with --cascade=orphan: the garbage collector only takes the controller from its children."""
    scenario.cluster.delete(PROXIED_APP, NAMESPACE, "shop")
    for stored in scenario.cluster.objects.values():
        scenario.cluster.edit(stored, ("metadata", "ownerReferences"), [])


async def test_orphans_that_the_next_app_of_the_name_does_not_want_are_pruned(scenario: Scenario) -> None:
    await scenario.served(disruptionBudget={"minAvailable": 1}, autoscaling={"minReplicas": 1, "maxReplicas": 3})
    route = scenario.child(INGRESS_ROUTE).body["metadata"]["uid"]
    orphan(scenario)
    assert await scenario.settle() == [], "without an app they are left alone"
    scenario.create(prefix="/other")
    requests = await scenario.settle()
    unwanted = {"horizontalpodautoscalers/shop", "poddisruptionbudgets/shop", "middlewares/shop-strip"}
    assert {f"delete {name}" for name in unwanted} <= set(requests)
    children = [
        stored.body["metadata"] for stored in scenario.cluster.objects.values() if stored.kind is not PROXIED_APP
    ]
    assert all(metadata["ownerReferences"] for metadata in children), "none is left without an owner"
    assert not [line for line in requests if line.startswith("read")], "they are known without a request"
    assert scenario.child(INGRESS_ROUTE).body["metadata"]["uid"] == route, "the others are adopted"


@pytest.mark.parametrize(
    ("metadata", "applied"),
    [
        pytest.param({"name": "shop-x", "labels": LABELS}, False, id="not applied by us"),
        pytest.param({"name": "else", "labels": LABELS}, True, id="another name"),
        pytest.param({"name": "shop-x", "labels": {**LABELS, INSTANCE: "shop-x"}}, True, id="of another app"),
        pytest.param({"name": "shop-x", "labels": LABELS, "ownerReferences": [THEIRS]}, True, id="controlled"),
    ],
)
async def test_objects_that_only_resemble_orphans_are_left_alone(
    scenario: Scenario, metadata: dict[str, Any], applied: bool
) -> None:
    body = {"apiVersion": MIDDLEWARE.api_version, "kind": MIDDLEWARE.kind, "spec": {}}
    body["metadata"] = {"namespace": NAMESPACE, **metadata}
    scenario.cluster.put(MIDDLEWARE, body, ours=body if applied else None)
    await scenario.served()
    assert metadata["name"] in scenario.cluster.names(MIDDLEWARE)


async def test_route_of_an_orphan_keeps_its_host_and_prefix_for_the_next_app_of_the_name(scenario: Scenario) -> None:
    await scenario.served()
    orphan(scenario)
    scenario.create("other")
    await scenario.settle()
    assert scenario.conditions("other")["RouteAccepted"].startswith("False")


async def orphan_beside_another_app(scenario: Scenario) -> None:
    """Delete an app with --cascade=orphan, and create another one at its address, until its claim is over."""
    await scenario.served()
    orphan(scenario)
    scenario.create("other")
    await scenario.settle()
    scenario.rolled_out("other")
    scenario.clock.advance(MAX_LEFT_SECONDS)
    await scenario.settle()


async def test_route_of_an_orphan_is_reported_by_an_app_of_another_name_until_it_is_deleted(scenario: Scenario) -> None:
    await orphan_beside_another_app(scenario)
    assert scenario.conditions("other")["RouteAccepted"] == "True Overlapped"
    text = scenario.message("other", "RouteAccepted")
    (left,) = [name for name in scenario.cluster.names(INGRESS_ROUTE) if name.startswith("shop")]
    assert f"IngressRoute team/{left} has the same address and belongs to no ProxiedApp" in text
    assert "it may take the requests for any host /api/v1. Delete it" in text
    assert await scenario.reconcile("other") == []
    scenario.cluster.delete(INGRESS_ROUTE, NAMESPACE, left)
    assert await scenario.settle() == ["status other: Ready=True Available"]
    assert scenario.conditions("other")["RouteAccepted"] == "True Accepted"


async def test_app_beside_the_route_of_an_orphan_stays_served_over_a_restart(scenario: Scenario) -> None:
    await orphan_beside_another_app(scenario)
    scenario.restart()
    assert await scenario.reconcile("other") == []
    assert scenario.conditions("other")["RouteAccepted"] == "True Overlapped"


async def test_copy_of_a_route_with_our_label_is_reported_when_it_comes_and_goes(scenario: Scenario) -> None:
    """Such as one from a backup, which has no managed fields."""
    await scenario.served()
    spec = deepcopy(scenario.child(INGRESS_ROUTE).body["spec"])
    metadata = {"namespace": NAMESPACE, "name": "restored", "labels": LABELS}
    copy = {"apiVersion": INGRESS_ROUTE.api_version, "kind": INGRESS_ROUTE.kind, "metadata": metadata, "spec": spec}
    scenario.cluster.put(INGRESS_ROUTE, copy)
    await scenario.settle()
    assert scenario.conditions()["RouteAccepted"] == "True Overlapped"
    assert "IngressRoute team/restored has" in scenario.message(kind="RouteAccepted")
    scenario.cluster.delete(INGRESS_ROUTE, NAMESPACE, "restored")
    await scenario.settle()
    assert scenario.conditions()["RouteAccepted"] == "True Accepted"
