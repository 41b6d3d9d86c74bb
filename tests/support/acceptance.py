"""A controller of Gateways that accepts every HTTPRoute at once, for tests and benchmarks without a proxy."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Final

import aiohttp

from proxiedapp.kube.client import Api, collection
from proxiedapp.kube.errors import ApiError, NotFoundError
from proxiedapp.kube.manifest import Manifest
from proxiedapp.resources.kinds import HTTP_ROUTE
from tests.support.gateways import acceptance

_MERGE: Final = "application/merge-patch+json"
_AGAIN: Final = 0.2
"""Seconds until it tries again after the API server was away."""


@asynccontextmanager
async def accepting(api: Api, controller: str) -> AsyncIterator[None]:
    """Accept all HTTPRoutes while the block runs."""
    running = asyncio.create_task(_accept_forever(api, controller))
    try:
        yield
    finally:
        running.cancel()
        with suppress(asyncio.CancelledError):
            await running


async def _accept_forever(api: Api, controller: str) -> None:
    while True:
        try:
            await _accept(api, controller)
        except* (ApiError, aiohttp.ClientError, TimeoutError):
            pass  # the API server was away
        await asyncio.sleep(_AGAIN)


async def _accept(api: Api, controller: str) -> None:
    """Watch the HTTPRoutes, those that are there already included, until the watch ends."""
    async with (
        api.watch_session(await api.token()) as session,
        session.get(f"{api.server}{collection(HTTP_ROUTE, None)}?watch=true", read_bufsize=2**21) as response,
        asyncio.TaskGroup() as writes,
    ):
        async for line in response.content:
            event = json.loads(line)
            if event["type"] not in {"ADDED", "MODIFIED"}:
                continue
            metadata = event["object"]["metadata"]
            if status := acceptance(event["object"], metadata["creationTimestamp"], controller):
                writes.create_task(_report(api, metadata, status))


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
