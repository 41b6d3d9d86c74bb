"""The watches of foreign routes, and how they recover from errors."""

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from proxiedapp.controller.observed.foreignroutes import ForeignRoutes
from proxiedapp.controller.observed.store import Store
from proxiedapp.controller.watch.foreignwatch import ForeignRouteWatch
from proxiedapp.controller.watchedkinds import FOREIGN_KINDS, INGRESS
from proxiedapp.kube.key import Key
from proxiedapp.resources.kinds import HTTP_ROUTE, INGRESS_ROUTE
from tests.support.apps import DEFAULTS, a_spec
from tests.support.observed import app_body
from tests.support.watchserver import GONE, WatchServer, serve

KEY = Key("team", "shop")


class Woken:
    """Counts how often the app was woken, and lets a test wait for it."""

    def __init__(self) -> None:
        self.times = 0
        self._news = asyncio.Condition()
        self._tasks: set[asyncio.Task[None]] = set()

    def __call__(self, key: Key) -> None:
        assert key == KEY
        self.times += 1
        task = asyncio.get_running_loop().create_task(self._tell())
        self._tasks.add(task)

    async def _tell(self) -> None:
        async with self._news:
            self._news.notify_all()

    async def wait(self, times: int) -> None:
        async with asyncio.timeout(30), self._news:
            await self._news.wait_for(lambda: self.times >= times)


def ingress_route(name: str = "theirs", rule: str = "PathPrefix(`/`)") -> dict[str, Any]:
    metadata = {"namespace": "others", "name": name, "resourceVersion": "7"}
    return {"metadata": metadata, "spec": {"routes": [{"match": rule}]}}


@asynccontextmanager
async def watching(server: WatchServer, woken: Woken, retry_interval: float = 600.0) -> AsyncIterator[ForeignRoutes]:
    store = Store(DEFAULTS.entry_points)
    store.observe_app(app_body(spec=a_spec()))
    routes = ForeignRoutes()
    async with serve(server) as api:
        foreign_watch = ForeignRouteWatch(api, store, routes, woken, namespaces=(), retry_interval=retry_interval)
        await foreign_watch.list_all()
        task = asyncio.create_task(foreign_watch.watch_all())
        try:
            yield routes
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)


async def test_what_is_there_is_known_before_anything_is_watched() -> None:
    server = WatchServer(objects={INGRESS_ROUTE: [ingress_route(), ingress_route("else", "Path(`/else`)")]})
    woken = Woken()
    async with watching(server, woken) as routes:
        assert len(routes) == 2
        assert woken.times == 1, "only one of them matches the app's address"
        await server.seen(INGRESS_ROUTE, watches=1)
    assert (server.lists[INGRESS_ROUTE], server.watches[INGRESS_ROUTE]) == (1, 1)


async def test_our_own_children_are_left_out_by_the_server() -> None:
    server = WatchServer(more=set(FOREIGN_KINDS))
    async with watching(server, Woken()):
        for kind in FOREIGN_KINDS:
            await server.seen(kind, watches=1)
    assert set(server.selectors.values()) == {"app.kubernetes.io/managed-by!=proxiedapp"}


async def test_events_are_taken_and_bookmarks_are_not_objects() -> None:
    bookmark = {"type": "BOOKMARK", "object": {"metadata": {"resourceVersion": "8"}}}
    added = {"type": "ADDED", "object": ingress_route("new")}
    deleted = {"type": "DELETED", "object": ingress_route()}
    server = WatchServer(
        objects={INGRESS_ROUTE: [ingress_route()]}, scripts={INGRESS_ROUTE: [[bookmark, added, deleted]]}
    )
    woken = Woken()
    async with watching(server, woken) as routes:
        await woken.wait(3)
        assert len(routes) == 1
        await server.seen(INGRESS_ROUTE, watches=2)
    assert server.lists[INGRESS_ROUTE] == 1, "a watch that ends in order goes on where it was"


@pytest.mark.parametrize("code", [410, 500])
async def test_a_watch_that_reports_an_error_lists_again_and_finds_deletions(code: int) -> None:
    error = {"type": "ERROR", "object": GONE["object"] | {"code": code}}  # type: ignore[operator]
    server = WatchServer(objects={INGRESS_ROUTE: [ingress_route()]}, scripts={INGRESS_ROUTE: [[error]]})
    woken = Woken()
    async with watching(server, woken) as routes:
        await server.seen(INGRESS_ROUTE, watches=1)
        server.objects[INGRESS_ROUTE] = []
        await woken.wait(2)
        assert len(routes) == 0


async def test_a_kind_that_is_not_served_yet_is_tried_again() -> None:
    server = WatchServer()
    async with watching(server, Woken(), retry_interval=0.01):
        await server.seen(INGRESS_ROUTE, watches=1)
        server.more.add(HTTP_ROUTE)
        await server.seen(HTTP_ROUTE, watches=1)
        assert server.watches[INGRESS] == 0


async def test_a_kind_that_is_not_served_any_more_is_forgotten() -> None:
    theirs = ingress_route() | {
        "spec": {"rules": [{"http": {"paths": [{"path": "/", "pathType": "Prefix", "backend": {"service": {}}}]}}]}
    }
    server = WatchServer(objects={INGRESS: [theirs]}, more={INGRESS}, scripts={INGRESS: [[GONE]]})
    woken = Woken()
    async with watching(server, woken, retry_interval=0.01) as routes:
        assert len(routes) == 1
        await server.seen(INGRESS, watches=1)
        server.more.clear()
        await woken.wait(2)
        assert len(routes) == 0


async def test_a_kind_that_may_not_be_read_is_logged_and_tried_again(caplog: pytest.LogCaptureFixture) -> None:
    server = WatchServer(more={INGRESS}, forbidden={INGRESS})
    with caplog.at_level(logging.WARNING):
        async with watching(server, Woken(), retry_interval=0.01):
            await server.seen(INGRESS, lists=3)
            server.forbidden.clear()
            await server.seen(INGRESS, watches=1)
    assert "cannot watch foreign ingresses: ingresses is forbidden" in caplog.messages


async def test_a_watch_that_is_closed_at_once_is_opened_again_after_a_pause() -> None:
    server = WatchServer(hot={INGRESS_ROUTE})
    async with watching(server, Woken()):
        await server.seen(INGRESS_ROUTE, watches=2)
        opened = server.watches[INGRESS_ROUTE]
    assert opened < 10, "without a pause it would be hundreds by now"


@pytest.mark.parametrize("status", [403, 404, 410, 500])
async def test_one_refused_watch_hides_no_route_and_lists_again(status: int) -> None:
    """With the pause of a kind that is not served, ten minutes, the operator would be blind for that time."""
    server = WatchServer(objects={INGRESS_ROUTE: [ingress_route()]}, answers={INGRESS_ROUTE: [status]})
    woken = Woken()
    async with watching(server, woken) as routes:
        await server.seen(INGRESS_ROUTE, watches=1)
        server.objects[INGRESS_ROUTE].append(ingress_route("new"))
        await woken.wait(2)
        assert len(routes) == 2
        await server.seen(INGRESS_ROUTE, watches=2)
    assert server.lists[INGRESS_ROUTE] == 2
