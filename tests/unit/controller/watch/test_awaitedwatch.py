"""What apps wait for is watched while they wait, and wakes them."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from typing_extensions import override

from proxiedapp.controller.awaited import Awaited, AwaitedObject, Place
from proxiedapp.controller.watch import awaitedwatch
from proxiedapp.controller.watch.awaitedwatch import AwaitedWatch
from proxiedapp.controller.watchedkinds import RESOURCE_QUOTA
from proxiedapp.kube.client import Api
from proxiedapp.kube.key import Key
from proxiedapp.kube.kind import Kind
from proxiedapp.kube.manifest import Manifest
from proxiedapp.resources.kinds import MIDDLEWARE, SERVICE

KEY, OTHER = Key("team", "shop"), Key("team", "other")
AUTH = AwaitedObject(Place(MIDDLEWARE, "team"), "auth")
TAKEN = AwaitedObject(Place(SERVICE, "team"), "shop", exists=False)
ROOM = AwaitedObject(Place(RESOURCE_QUOTA, "team"))


def body(name: str) -> Manifest:
    return {"metadata": {"namespace": "team", "name": name, "resourceVersion": "5"}}


class Events(Api):
    """An API server that lists some objects and reports the events that a test puts into a queue."""

    def __init__(self, *present: str) -> None:
        self.present = present
        self.events: dict[Kind, asyncio.Queue[Manifest]] = {}
        self.opened: dict[Kind, asyncio.Event] = {
            kind: asyncio.Event() for kind in (MIDDLEWARE, SERVICE, RESOURCE_QUOTA)
        }
        self.closed: dict[Kind, asyncio.Event] = {
            kind: asyncio.Event() for kind in (MIDDLEWARE, SERVICE, RESOURCE_QUOTA)
        }

    def report(self, kind: Kind, event: str, name: str) -> None:
        self.events.setdefault(kind, asyncio.Queue()).put_nowait({"type": event, "object": body(name)})

    @override
    async def pages(
        self, kind: Kind, namespace: str | None, selector: str = "", *, metadata_only: bool = False
    ) -> AsyncIterator[Manifest]:
        assert (namespace, selector, metadata_only) == ("team", "", True)
        yield {"metadata": {"resourceVersion": "1"}, "items": [body(name) for name in self.present]}

    @override
    async def watch(
        self, kind: Kind, namespace: str | None, selector: str, version: str, *, metadata_only: bool = False
    ) -> Any:
        queue = self.events.setdefault(kind, asyncio.Queue())
        self.opened[kind].set()
        try:
            while True:
                yield await queue.get()
        finally:
            self.closed[kind].set()


@asynccontextmanager
async def watching(api: Api, awaited: Awaited) -> AsyncIterator[asyncio.Queue[Key]]:
    woken: asyncio.Queue[Key] = asyncio.Queue()
    task = asyncio.create_task(AwaitedWatch(api, awaited, woken.put_nowait).watch_all())
    try:
        async with asyncio.timeout(30):
            yield woken
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def test_object_that_appears_wakes_the_app_that_waits_for_it() -> None:
    api, awaited = Events(), Awaited()
    async with watching(api, awaited) as woken:
        awaited.set(KEY, [AUTH])
        awaited.set(OTHER, [AUTH._replace(name="else")])
        await api.opened[MIDDLEWARE].wait()
        api.report(MIDDLEWARE, "ADDED", "unrelated")
        api.report(MIDDLEWARE, "ADDED", "auth")
        assert await woken.get() == KEY
        assert woken.empty()


async def test_object_that_exists_already_wakes_the_app() -> None:
    """It may have been created between the pass and the watch."""
    awaited = Awaited()
    async with watching(Events("auth"), awaited) as woken:
        awaited.set(KEY, [AUTH])
        assert await woken.get() == KEY


async def test_name_that_becomes_free_wakes_the_app() -> None:
    api, awaited = Events("shop"), Awaited()
    async with watching(api, awaited) as woken:
        awaited.set(KEY, [TAKEN])
        await api.opened[SERVICE].wait()
        api.report(SERVICE, "MODIFIED", "shop")
        api.report(SERVICE, "DELETED", "shop")
        assert await woken.get() == KEY
        assert woken.empty()


async def test_many_changes_of_a_quota_wake_the_app_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(awaitedwatch, "_COALESCE_SECONDS", 0.0)
    api, awaited = Events("small"), Awaited()
    async with watching(api, awaited) as woken:
        awaited.set(KEY, [ROOM])
        await api.opened[RESOURCE_QUOTA].wait()
        api.report(RESOURCE_QUOTA, "MODIFIED", "small")
        assert await woken.get() == KEY
        assert woken.empty()


async def test_watch_is_closed_when_no_app_waits_any_more() -> None:
    api, awaited = Events(), Awaited()
    async with watching(api, awaited):
        awaited.set(KEY, [AUTH])
        awaited.set(OTHER, [AUTH])
        await api.opened[MIDDLEWARE].wait()
        awaited.set(KEY, [])
        assert awaited.places() == [AUTH.place]
        awaited.set(OTHER, [])
        await api.closed[MIDDLEWARE].wait()
        assert awaited.places() == []
