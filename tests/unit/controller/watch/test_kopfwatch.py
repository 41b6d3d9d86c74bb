"""The watches by kopf, against a server that fails in the ways of a real one."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from prometheus_client import REGISTRY

from proxiedapp.controller.metrics import WATCHES
from proxiedapp.controller.observed.store import Store
from proxiedapp.controller.watch import kopfwatch
from proxiedapp.controller.watch.resync import Resync
from proxiedapp.controller.watchedkinds import PROXIED_APP
from proxiedapp.kube.key import Key
from proxiedapp.resources.kinds import CHILD_KINDS, SERVICE, SERVICE_MONITOR
from tests.support.apps import DEFAULTS
from tests.support.observed import owner_reference
from tests.support.watchserver import GONE, KINDS, WatchServer, serve

KEY = Key("team", "shop")


def an_object(name: str, version: int, **metadata: Any) -> dict[str, Any]:
    return {
        "metadata": {
            "namespace": "team",
            "name": name,
            "uid": f"uid-of-{name}",
            "resourceVersion": str(version),
            "generation": 1,
            **metadata,
        },
        "spec": {},
    }


def a_child(version: int) -> dict[str, Any]:
    return an_object("shop", version, ownerReferences=[owner_reference(KEY, "uid-of-shop")])


class Woken:
    """The apps that were woken, and a way to wait for one."""

    def __init__(self) -> None:
        self.keys: list[Key] = []
        self._news = asyncio.Event()

    def __call__(self, key: Key) -> None:
        self.keys.append(key)
        self._news.set()

    def forget(self) -> None:
        self.keys.clear()
        self._news.clear()

    async def wait(self) -> None:
        async with asyncio.timeout(30):
            await self._news.wait()


@asynccontextmanager
async def watching(server: WatchServer, woken: Woken) -> AsyncIterator[Store]:
    """Do what the operator does, but for the passes."""
    store = Store(DEFAULTS.entry_points)
    async with serve(server) as api:
        resync = Resync(api, store, woken, kinds=KINDS, namespaces=())
        await resync.list_all()
        woken.forget()
        requested = asyncio.create_task(resync.serve_requests())
        task = asyncio.create_task(kopfwatch.watch(api, store, resync, woken, namespaces=()))
        try:
            yield store
        finally:
            for each in (task, requested):
                each.cancel()
            await asyncio.gather(task, requested, return_exceptions=True)


async def test_every_kind_is_listed_twice_at_the_start_and_watched_once() -> None:
    server = WatchServer()
    async with watching(server, Woken()):
        for kind in KINDS:
            await server.seen(kind, watches=1)
    assert {kind: server.lists[kind] for kind in KINDS} == dict.fromkeys(KINDS, 2)


async def test_a_kind_that_is_not_watched_yet_is_counted_as_zero() -> None:
    WATCHES.clear()
    async with watching(WatchServer(), Woken()):
        await asyncio.sleep(0)  # the task has started, and no request has been answered
        for kind in KINDS:
            assert REGISTRY.get_sample_value("proxiedapp_watches_opened_total", {"kind": kind.kind}) == 0


async def test_objects_of_the_first_lists_wake_no_app_again() -> None:
    server = WatchServer(objects={PROXIED_APP: [an_object("shop", 7)], SERVICE: [a_child(8)]})
    woken = Woken()
    async with watching(server, woken) as store:
        for kind in KINDS:
            await server.seen(kind, watches=1)
        assert store.all_keys() == [KEY]
    assert woken.keys == []


async def test_an_event_is_recorded_and_wakes_the_owner() -> None:
    deleted = {"type": "DELETED", "object": a_child(9)}
    server = WatchServer(
        objects={PROXIED_APP: [an_object("shop", 7)], SERVICE: [a_child(8)]}, scripts={SERVICE: [[deleted]]}
    )
    woken = Woken()
    async with watching(server, woken) as store:
        await woken.wait()
        assert store.snapshot(KEY)[1] == ()
    assert woken.keys == [KEY]


async def test_a_deletion_that_no_watch_reported_is_found_by_the_requested_list() -> None:
    """The watch ends with 410 after the object was deleted; kopf lists again and does not report the deletion."""
    server = WatchServer(
        objects={PROXIED_APP: [an_object("shop", 7)], SERVICE: [a_child(8)]}, scripts={SERVICE: [[GONE]]}
    )
    woken = Woken()
    async with watching(server, woken) as store:
        await server.seen(SERVICE, watches=1)
        server.objects[SERVICE] = []
        await woken.wait()
        assert store.snapshot(KEY)[1] == ()
    assert woken.keys == [KEY]


async def test_an_app_whose_deletion_no_watch_reported_is_forgotten() -> None:
    server = WatchServer(objects={PROXIED_APP: [an_object("shop", 7)]}, scripts={PROXIED_APP: [[GONE]]})
    woken = Woken()
    async with watching(server, woken) as store:
        await server.seen(PROXIED_APP, watches=1)
        server.objects[PROXIED_APP] = []
        await woken.wait()
        assert store.all_keys() == []


async def test_an_error_that_a_watch_reports_ends_it_with_the_reason() -> None:
    broken = {"type": "ERROR", "object": {"kind": "Status", "code": 500, "message": "etcd is away"}}
    server = WatchServer(scripts={SERVICE: [[broken]]})
    store = Store(DEFAULTS.entry_points)
    async with serve(server) as api:
        resync = Resync(api, store, Woken(), kinds=KINDS, namespaces=())
        with pytest.raises(kopfwatch.WatchEndedError, match="etcd is away"):
            await kopfwatch.watch(api, store, resync, Woken(), namespaces=())


async def test_the_watch_of_a_removed_kind_waits_until_the_kind_is_served_again() -> None:
    """Otherwise its watch would get 404, after which kopf stops all watches."""
    server = WatchServer(scripts={SERVICE_MONITOR: [[]]})
    async with watching(server, Woken()):
        for kind in KINDS:
            await server.seen(kind, watches=1)
        server.missing.add(SERVICE_MONITOR)
        await server.seen(SERVICE_MONITOR, lists=4)  # two at the start, and two questions whether it is there
        assert server.watches[SERVICE_MONITOR] == 1
        server.missing.clear()
        await server.seen(SERVICE_MONITOR, watches=2)
    assert {server.watches[kind] for kind in KINDS if kind is not SERVICE_MONITOR} == {1}


async def test_errors_of_generators_that_kopf_leaves_open_are_ignored(caplog: pytest.LogCaptureFixture) -> None:
    server = WatchServer()
    async with watching(server, Woken()):
        await server.seen(SERVICE, watches=1)
        loop = asyncio.get_running_loop()
        loop.call_exception_handler({"message": "at the closing of a generator", "asyncgen": None})
        loop.call_exception_handler({"message": "anything else"})
    assert "anything else" in caplog.text
    assert "generator" not in caplog.text


async def test_a_watch_that_is_closed_at_once_is_opened_again_after_a_pause() -> None:
    server = WatchServer(hot={SERVICE})
    async with watching(server, Woken()):
        await server.seen(SERVICE, watches=2)
        quiet = [kind for kind in CHILD_KINDS if kind is not SERVICE]
        for kind in quiet:
            await server.seen(kind, watches=1)
        opened = server.watches[SERVICE]
    assert opened < 10, "without a pause it would be hundreds by now"
