"""A controller of Gateways that accepts every HTTPRoute at once, for tests and benchmarks without a proxy."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Any, Final

import aiohttp

from proxiedapp.kube.client import Api, collection
from proxiedapp.kube.errors import ApiError, NotFoundError
from proxiedapp.kube.manifest import Manifest
from proxiedapp.resources.kinds import HTTP_ROUTE

_MERGE: Final = "application/merge-patch+json"
_AGAIN: Final = 0.2
"""Seconds until it tries again after the API server was away."""


@asynccontextmanager
async def accepting(api: Api, controller: str, namespace: str | None = None) -> AsyncIterator[None]:
    """Accept the HTTPRoutes of a namespace, or of all, while the block runs."""
    running = asyncio.create_task(_accept_forever(api, controller, namespace))
    try:
        yield
    finally:
        running.cancel()
        with suppress(asyncio.CancelledError):
            await running


async def _accept_forever(api: Api, controller: str, namespace: str | None) -> None:
    while True:
        try:
            await _accept(api, controller, namespace)
        except* (ApiError, aiohttp.ClientError, TimeoutError):
            pass  # the API server was away
        await asyncio.sleep(_AGAIN)


async def _accept(api: Api, controller: str, namespace: str | None) -> None:
    """Watch the HTTPRoutes, those that are there already included, until the watch ends."""
    async with (
        api.watch_session(await api.token()) as session,
        session.get(f"{api.server}{collection(HTTP_ROUTE, namespace)}?watch=true", read_bufsize=2**21) as response,
        asyncio.TaskGroup() as writes,
    ):
        async for line in response.content:
            event = json.loads(line)
            if event["type"] in {"ADDED", "MODIFIED"} and (status := _status(event["object"], controller)):
                writes.create_task(_report(api, event["object"]["metadata"], status))


async def _report(api: Api, metadata: Manifest, status: Manifest) -> None:
    path = f"{collection(HTTP_ROUTE, metadata['namespace'])}/{metadata['name']}/status"
    while True:
        try:
            await api.request("PATCH", path, {"status": status}, _MERGE)
        except NotFoundError:
            pass
        except ApiError:
            await asyncio.sleep(_AGAIN)
            continue
        return


def _status(route: Manifest, controller: str) -> Manifest | None:
    """Return the status of a route, or None if it has that of its generation."""
    metadata, refs = route["metadata"], route["spec"].get("parentRefs") or []
    known = (route.get("status") or {}).get("parents") or []
    told = [(each["parentRef"], each["conditions"][0]["observedGeneration"]) for each in known]
    if told == [(ref, metadata["generation"]) for ref in refs]:
        return None
    return {"parents": [_entry(ref, metadata, controller) for ref in refs]}


def _entry(ref: dict[str, Any], metadata: Manifest, controller: str) -> Manifest:
    common = {
        "status": "True",
        "message": "",
        "observedGeneration": metadata["generation"],
        "lastTransitionTime": metadata["creationTimestamp"],
    }
    conditions = [common | {"type": type_, "reason": type_} for type_ in ("Accepted", "ResolvedRefs")]
    return {"parentRef": ref, "controllerName": controller, "conditions": conditions}
