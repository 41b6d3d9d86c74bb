"""List and watch of all objects of a kind: a list, then a watch from its version, and a new list after a lost watch."""

import asyncio
import logging
from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Final, NewType
from urllib.parse import urlencode

import aiohttp
import orjson

from proxiedapp.kube.client import Api, collection
from proxiedapp.kube.errors import ApiError
from proxiedapp.kube.kind import Kind
from proxiedapp.kube.manifest import Manifest
from proxiedapp_sandbox.node.backoff import RestartBackoff
from proxiedapp_sandbox.node.probes import Sleep

logger = logging.getLogger(__name__)

Uid = NewType("Uid", str)
"""An object's metadata.uid; unlike a name, it is never reused."""

_WATCH_SECONDS: Final = 300
"""Seconds after which the API server ends a watch; the next watch continues from the last version."""
_READ_TIMEOUT: Final = 90.0
"""Seconds without a byte after which a watch counts as lost.

The API server sends bookmarks once a minute (v1.36.3 `apiserver/pkg/storage/cacher/cacher.go`, bookmark frequency).
"""
_BACKOFF: Final = (0.2, 10.0)


@dataclass(frozen=True, slots=True)
class Present:
    """An object that exists, in its current version."""

    object: Manifest


@dataclass(frozen=True, slots=True)
class Deleted:
    """An object that was deleted."""

    uid: Uid


WatchEvent = Present | Deleted


class WatchLostError(Exception):
    """The watch cannot continue from its last version; a new list is needed."""


async def list_and_watch(api: Api, kind: Kind, sleep: Sleep = asyncio.sleep) -> AsyncGenerator[WatchEvent, None]:
    """Yield the changes of all objects of a kind, without end. An object may be yielded again without a change."""
    known: dict[Uid, None] = {}
    backoff = RestartBackoff(*_BACKOFF)
    clock = asyncio.get_running_loop().time
    while True:
        began = clock()
        try:
            items, version = await _list(api, kind)
            for event in changes_since(known, items):
                yield _remember(known, event)
            async with api.watch_session(await api.token()) as session:
                while True:
                    async for event_type, item in _watch(session, api.server, kind, version):
                        version = item["metadata"]["resourceVersion"]
                        if event_type != "BOOKMARK":
                            event = Deleted(_uid(item)) if event_type == "DELETED" else Present(item)
                            yield _remember(known, event)
        except (ApiError, WatchLostError, aiohttp.ClientError, TimeoutError, OSError) as error:
            delay = backoff.after(clock() - began)
            logger.warning(
                "lost the watch of %s, listing again in %.1f s: %s",
                kind.plural,
                delay,
                str(error) or type(error).__name__,
            )
            await sleep(delay)


def changes_since(known: Mapping[Uid, None], items: list[Manifest]) -> list[WatchEvent]:
    """Return the changes that a new list shows: first the deleted objects, then all present ones."""
    present = {_uid(item) for item in items}
    return [*(Deleted(uid) for uid in known if uid not in present), *map(Present, items)]


def split_lines(buffer: bytes, chunk: bytes) -> tuple[list[bytes], bytes]:
    """Return the complete lines and the rest. aiohttp's `StreamReader.readline` rejects lines longer than 64 KiB."""
    *lines, rest = (buffer + chunk).split(b"\n")
    return [line for line in lines if line], rest


def _remember(known: dict[Uid, None], event: WatchEvent) -> WatchEvent:
    match event:
        case Present(item):
            known[_uid(item)] = None
        case Deleted(uid):
            known.pop(uid, None)
    return event


async def _list(api: Api, kind: Kind) -> tuple[list[Manifest], str]:
    items: list[Manifest] = []
    version = ""
    async for page in api.pages(kind, None):
        items += page["items"]
        version = page["metadata"]["resourceVersion"]
    return items, version


async def _watch(
    session: aiohttp.ClientSession, server: str, kind: Kind, version: str
) -> AsyncIterator[tuple[str, Manifest]]:
    """Yield events after a version until the API server ends the watch; raises WatchLostError if it is lost."""
    query = urlencode(
        {
            "watch": "true",
            "allowWatchBookmarks": "true",
            "resourceVersion": version,
            "timeoutSeconds": str(_WATCH_SECONDS),
        }
    )
    timeout = aiohttp.ClientTimeout(total=None, sock_connect=10, sock_read=_READ_TIMEOUT)
    async with session.get(f"{server}{collection(kind, None)}?{query}", timeout=timeout) as response:
        if response.status != HTTPStatus.OK:
            raise WatchLostError(f"HTTP {response.status}: {(await response.text())[:256]}")
        buffer = b""
        async for chunk in response.content.iter_any():
            lines, buffer = split_lines(buffer, chunk)
            for line in lines:
                try:
                    event = orjson.loads(line)
                except orjson.JSONDecodeError as error:
                    raise WatchLostError(f"the API server sent a line that is not JSON: {error}") from error
                if event["type"] == "ERROR":
                    raise WatchLostError(event["object"].get("message") or "the API server sent an error")
                yield event["type"], event["object"]


def _uid(item: Manifest) -> Uid:
    return Uid(item["metadata"]["uid"])
