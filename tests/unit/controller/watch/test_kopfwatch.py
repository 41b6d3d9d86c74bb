"""The watches by kopf, against a server that fails in the ways of a real one."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from types import FunctionType
from typing import Any

import kopf
import pytest
from prometheus_client import REGISTRY

from proxiedapp.api.names import KIND
from proxiedapp.controller.metrics import WATCHES
from proxiedapp.controller.observed.store import Store
from proxiedapp.controller.watch import kopfwatch
from proxiedapp.controller.watch.resync import Resync
from proxiedapp.controller.watchedkinds import PROXIED_APP
from proxiedapp.kube.key import Key
from tests.support.apps import DEFAULTS
from tests.support.watchserver import GONE, KINDS, WatchServer, Woken, serve

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


@asynccontextmanager
async def watching(server: WatchServer, woken: Woken, *, request_timeout: float = 30.0) -> AsyncIterator[Store]:
    """Do what the operator does, but for the passes."""
    store = Store(DEFAULTS.entry_points)
    async with serve(server, request_timeout=request_timeout) as api:
        resync = Resync(api, store, woken, kinds=KINDS, namespaces=())
        await resync.list_all()
        woken.forget()
        requested = asyncio.create_task(resync.serve_requests())
        task = asyncio.create_task(kopfwatch.watch(api, store, resync, woken, namespaces=(), pause=0.01))
        try:
            yield store
        finally:
            for each in (task, requested):
                each.cancel()
            await asyncio.gather(task, requested, return_exceptions=True)


async def test_apps_are_listed_twice_at_the_start_and_watched_once() -> None:
    server = WatchServer()
    async with watching(server, Woken()):
        await server.seen(PROXIED_APP, watches=1)
    assert (server.lists[PROXIED_APP], server.watches) == (2, {PROXIED_APP: 1})


async def test_watch_that_is_not_open_yet_is_counted_as_zero() -> None:
    WATCHES.clear()
    async with watching(WatchServer(), Woken()):
        await asyncio.sleep(0)  # the task has started, and no request has been answered
        assert REGISTRY.get_sample_value("proxiedapp_watches_opened_total", {"kind": KIND}) == 0


async def test_objects_of_the_first_lists_wake_no_app_again() -> None:
    server = WatchServer(objects={PROXIED_APP: [an_object("shop", 7)]})
    woken = Woken()
    async with watching(server, woken) as store:
        await server.seen(PROXIED_APP, watches=1)
        assert store.all_keys() == [KEY]
    assert woken.keys == []


async def test_an_event_is_recorded_and_wakes_the_app() -> None:
    deleted = {"type": "DELETED", "object": an_object("shop", 9)}
    server = WatchServer(objects={PROXIED_APP: [an_object("shop", 7)]}, scripts={PROXIED_APP: [[deleted]]})
    woken = Woken()
    async with watching(server, woken) as store:
        await woken.wait()
        assert store.all_keys() == []
    assert woken.keys == [KEY]


async def test_an_app_whose_deletion_no_watch_reported_is_forgotten() -> None:
    """The watch ends with 410 after the app was deleted; kopf lists again and does not report the deletion."""
    server = WatchServer(objects={PROXIED_APP: [an_object("shop", 7)]}, scripts={PROXIED_APP: [[GONE]]})
    woken = Woken()
    async with watching(server, woken) as store:
        await server.seen(PROXIED_APP, watches=1)
        server.objects[PROXIED_APP] = []
        await woken.wait()
        assert store.all_keys() == []


@pytest.mark.parametrize(
    "answer",
    [
        pytest.param(404, id="404"),
        pytest.param(410, id="410"),
        pytest.param(422, id="422"),
        pytest.param(b'{"type": "ERROR", "object": {"kind": "Status", "code": 500}}\n', id="event ERROR 500"),
        pytest.param(b'{"type": "ADDED", "obj', id="half a line"),
        pytest.param(b"<html>502 Bad Gateway</html>\n", id="error page"),
        pytest.param(b"[]\n", id="JSON of another shape"),
    ],
)
async def test_one_failed_watch_does_not_end_the_operator(
    answer: int | bytes, caplog: pytest.LogCaptureFixture
) -> None:
    """The watch is opened again, what was deleted meanwhile is found, and the log has no traceback."""
    server = WatchServer(objects={PROXIED_APP: [an_object("shop", 7)]}, answers={PROXIED_APP: [answer]})
    woken = Woken()
    async with watching(server, woken) as store:
        await server.seen(PROXIED_APP, watches=1)
        server.objects[PROXIED_APP] = []
        await server.seen(PROXIED_APP, watches=2)
        await woken.wait()
        assert store.all_keys() == []
    assert [record for record in caplog.records if record.exc_info] == []
    assert "Traceback" not in caplog.text


async def test_work_beside_the_watches_goes_on_while_they_are_opened_again() -> None:
    """kopf cancels all tasks that were created after its start, if it is not told otherwise."""
    server = WatchServer(scripts={PROXIED_APP: [[]]}, answers={PROXIED_APP: [404]})
    async with watching(server, Woken()):
        await server.seen(PROXIED_APP, watches=1)
        task = asyncio.create_task(server.seen(PROXIED_APP, watches=2))
        await task
        assert not task.cancelled()


async def test_crd_that_is_deleted_is_waited_for_in_one_line(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(kopfwatch, "_WATCH_PAUSE", 0.01)
    server = WatchServer(scripts={PROXIED_APP: [[]]}, answers={PROXIED_APP: [404]})
    async with watching(server, Woken()):
        await server.seen(PROXIED_APP, watches=1)
        server.missing.add(PROXIED_APP)
        await server.seen(PROXIED_APP, lists=6)
        server.missing.clear()
        await server.seen(PROXIED_APP, watches=2)
    lines = [record.getMessage() for record in caplog.records if record.name.startswith("proxiedapp")]
    assert len([line for line in lines if "missing: waiting until it is installed" in line]) == 1
    assert "Traceback" not in caplog.text


async def test_kind_that_kopf_overlooks_at_its_start_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    """One question which kinds are served is answered without ProxiedApps, and kopf does not ask again."""
    monkeypatch.setattr(kopfwatch, "_DISCOVERED", 0.3)
    server = WatchServer(undiscovered=[PROXIED_APP])
    async with watching(server, Woken()):
        await server.seen(PROXIED_APP, watches=1)


async def test_errors_of_generators_that_kopf_leaves_open_are_ignored(caplog: pytest.LogCaptureFixture) -> None:
    server = WatchServer()
    async with watching(server, Woken()):
        await server.seen(PROXIED_APP, watches=1)
        loop = asyncio.get_running_loop()
        loop.call_exception_handler({"message": "at the closing of a generator", "asyncgen": None})
        loop.call_exception_handler({"message": "anything else"})
    lines = [record.getMessage() for record in caplog.records if record.levelname == "ERROR"]
    assert lines == ["anything else"]


async def test_errors_of_tasks_that_kopf_leaves_behind_are_ignored(caplog: pytest.LogCaptureFixture) -> None:
    """kopf asks for all kinds at the same time, and goes on with these requests when it is stopped meanwhile."""

    async def scan() -> None:
        raise RuntimeError("Connection closed.")

    kopfs = FunctionType(scan.__code__.replace(co_filename=kopf.__file__), {})
    server = WatchServer()
    async with watching(server, Woken()):
        await server.seen(PROXIED_APP, watches=1)
        loop = asyncio.get_running_loop()
        for name, task in (("kopf's", loop.create_task(kopfs())), ("ours", loop.create_task(scan()))):
            await asyncio.wait({task})
            loop.call_exception_handler({"message": name, "future": task, "exception": task.exception()})
    lines = [record.getMessage().splitlines()[0] for record in caplog.records if record.levelname == "ERROR"]
    assert lines == ["ours"]


async def test_watch_that_is_not_answered_is_opened_again() -> None:
    """As any request: the server was away when it arrived. kopf itself would wait for 70 seconds."""
    server = WatchServer(unanswered={PROXIED_APP})
    async with watching(server, Woken(), request_timeout=1.0):
        await server.seen(PROXIED_APP, watches=2)


async def test_a_watch_that_is_closed_at_once_is_opened_again_after_a_pause() -> None:
    server = WatchServer(hot={PROXIED_APP})
    async with watching(server, Woken()):
        await server.seen(PROXIED_APP, watches=2)
        opened = server.watches[PROXIED_APP]
    assert opened < 10, "without a pause it would be hundreds by now"
