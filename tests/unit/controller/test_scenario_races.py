"""Other clients that act between an observation and a write: each write has a precondition."""

import asyncio
from copy import deepcopy
from typing import Any

import pytest

from proxiedapp.api.status import UNREPORTED
from proxiedapp.controller.firststatus import WINDOW_SECONDS
from proxiedapp.controller.observed.store import MAX_TERMINATING_SECONDS
from proxiedapp.controller.watchedkinds import PROXIED_APP
from proxiedapp.kube.errors import ApiError, ConflictError, NamespaceTerminatingError, NotFoundError, UnavailableError
from proxiedapp.kube.key import Key
from proxiedapp.resources.kinds import DEPLOYMENT, INGRESS_ROUTE, MIDDLEWARE, SERVICE
from tests.support.cluster import Event
from tests.support.scenario import NAMESPACE, Scenario

SWITCHED = [
    "delete middlewares/shop-strip",
    "read middlewares/shop-strip",
    "delete middlewares/shop-bare",
    "status shop: Ready=False Progressing",
]
"""The last requests of a switch to another prefix whose old middleware is gone already, or belongs to another user."""


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
    assert (await scenario.reconcile())[:2] == ["read proxiedapps/shop", "create deployments/shop"]


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
    assert (await scenario.settle())[-4:] == SWITCHED
    assert scenario.cluster.get(MIDDLEWARE, NAMESPACE, old).body["spec"] == {"theirs": True}


async def test_old_child_that_was_deleted_already_is_not_a_problem(scenario: Scenario) -> None:
    await scenario.served(prefix="/v1")
    old = scenario.full_name(MIDDLEWARE, "shop-strip")
    scenario.api.meanwhile("delete", "middlewares", lambda: scenario.cluster.delete(MIDDLEWARE, NAMESPACE, old))
    scenario.change(prefix="/v2")
    assert (await scenario.settle())[-4:] == SWITCHED


async def test_status_never_lands_on_another_app_of_the_name(scenario: Scenario) -> None:
    """The API server does not compare the uid in an apply to /status of a custom resource, but the resourceVersion."""

    def replace() -> None:
        scenario.delete(PROXIED_APP, "shop")
        scenario.create()

    scenario.create()
    await scenario.settle(first_statuses=False)
    scenario.clock.advance(WINDOW_SECONDS)
    scenario.api.meanwhile("status", "proxiedapps", replace)
    requests = await scenario.work()
    assert requests == ["status shop: Ready=False Progressing", "read proxiedapps/shop"]
    assert scenario.status() == UNREPORTED
    assert len(scenario.queue) == 1, "the next pass is for the new app"


@pytest.mark.parametrize("error", [ConflictError(409, "changed"), NotFoundError(404, "not found")], ids=["409", "404"])
async def test_refused_status_of_an_unchanged_app_is_written_again(scenario: Scenario, error: ApiError) -> None:
    scenario.create()
    scenario.api.fail("status", "proxiedapps", error)
    requests = await scenario.settle()
    written = "status shop: Ready=False Progressing"
    assert requests[-3:] == [written, "read proxiedapps/shop", written]
    assert scenario.conditions()["Ready"] == "False Progressing"


async def test_status_that_is_refused_again_and_again_is_retried_with_backoff(scenario: Scenario) -> None:
    scenario.create()
    scenario.api.fail("status", "proxiedapps", ConflictError(409, "changed"), times=4)
    await scenario.settle()
    assert scenario.clock.next_in() == 0.5
    scenario.clock.advance(0.5)
    assert (await scenario.settle())[-1] == "status shop: Ready=False Progressing"
    assert scenario.conditions()["Ready"] == "False Progressing"


async def test_status_is_written_again_after_a_change_of_the_metadata(scenario: Scenario) -> None:
    scenario.create()
    await scenario.settle(first_statuses=False)
    scenario.clock.advance(WINDOW_SECONDS)
    labels = {"team": "a"}
    scenario.api.meanwhile(
        "status", "proxiedapps", lambda: scenario.cluster.edit(scenario.app(), ("metadata", "labels"), labels)
    )
    await scenario.work()
    assert scenario.conditions()["Ready"] == "False Progressing"
    assert scenario.app().body["metadata"]["labels"] == labels


async def test_deleted_app_gets_no_children_while_the_watch_is_silent(scenario: Scenario) -> None:
    """The garbage collector deletes its children, and each deletion wakes an app that the store still has."""
    await scenario.served()
    app = scenario.app()
    del scenario.cluster.objects[PROXIED_APP.plural, NAMESPACE, "shop"]  # and no event
    for stored in list(scenario.cluster.objects.values()):
        scenario.cluster.delete(stored.kind, NAMESPACE, stored.body["metadata"]["name"])
    assert await scenario.settle() == ["read proxiedapps/shop"]
    assert await scenario.settle() == []
    assert scenario.clock.pending() == []
    scenario.cluster.events.append(Event("MODIFIED", PROXIED_APP, app.reported()))
    assert await scenario.settle() == ["read proxiedapps/shop"], "a late event makes it no less deleted"


@pytest.mark.parametrize("verb", ["status", "read"])
async def test_answer_that_arrives_after_the_deletion_brings_no_app_back(scenario: Scenario, verb: str) -> None:
    """An answer and the events of a watch arrive on connections of their own, in any order."""

    def delete() -> None:
        scenario.delete(PROXIED_APP, "shop")
        for stored in list(scenario.cluster.objects.values()):
            scenario.cluster.delete(stored.kind, NAMESPACE, stored.body["metadata"]["name"])
        scenario.watch()

    scenario.create()
    if verb == "read":
        await scenario.settle()
        scenario.delete(DEPLOYMENT, "shop")
    scenario.api.before_answer(verb, "proxiedapps", delete)
    await scenario.settle()
    assert scenario.store.snapshot(Key(NAMESPACE, "shop")) == (None, ())
    assert scenario.cluster.objects == {}, "nothing was written for it again"


async def test_child_deleted_before_the_answer_is_created_again(scenario: Scenario) -> None:
    def delete() -> None:
        scenario.watch()
        scenario.delete(DEPLOYMENT, "shop")
        scenario.watch()

    scenario.create()
    scenario.api.before_answer("create", "deployments", delete)
    await scenario.settle()
    assert (DEPLOYMENT.plural, NAMESPACE, "shop") in scenario.cluster.objects


async def test_app_replaced_while_the_watch_is_silent_is_served_by_its_own_children(scenario: Scenario) -> None:
    await scenario.served()
    scenario.delete(PROXIED_APP, "shop")
    uid = scenario.create(prefix="/v2").body["metadata"]["uid"]
    scenario.cluster.events.clear()
    for stored in [stored for stored in scenario.cluster.objects.values() if stored.kind is not PROXIED_APP]:
        scenario.cluster.delete(stored.kind, NAMESPACE, stored.body["metadata"]["name"])
    requests = await scenario.settle()
    assert requests[0] == "read proxiedapps/shop"
    assert scenario.child(DEPLOYMENT).body["metadata"]["ownerReferences"][0]["uid"] == uid
    assert scenario.status()["url"] == "/v2/"


async def test_old_list_at_the_start_applies_no_old_spec(scenario: Scenario) -> None:
    await scenario.served(prefix="/v1")
    old = scenario.app().reported()
    scenario.change(prefix="/v2")
    await scenario.settle()
    scenario.rolled_out()
    await scenario.settle()
    current = scenario.app().body
    scenario.app().body = old
    scenario.restart()
    scenario.app().body = current
    requests = await scenario.reconcile()
    assert requests == ["read proxiedapps/shop"]
    assert await scenario.settle() == []
    assert scenario.status()["url"] == "/v2/"


async def test_no_request_is_made_for_the_doubt_of_an_app_that_needs_no_write(scenario: Scenario) -> None:
    await scenario.served()
    scenario.restart()
    assert await scenario.reconcile() == []


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
    assert await scenario.work() == ["status shop: Ready=False UnknownServer", "read proxiedapps/shop"]
    assert scenario.clock.pending() == []


async def test_status_of_an_older_spec_is_not_written_over_a_newer_one(scenario: Scenario) -> None:
    """The store records what it reads, so it will ignore the event of that spec: the read must request the pass."""
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


@pytest.mark.parametrize("error", [ConflictError(409, "changed"), NotFoundError(404, "not found")], ids=["409", "404"])
async def test_deletion_that_deleted_nothing_is_made_again(scenario: Scenario, error: ApiError) -> None:
    await scenario.served(prefix="/v1")
    old = scenario.full_name(MIDDLEWARE, "shop-strip")
    scenario.api.fail("delete", "middlewares", error)
    scenario.change(prefix="/v2")
    await scenario.settle()
    assert old in scenario.cluster.names(MIDDLEWARE)
    scenario.clock.advance(0.5)
    assert "delete middlewares/shop-strip" in await scenario.settle()
    assert old not in scenario.cluster.names(MIDDLEWARE)


REDIRECTED: dict[str, Any] = {
    "route": {"entryPoints": ["web", "websecure"], "tls": {"secretName": "s"}, "redirectToHTTPS": True}
}


@pytest.mark.parametrize("status", [500, 503])
async def test_middleware_stays_while_its_route_cannot_be_deleted(scenario: Scenario, status: int) -> None:
    """The cluster in memory checks after each deletion that no route names a middleware that is missing."""
    await scenario.served(**REDIRECTED)
    before = scenario.cluster.names(MIDDLEWARE)
    scenario.api.fail("delete", "ingressroutes", UnavailableError(status, "not now"), times=2)
    scenario.change()
    requests = await scenario.settle()
    assert [line for line in requests if line.startswith("delete")] == ["delete ingressroutes/shop-plain"]
    assert set(scenario.cluster.names(MIDDLEWARE)) >= set(before)
    for _ in range(3):
        scenario.clock.advance(1.0)
        await scenario.settle()
    assert len(scenario.cluster.names(INGRESS_ROUTE)) == 1
    assert len(scenario.cluster.names(MIDDLEWARE)) < len(before)


async def test_middleware_stays_while_a_finalizer_keeps_its_route(scenario: Scenario) -> None:
    await scenario.served(**REDIRECTED)
    before = scenario.cluster.names(MIDDLEWARE)
    plain = scenario.child(INGRESS_ROUTE, "shop-plain")
    scenario.cluster.edit(plain, ("metadata", "finalizers"), ["others/finalizer"])
    await scenario.settle()
    scenario.change()
    await scenario.settle()
    assert set(scenario.cluster.names(MIDDLEWARE)) >= set(before)
    scenario.cluster.edit(plain, ("metadata", "finalizers"), [])
    scenario.delete(INGRESS_ROUTE, "shop-plain")
    await scenario.settle()
    assert len(scenario.cluster.names(MIDDLEWARE)) < len(before)


def terminating() -> NamespaceTerminatingError:
    return NamespaceTerminatingError(403, "namespace team is being terminated")


async def test_namespace_that_is_deleted_with_fifty_apps_gets_no_write_after_the_first_refusal(
    scenario: Scenario,
) -> None:
    for number in range(50):
        scenario.create(f"app-{number}", f"/app-{number}")
        await scenario.settle()
    for kind in (SERVICE, DEPLOYMENT):
        for name in scenario.cluster.names(kind):
            scenario.delete(kind, name)
    scenario.api.fail("create", "services", terminating(), times=1000)
    sent = len(scenario.api.requests)
    await scenario.settle(passes=500)
    writes = [one.line() for one in scenario.api.requests[sent:] if one.verb != "read"]
    assert len(writes) == 1, writes


async def test_other_passes_stop_at_the_first_refusal_for_a_terminating_namespace(scenario: Scenario) -> None:
    for name in ("first", "second"):
        await scenario.served(name, f"/{name}")
        for kind in (SERVICE, DEPLOYMENT):
            scenario.delete(kind, name)
    scenario.watch()
    scenario.api.fail("create", "services", terminating())
    sent = len(scenario.api.requests)
    await asyncio.gather(scenario.reconcile("first"), scenario.reconcile("second"))
    writes = {one.line() for one in scenario.api.requests[sent:] if one.verb != "read"}
    assert writes <= {"create services/first", "create services/second"}  # both may be sent before the answer


async def test_pass_stops_when_the_deletion_of_its_namespace_is_reported(scenario: Scenario) -> None:
    await scenario.served()
    for kind in (SERVICE, DEPLOYMENT):
        scenario.delete(kind, "shop")
    scenario.api.meanwhile("create", "services", scenario.namespace_terminates)
    assert [line for line in await scenario.settle() if not line.startswith("read")] == ["create services/shop"]


async def test_namespace_whose_deletion_was_reported_gets_no_write_at_all(scenario: Scenario) -> None:
    await scenario.served()
    scenario.namespace_terminates()
    scenario.delete(SERVICE, "shop")
    assert await scenario.settle() == []


async def test_namespace_of_the_same_name_is_served(scenario: Scenario) -> None:
    scenario.namespace_terminates()
    scenario.label_namespace()
    scenario.create()
    assert (await scenario.settle())[-1] == "status shop: Ready=False Progressing"


async def test_refusal_for_a_terminating_namespace_is_doubted_in_the_end(scenario: Scenario) -> None:
    scenario.create()
    scenario.api.fail("create", "services", terminating())
    await scenario.settle()
    scenario.clock.advance(MAX_TERMINATING_SECONDS)
    assert (await scenario.settle())[-1] == "status shop: Ready=False Progressing"
