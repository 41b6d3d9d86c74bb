"""The watches of children, against a server that fails in the ways of a real one."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from prometheus_client import REGISTRY

from proxiedapp.controller.metrics import WATCHES
from proxiedapp.controller.observed.store import Store
from proxiedapp.controller.watch import childwatch
from proxiedapp.controller.watch.childwatch import ChildWatch
from proxiedapp.controller.watch.resync import Resync
from proxiedapp.controller.watchedkinds import PROXIED_APP
from proxiedapp.kube import client
from proxiedapp.kube.key import Key
from proxiedapp.resources.kinds import CHILD_KINDS, DEPLOYMENT, SERVICE, SERVICE_MONITOR
from tests.support.apps import DEFAULTS
from tests.support.managedfields import entry_for
from tests.support.observed import owner_reference
from tests.support.watchserver import GONE, KINDS, WatchServer, Woken, serve

KEY = Key("team", "shop")


def a_child(version: int, **fields: Any) -> dict[str, Any]:
    metadata = {
        "namespace": "team",
        "name": "shop",
        "uid": "uid-of-child",
        "resourceVersion": str(version),
        "generation": 1,
        "ownerReferences": [owner_reference(KEY, "uid-of-shop")],
    }
    return {"metadata": metadata, "spec": {}} | fields


def with_ours(body: dict[str, Any]) -> dict[str, Any]:
    """Return a child in which we own other fields than before."""
    entry = entry_for({"apiVersion": "apps/v1", "kind": "Deployment"} | body)
    return body | {"metadata": body["metadata"] | {"managedFields": [entry]}}


def with_name(body: dict[str, Any], name: str) -> dict[str, Any]:
    return body | {"metadata": body["metadata"] | {"name": name}}


def an_app() -> dict[str, Any]:
    body = a_child(7)
    return body | {"metadata": body["metadata"] | {"uid": "uid-of-shop", "ownerReferences": []}}


class WokenInTurn(Woken):
    """The apps that were woken, apart from those that the first lists woke and those to be checked again."""

    def __init__(self) -> None:
        super().__init__()
        self.listed: list[Key] = []
        self.rechecked: list[Key] = []
        self.to_repair: list[Key] = []

    def repair(self, key: Key) -> None:
        self.to_repair.append(key)
        self(key)


@asynccontextmanager
async def watching(server: WatchServer, woken: WokenInTurn, *, request_timeout: float = 30.0) -> AsyncIterator[Store]:
    """Do what the operator does with children, but for the passes."""
    store = Store(DEFAULTS.entry_points)
    async with serve(server, request_timeout=request_timeout) as api:
        resync = Resync(api, store, woken, kinds=KINDS, namespaces=(), recheck=woken.rechecked.append)
        await resync.list_all()
        woken.listed = list(woken.keys)
        woken.forget()
        watch = ChildWatch(api, store, resync, woken, repair=woken.repair, kinds=CHILD_KINDS)
        task = asyncio.create_task(watch.watch_all())
        try:
            yield store
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)


def a_service() -> dict[Any, list[dict[str, Any]]]:
    return {PROXIED_APP: [an_app()], SERVICE: [a_child(8)]}


async def test_every_kind_is_listed_once_at_the_start_and_watched_from_there() -> None:
    server = WatchServer()
    async with watching(server, WokenInTurn()):
        for kind in CHILD_KINDS:
            await server.seen(kind, watches=1)
    assert {kind: server.lists[kind] for kind in CHILD_KINDS} == dict.fromkeys(CHILD_KINDS, 1)
    assert {server.versions[kind] for kind in CHILD_KINDS} == {str(server.version)}
    assert {server.selectors[kind] for kind in CHILD_KINDS} == {"app.kubernetes.io/managed-by=proxiedapp"}


async def test_watches_are_counted_from_zero() -> None:
    WATCHES.clear()
    server = WatchServer(forbidden={SERVICE})
    store = Store(DEFAULTS.entry_points)
    async with serve(server) as api:
        woken = WokenInTurn()
        resync = Resync(api, store, woken, kinds=KINDS, namespaces=())
        ChildWatch(api, store, resync, woken, repair=woken.repair, kinds=CHILD_KINDS)
    for kind in CHILD_KINDS:
        assert REGISTRY.get_sample_value("proxiedapp_watches_opened_total", {"kind": kind.kind}) == 0


async def test_event_is_recorded_and_wakes_the_owner() -> None:
    deleted = {"type": "DELETED", "object": a_child(9)}
    server = WatchServer(objects=a_service(), scripts={SERVICE: [[deleted]]})
    woken = WokenInTurn()
    async with watching(server, woken) as store:
        assert len(store.snapshot(KEY)[1]) == 1
        await woken.wait()
        assert store.snapshot(KEY)[1] == ()
    assert woken.keys == [KEY]


async def test_reports_on_one_rollout_wake_the_owner_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """The controllers of Kubernetes write the status of a Deployment several times in a row."""
    monkeypatch.setattr(childwatch, "ROLLOUT_SECONDS", 0.5)
    reports = [
        {"type": "MODIFIED", "object": a_child(9 + replicas, status={"replicas": replicas})} for replicas in (1, 2, 3)
    ]
    server = WatchServer(objects={PROXIED_APP: [an_app()], DEPLOYMENT: [a_child(8)]}, scripts={DEPLOYMENT: [reports]})
    woken = WokenInTurn()
    async with watching(server, woken) as store:
        await woken.wait()
        await server.seen(DEPLOYMENT, watches=2)
        assert woken.keys == [KEY]
        (child,) = store.snapshot(KEY)[1]
        assert child.workload is not None
        assert child.workload.replicas == 3


@pytest.mark.parametrize(
    ("event", "is_drift"),
    [
        pytest.param({"type": "DELETED", "object": a_child(9)}, True, id="deleted"),
        pytest.param({"type": "MODIFIED", "object": with_ours(a_child(9))}, True, id="our fields changed"),
        pytest.param({"type": "MODIFIED", "object": a_child(9, status={"replicas": 1})}, False, id="rollout"),
        pytest.param({"type": "ADDED", "object": with_name(a_child(9), "shop-2")}, False, id="new child"),
    ],
)
async def test_drift_is_repaired_before_other_passes(event: dict[str, Any], is_drift: bool) -> None:
    server = WatchServer(objects={PROXIED_APP: [an_app()], DEPLOYMENT: [a_child(8)]}, scripts={DEPLOYMENT: [[event]]})
    woken = WokenInTurn()
    async with watching(server, woken):
        await woken.wait()
    assert woken.to_repair == [KEY] * is_drift


@pytest.mark.parametrize(
    "answer",
    [
        pytest.param(403, id="403"),
        pytest.param(404, id="404"),
        pytest.param(410, id="410"),
        pytest.param(500, id="500"),
        pytest.param(b'{"type": "ERROR", "object": {"kind": "Status", "code": 500}}\n', id="event ERROR 500"),
        pytest.param(b"<html>502 Bad Gateway</html>\n", id="error page"),
        pytest.param(b"[]\n", id="JSON of another shape"),
    ],
)
async def test_deletion_that_a_failed_watch_missed_is_found(
    answer: int | bytes, caplog: pytest.LogCaptureFixture
) -> None:
    """Only the watch that failed is opened again, and the log has no traceback."""
    server = WatchServer(objects=a_service(), answers={SERVICE: [answer]})
    woken = WokenInTurn()
    async with watching(server, woken) as store:
        server.objects[SERVICE] = []
        await woken.wait()
        assert store.snapshot(KEY)[1] == ()
        await server.seen(SERVICE, watches=2)
    assert {server.watches[kind] for kind in CHILD_KINDS if kind is not SERVICE} == {1}
    assert "Traceback" not in caplog.text


async def test_watch_that_ends_goes_on_where_it_was() -> None:
    bookmark = {"type": "BOOKMARK", "object": {"metadata": {"resourceVersion": "123"}}}
    server = WatchServer(objects=a_service(), scripts={SERVICE: [[bookmark]]})
    async with watching(server, WokenInTurn()):
        await server.seen(SERVICE, watches=2)
    assert server.versions[SERVICE] == "123"
    assert server.lists[SERVICE] == 1


async def test_dead_connection_is_replaced_without_a_list(monkeypatch: pytest.MonkeyPatch) -> None:
    """The API server sends a bookmark about once a minute, so a longer silence means that the connection is dead."""
    monkeypatch.setattr(client, "_SILENCE_SECONDS", 0.05)
    server = WatchServer(objects=a_service())
    async with watching(server, WokenInTurn()):
        await server.seen(SERVICE, watches=2)
    assert server.lists[SERVICE] == 1


async def test_watch_that_is_not_answered_is_opened_again() -> None:
    """As any request: the server was away when it arrived. A watch that was answered may be silent for longer."""
    server = WatchServer(objects=a_service(), unanswered={SERVICE})
    async with watching(server, WokenInTurn(), request_timeout=1.0):
        await server.seen(SERVICE, watches=2)


async def test_watch_of_a_removed_kind_keeps_what_is_known_until_the_operator_knows_of_it() -> None:
    server = WatchServer(
        objects={PROXIED_APP: [an_app()], SERVICE_MONITOR: [a_child(8)]}, scripts={SERVICE_MONITOR: [[GONE]]}
    )
    async with watching(server, WokenInTurn()) as store:
        await server.seen(SERVICE_MONITOR, watches=1)
        server.missing.add(SERVICE_MONITOR)
        await server.seen(SERVICE_MONITOR, lists=3)
        assert len(store.snapshot(KEY)[1]) == 1


async def test_apps_that_changed_while_no_operator_ran_come_first() -> None:
    processed = an_app() | {"status": {"observedGeneration": 1}}
    other = an_app()
    changed = processed | {"metadata": other["metadata"] | {"name": "other", "generation": 2}}
    server = WatchServer(objects={PROXIED_APP: [processed, changed]})
    woken = WokenInTurn()
    async with watching(server, woken):
        assert (woken.listed, woken.rechecked) == ([Key("team", "other")], [KEY])


async def test_watch_that_is_closed_at_once_is_opened_again_after_a_pause() -> None:
    server = WatchServer(hot={SERVICE})
    async with watching(server, WokenInTurn()):
        await server.seen(SERVICE, watches=2)
        opened = server.watches[SERVICE]
    assert opened < 10, "without a pause it would be hundreds by now"
