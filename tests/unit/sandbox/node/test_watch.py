"""The list-and-watch loop against a fake API server: which events it yields, in which order."""

import asyncio
from collections import deque
from collections.abc import AsyncIterator
from contextlib import aclosing, asynccontextmanager
from pathlib import Path
from typing import Any, Final

import orjson
import pytest
from aiohttp import web

from proxiedapp.kube.client import Api
from proxiedapp.kube.connection import connect
from proxiedapp.kube.kind import Kind
from proxiedapp.kube.manifest import Manifest
from proxiedapp_sandbox.node.watch import Deleted, Present, Uid, changes_since, list_and_watch, split_lines

POD: Final = Kind("", "v1", "Pod", "pods")


def item(uid: str, version: int = 1) -> Manifest:
    return {"metadata": {"uid": uid, "name": uid, "resourceVersion": str(version)}}


def event(kind: str, uid: str, version: int) -> bytes:
    return orjson.dumps({"type": kind, "object": item(uid, version)}) + b"\n"


class Server:
    """Answers each list and each watch with the next thing prepared for it, and keeps what it was asked."""

    def __init__(self) -> None:
        self.lists: deque[list[Manifest] | int] = deque()
        self.watches: deque[bytes | int] = deque()
        self.asked: list[str] = []

    async def handle(self, request: web.Request) -> web.StreamResponse:
        query = request.query
        self.asked.append(f"watch {query['resourceVersion']}" if "watch" in query else "list")
        if "watch" not in query:
            items = self.lists.popleft()
            if isinstance(items, int):
                return web.Response(status=items)
            return web.json_response({"metadata": {"resourceVersion": "100"}, "items": items})
        if not self.watches:  # nothing more happens
            response = web.StreamResponse()
            await response.prepare(request)
            await asyncio.Event().wait()
        body = self.watches.popleft()
        return web.Response(status=body) if isinstance(body, int) else web.Response(body=body)


@asynccontextmanager
async def followed(server: Server, folder: Path) -> AsyncIterator[Any]:
    """Serve, and yield a function that returns the next events; waits between tries take no time."""
    app = web.Application()
    app.router.add_get("/api/v1/pods", server.handle)
    runner = web.AppRunner(app, shutdown_timeout=0)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    port = runner.addresses[0][1]
    kubeconfig = folder / "kubeconfig"
    cluster = {"name": "c", "cluster": {"server": f"http://127.0.0.1:{port}"}}
    context = {"name": "c", "context": {"cluster": "c", "user": "u"}}
    users = [{"name": "u", "user": {}}]
    kubeconfig.write_bytes(
        orjson.dumps({"clusters": [cluster], "contexts": [context], "users": users, "current-context": "c"})
    )
    api = Api(await connect(kubeconfig))

    async def no_wait(_: float) -> None:
        await asyncio.sleep(0)

    try:
        async with aclosing(list_and_watch(api, POD, no_wait)) as events:

            async def next_events(count: int) -> list[str]:
                async with asyncio.timeout(60):
                    return [said(await anext(events)) for _ in range(count)]

            yield next_events
    finally:
        await api.close()
        await runner.cleanup()


def said(one: Present | Deleted) -> str:
    match one:
        case Present(manifest):
            return f"+{manifest['metadata']['uid']}@{manifest['metadata']['resourceVersion']}"
        case Deleted(uid):
            return f"-{uid}"


async def test_a_list_then_a_watch_from_there(tmp_path: Path) -> None:
    server = Server()
    server.lists.append([item("a"), item("b")])
    server.watches.append(event("ADDED", "c", 101) + event("MODIFIED", "a", 102) + event("DELETED", "b", 103))
    async with followed(server, tmp_path) as events:
        assert await events(5) == ["+a@1", "+b@1", "+c@101", "+a@102", "-b"]
    assert server.asked[:2] == ["list", "watch 100"]


async def test_a_watch_that_ends_continues_from_its_last_version(tmp_path: Path) -> None:
    server = Server()
    server.lists.append([])
    server.watches += [event("ADDED", "a", 101) + event("BOOKMARK", "", 150), event("MODIFIED", "a", 151)]
    async with followed(server, tmp_path) as events:
        assert await events(2) == ["+a@101", "+a@151"]
    assert server.asked[:3] == ["list", "watch 100", "watch 150"]


@pytest.mark.parametrize(
    "lost",
    [
        pytest.param(b'{"type":"ERROR","object":{"code":410,"message":"too old"}}\n', id="410 as an event"),
        pytest.param(410, id="410 as a status"),
        pytest.param(500, id="an error"),
        pytest.param(b"no json\n", id="rubbish"),
    ],
)
async def test_after_a_lost_watch_a_new_list_shows_what_was_deleted(tmp_path: Path, lost: bytes | int) -> None:
    server = Server()
    server.lists += [[item("a"), item("b")], [item("b", 2)]]
    server.watches += [event("ADDED", "c", 101), lost]
    async with followed(server, tmp_path) as events:
        assert await events(6) == ["+a@1", "+b@1", "+c@101", "-a", "-c", "+b@2"]


async def test_a_list_that_fails_is_tried_again(tmp_path: Path) -> None:
    server = Server()
    server.lists += [503, 403, [item("a")]]
    async with followed(server, tmp_path) as events:
        assert await events(1) == ["+a@1"]
    assert server.asked[:3] == ["list", "list", "list"]


def test_a_new_object_of_the_same_name_is_another_object() -> None:
    old, new = item("old"), item("new") | {"metadata": {"uid": "new", "name": "old"}}
    assert old["metadata"]["name"] == new["metadata"]["name"]
    assert changes_since({Uid("old"): None}, [new]) == [Deleted(Uid("old")), Present(new)]


def test_lines_are_joined_whatever_the_chunks() -> None:
    rest, found = b"", []
    for chunk in (b'{"a"', b":1}\n\n{}", b"\n{", b"}\n"):
        lines, rest = split_lines(rest, chunk)
        found += lines
    assert (found, rest) == ([b'{"a":1}', b"{}", b"{}"], b"")
