"""A small API server for rare events that a real one cannot be made to produce: failing lists and ending watches."""

import asyncio
import json
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web
from kubernetes.aio.client import ApiClient, Configuration

from proxiedapp.controller.watchedkinds import PROXIED_APP
from proxiedapp.kube.client import Api, collection
from proxiedapp.kube.key import Key
from proxiedapp.kube.kind import Kind
from proxiedapp.resources.kinds import CHILD_KINDS

KINDS = (PROXIED_APP, *CHILD_KINDS)
KOPFS_OWN = (
    Kind("apiextensions.k8s.io", "v1", "CustomResourceDefinition", "customresourcedefinitions"),
    Kind("", "v1", "Namespace", "namespaces"),
    Kind("", "v1", "Event", "events"),
)
"""Kinds that kopf discovers before it watches anything."""
GONE = {"type": "ERROR", "object": {"kind": "Status", "code": 410, "reason": "Expired"}}
"""The event of a watch whose resourceVersion is too old."""


@dataclass
class WatchServer:
    """Objects by kind, and for each watch the events before it ends; without a script it stays open and silent."""

    objects: dict[Kind, list[dict[str, Any]]] = field(default_factory=dict)
    scripts: dict[Kind, list[list[dict[str, Any]]]] = field(default_factory=dict)
    answers: dict[Kind, list[int | bytes]] = field(default_factory=dict)
    """For each watch, before any script: a status to answer with, or bytes to send before it ends."""
    unanswered: set[Kind] = field(default_factory=set)
    """Kinds whose next watch gets no answer at all, as if the server had gone with the request."""
    hot: set[Kind] = field(default_factory=set)
    """Kinds whose watches are closed as soon as they are opened."""
    missing: set[Kind] = field(default_factory=set)
    """Kinds that are not served."""
    lists: Counter[Kind] = field(default_factory=Counter)
    watches: Counter[Kind] = field(default_factory=Counter)
    selectors: dict[Kind, str] = field(default_factory=dict)
    """The label selectors of the last request for each kind."""
    versions: dict[Kind, str] = field(default_factory=dict)
    """The resourceVersion from which the last watch of each kind begins."""
    accepts: dict[Kind, str] = field(default_factory=dict)
    """The media type that the last request for each kind accepts."""
    more: set[Kind] = field(default_factory=set)
    """Kinds that are served in addition to those that the operator watches."""
    undiscovered: list[Kind] = field(default_factory=list)
    """Kinds that are left out once where the served kinds are listed."""
    forbidden: set[Kind] = field(default_factory=set)
    """Kinds that the account may not read."""
    version: int = 100
    opened: asyncio.Condition = field(default_factory=asyncio.Condition)

    def app(self) -> web.Application:
        app = web.Application()
        app.router.add_get("/{path:.*}", self._answer)
        return app

    async def seen(self, kind: Kind, *, lists: int = 0, watches: int = 0) -> None:
        """Wait until a kind has been listed and watched this many times."""
        async with asyncio.timeout(30), self.opened:
            await self.opened.wait_for(lambda: self.lists[kind] >= lists and self.watches[kind] >= watches)

    async def _answer(self, request: web.Request) -> web.StreamResponse:
        kind = next((each for each in (*KINDS, *self.more) if collection(each, None) == request.path), None)
        if kind is None:
            return self._discovery(request.path)
        self.selectors[kind] = request.query.get("labelSelector", "")
        self.accepts[kind] = request.headers.get("Accept", "")
        self.versions[kind] = request.query.get("resourceVersion", "")
        counter = self.watches if "watch" in request.query else self.lists
        counter[kind] += 1
        async with self.opened:
            self.opened.notify_all()
        if kind in self.missing:
            return web.json_response({"kind": "Status", "code": 404}, status=404)
        if kind in self.forbidden:
            return web.json_response({"message": f"{kind.plural} is forbidden"}, status=403)
        return await self._watch(request, kind) if "watch" in request.query else self._list(kind)

    def _list(self, kind: Kind) -> web.Response:
        metadata = {"resourceVersion": str(self.version)}
        return web.json_response({"kind": f"{kind}List", "metadata": metadata, "items": self.objects.get(kind, [])})

    async def _watch(self, request: web.Request, kind: Kind) -> web.StreamResponse:
        if kind in self.unanswered:
            self.unanswered.remove(kind)
            await asyncio.Event().wait()  # until the client goes
        answer = self.answers[kind].pop(0) if self.answers.get(kind) else None
        if isinstance(answer, int):
            return web.json_response({"kind": "Status", "code": answer, "message": "not now"}, status=answer)
        response = web.StreamResponse()
        await response.prepare(request)
        if answer is not None:
            await response.write(answer)
            return response
        if kind in self.hot:
            return response
        if self.scripts.get(kind):
            for event in self.scripts[kind].pop(0):
                await response.write(json.dumps(event).encode() + b"\n")
            return response
        await asyncio.Event().wait()  # until the client goes
        return response

    def _discovery(self, path: str) -> web.Response:
        if path == "/api":
            return web.json_response({"versions": ["v1"]})
        if path == "/apis":
            groups = {kind.group: kind.version for kind in (*KINDS, *KOPFS_OWN) if kind.group}
            versions = [{"groupVersion": f"{group}/{version}", "version": version} for group, version in groups.items()]
            named = [
                {"name": each["groupVersion"].split("/")[0], "versions": [each], "preferredVersion": each}
                for each in versions
            ]
            return web.json_response({"groups": named})
        found = [
            kind
            for kind in (*KINDS, *KOPFS_OWN, *self.more)
            if path in {f"/apis/{kind.api_version}", f"/api/{kind.api_version}"}
        ]
        overlooked = [kind for kind in found if kind in self.undiscovered]
        self.undiscovered = [kind for kind in self.undiscovered if kind not in overlooked]
        resources = [
            {
                "name": kind.plural,
                "singularName": "",
                "kind": kind.kind,
                "namespaced": True,
                "verbs": ["get", "list", "watch", "patch"],
            }
            for kind in found
            if kind not in overlooked
        ]
        return web.json_response({"resources": resources}) if resources else web.json_response({}, status=404)


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
async def serve(server: WatchServer, *, request_timeout: float = 30.0) -> AsyncIterator[Api]:
    """Serve on loopback; yields a client with this timeout of a request, in seconds."""
    runner = web.AppRunner(server.app(), shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    configuration = Configuration(host=f"http://127.0.0.1:{runner.addresses[0][1]}")
    configuration.client_session_kwargs = {"trust_env": False}
    api = Api(ApiClient(configuration), timeout=request_timeout)
    try:
        yield api
    finally:
        await api.close()
        await runner.cleanup()
