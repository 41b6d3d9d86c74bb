"""Other clients that act between an observation and a write: each write has a precondition."""

from copy import deepcopy

from proxiedapp.controller.watchedkinds import PROXIED_APP
from proxiedapp.resources.kinds import DEPLOYMENT, MIDDLEWARE, SERVICE
from tests.support.scenario import NAMESPACE, Scenario

SWITCHED = ["delete middlewares/shop-strip", "delete middlewares/shop-bare", "status shop: Ready=False Progressing"]


async def test_name_taken_while_the_creation_is_on_its_way(scenario: Scenario) -> None:
    scenario.api.meanwhile("create", "services", lambda: scenario.foreign(SERVICE))
    scenario.create()
    requests = await scenario.settle()
    assert requests[-3:] == ["read services/shop", "status shop: Ready=False NameTaken", "event shop: NameTaken"]
    assert scenario.child(SERVICE).body["spec"] == {"theirs": True}


async def test_conflict_with_an_object_that_was_deleted_meanwhile_is_retried(scenario: Scenario) -> None:
    scenario.foreign(SERVICE)
    scenario.api.meanwhile("read", "services", lambda: scenario.delete(SERVICE, "shop"))
    scenario.create()
    assert (await scenario.settle())[-1] == "status shop: Ready=False Retrying"
    scenario.clock.advance(0.5)
    assert (await scenario.settle())[-1] == "status shop: Ready=False Progressing"


async def test_child_deleted_during_the_request_is_created_again(scenario: Scenario) -> None:
    await scenario.served()
    scenario.api.meanwhile("apply", "deployments", lambda: scenario.delete(DEPLOYMENT, "shop"))
    scenario.change(replicas=2)
    requests = await scenario.settle()
    assert requests[0] == "apply deployments/shop", "with the uid of the old one, so it does not come back half"
    scenario.clock.advance(0.5)
    requests += await scenario.settle()
    assert "create deployments/shop" in requests
    assert scenario.child(DEPLOYMENT).body["spec"]["replicas"] == 2


async def test_child_found_deleted_is_created_again_before_the_watch_reports_it(scenario: Scenario) -> None:
    await scenario.served()
    scenario.api.meanwhile("apply", "deployments", lambda: scenario.delete(DEPLOYMENT, "shop"))
    scenario.change(replicas=2)
    scenario.watch()
    assert await scenario.work() == ["apply deployments/shop", "status shop: Ready=False Retrying"]
    assert (await scenario.reconcile())[0] == "create deployments/shop"


async def test_child_replaced_during_the_request_is_not_taken_over(scenario: Scenario) -> None:
    await scenario.served()

    def replace() -> None:
        scenario.delete(SERVICE, "shop")
        scenario.foreign(SERVICE)

    scenario.cluster.edit(scenario.child(SERVICE), ("spec", "ports"), [])
    scenario.api.meanwhile("apply", "services", replace)
    requests = await scenario.settle()
    scenario.clock.advance(0.5)
    requests += await scenario.settle()
    assert requests[0] == "apply services/shop"
    assert requests[-1] == "event shop: NameTaken"
    assert scenario.child(SERVICE).body["spec"] == {"theirs": True}


async def test_old_child_replaced_before_it_is_pruned_is_not_deleted(scenario: Scenario) -> None:
    await scenario.served(prefix="/v1")
    old = scenario.full_name(MIDDLEWARE, "shop-strip")

    def replace() -> None:
        scenario.cluster.delete(MIDDLEWARE, NAMESPACE, old)
        scenario.foreign(MIDDLEWARE, old)

    scenario.api.meanwhile("delete", "middlewares", replace)
    scenario.change(prefix="/v2")
    assert (await scenario.settle())[-3:] == SWITCHED
    assert scenario.cluster.get(MIDDLEWARE, NAMESPACE, old).body["spec"] == {"theirs": True}


async def test_old_child_that_was_deleted_already_is_not_a_problem(scenario: Scenario) -> None:
    await scenario.served(prefix="/v1")
    old = scenario.full_name(MIDDLEWARE, "shop-strip")
    scenario.api.meanwhile("delete", "middlewares", lambda: scenario.cluster.delete(MIDDLEWARE, NAMESPACE, old))
    scenario.change(prefix="/v2")
    assert (await scenario.settle())[-3:] == SWITCHED


async def test_status_never_lands_on_another_app_of_the_name(scenario: Scenario) -> None:
    def replace() -> None:
        scenario.delete(PROXIED_APP, "shop")
        scenario.create()

    scenario.create()
    scenario.watch()
    scenario.api.meanwhile("status", "proxiedapps", replace)
    requests = await scenario.work()
    assert requests[-1].startswith("status"), "no Event follows, and no error"
    assert scenario.status() == {"observedGeneration": -1}
    assert scenario.outcomes[-1].label == "applied"
    assert scenario.clock.next_in() == 5.0, "no retry for the old app, but an inspection of the pods"


async def test_app_replaced_by_another_is_served_after_the_old_children_are_deleted(scenario: Scenario) -> None:
    await scenario.served()
    scenario.delete(PROXIED_APP, "shop")
    uid = scenario.create(prefix="/v2").body["metadata"]["uid"]
    await scenario.settle()
    for stored in [stored for stored in scenario.cluster.objects.values() if stored.kind is not PROXIED_APP]:
        scenario.cluster.delete(stored.kind, NAMESPACE, stored.body["metadata"]["name"])
    assert (await scenario.settle())[-1] == "status shop: Ready=False Progressing"
    assert scenario.child(DEPLOYMENT).body["metadata"]["ownerReferences"][0]["uid"] == uid
    assert scenario.status()["url"] == "/v2/"


async def test_app_deleted_before_its_status_is_no_error(scenario: Scenario) -> None:
    scenario.create(command=["python", "main.py"])
    scenario.watch()
    scenario.api.meanwhile("status", "proxiedapps", lambda: scenario.delete(PROXIED_APP, "shop"))
    assert await scenario.work() == ["status shop: Ready=False UnknownServer"]
    assert scenario.clock.pending() == []


async def test_newer_spec_in_the_answer_to_the_status_wakes_the_app(scenario: Scenario) -> None:
    """The store records the answer, so it will ignore the event of that spec, and nothing else would request a pass."""
    await scenario.served()
    scenario.change(replicas=2)
    scenario.watch()
    scenario.api.meanwhile("status", "proxiedapps", lambda: scenario.change(replicas=3))
    await scenario.work()
    assert len(scenario.queue) == 1
    assert await scenario.settle() == ["apply deployments/shop", "status shop: Ready=False Progressing"]
    assert scenario.child(DEPLOYMENT).body["spec"]["replicas"] == 3


async def test_stale_view_of_a_child_does_no_damage(scenario: Scenario) -> None:
    """The watch is late: an old event after our own write changes nothing."""
    await scenario.served()
    old = deepcopy(scenario.child(DEPLOYMENT).reported())
    scenario.change(replicas=2)
    await scenario.settle()
    assert scenario.store.observe_child(DEPLOYMENT, old) == set()
    assert await scenario.reconcile() == []
