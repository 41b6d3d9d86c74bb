"""Listing everything again: at the start, when a watch may have missed something, and at an interval.

A watch that starts again does not report objects that were deleted in between (kopf 1.45.2 never compares lists:
kopf/_cogs/clients/watching.py). Only a comparison of the store with a complete list finds such deletions.
"""

import asyncio
import logging
import random
from collections.abc import Callable, Sequence
from typing import Final

from proxiedapp.controller.backoff import backoff
from proxiedapp.controller.metrics import MISSED, OBJECTS, RESYNCS
from proxiedapp.controller.observed.store import Store
from proxiedapp.controller.watchedkinds import CHILD_SELECTOR, PROXIED_APP
from proxiedapp.kube.client import Api
from proxiedapp.kube.errors import ApiError
from proxiedapp.kube.key import Key
from proxiedapp.kube.kind import Kind

logger = logging.getLogger(__name__)

_PAUSE: Final = 5.0
"""Seconds before the first retry of a list."""
_LONGEST_PAUSE: Final = 60.0


class Resync:
    """Lists kinds into the store, and wakes the apps that a difference concerns."""

    def __init__(
        self,
        api: Api,
        store: Store,
        wake: Callable[[Key], None],
        *,
        kinds: Sequence[Kind],
        namespaces: Sequence[str],
        recheck: Callable[[Key], None] | None = None,
    ) -> None:
        """`recheck` requests a pass of an app of which nothing is known to have changed; by default, `wake` does."""
        self._api = api
        self._store = store
        self._wake = wake
        self._recheck = recheck or wake
        self.kinds = tuple(kinds)
        self.namespaces: tuple[str | None, ...] = tuple(namespaces) or (None,)
        self._requested: asyncio.Queue[Kind] = asyncio.Queue()
        self._waiting: set[Kind] = set()
        """The kinds in the queue: any number of requests is answered by one list that begins after them."""
        self._failures: dict[Kind, int] = {}
        """How often in a row each kind could not be listed."""
        self._versions: dict[tuple[Kind, str | None], str] = {}
        """The resourceVersion of each of the first lists, until a watch goes on from it."""
        self._reported: dict[Kind, str] = {}
        """The last error that was logged for each of these kinds: an outage of an hour is one line."""
        for kind in self.kinds:
            MISSED.labels(kind.kind)  # so that it starts at 0: increase() ignores a first sample

    async def list_all(self) -> None:
        """List every kind, and request a pass of every app; raises ApiError.

        Apps that were changed while no operator ran come before those that are only checked again.
        """
        for kind in self.kinds:
            await self._list(kind, self._versions)
        for key in self._store.all_keys():
            (self._wake if self._store.is_unprocessed(key) else self._recheck)(key)

    async def version_of(self, kind: Kind, namespace: str | None) -> str:
        """Return the resourceVersion from which a watch can go on: that of the first list, later of a fresh one.

        Raises ApiError.
        """
        if (version := self._versions.pop((kind, namespace), None)) is not None:
            return version
        concerned, fresh = await self._list_namespace(kind, namespace)
        RESYNCS.labels(kind.kind).inc()
        for key in concerned:
            self._wake(key)
        MISSED.labels(kind.kind).inc(len(concerned))
        return fresh

    def request(self, kind: Kind) -> None:
        """Request a fresh list of one kind."""
        if kind not in self._waiting:
            self._waiting.add(kind)
            self._requested.put_nowait(kind)

    async def serve_requests(self) -> None:
        """List the requested kinds, forever; a kind that cannot be listed is requested again after 5 to 60 seconds."""
        while True:
            kind = await self._requested.get()
            self._waiting.discard(kind)
            try:
                concerned = await self._list(kind)
                for key in concerned:
                    self._wake(key)
            except ApiError as error:
                if self._reported.get(kind) != str(error):
                    logger.warning("cannot list %s, trying again: %s", kind, error)
                self._reported[kind] = str(error)
                failures = self._failures.get(kind, 0)
                self._failures[kind] = failures + 1
                pause = max(backoff(failures, _PAUSE, _LONGEST_PAUSE), error.retry_after or 0.0)
                asyncio.get_running_loop().call_later(pause, self.request, kind)
                continue
            self._failures.pop(kind, None)
            self._reported.pop(kind, None)
            MISSED.labels(kind.kind).inc(len(concerned))

    async def repeat(self, interval: float) -> None:
        """List everything and wake every app, forever, with pauses of `interval` seconds plus up to a tenth."""
        while True:
            await asyncio.sleep(interval * (1 + random.random() / 10))
            for kind in self.kinds:
                self.request(kind)
            for key in self._store.all_keys():
                self._recheck(key)

    async def _list(self, kind: Kind, versions: dict[tuple[Kind, str | None], str] | None = None) -> set[Key]:
        """List a kind; return the apps that differences concern, and set `versions`."""
        concerned: set[Key] = set()
        for namespace in self.namespaces:
            found, version = await self._list_namespace(kind, namespace)
            concerned |= found
            if versions is not None:
                versions[kind, namespace] = version
        RESYNCS.labels(kind.kind).inc()
        OBJECTS.labels(kind.kind).set(self._store.counts().get(kind.kind, 0))
        return concerned

    async def _list_namespace(self, kind: Kind, namespace: str | None) -> tuple[set[Key], str]:
        """Return the apps that differences concern, and the resourceVersion of the list."""
        is_app = kind is PROXIED_APP
        present: set[Key] = set()
        concerned: set[Key] = set()
        version = 0
        async for page in self._api.pages(kind, namespace, "" if is_app else CHILD_SELECTOR):
            version = int(page["metadata"]["resourceVersion"])
            for body in page["items"]:
                present.add(Key(body["metadata"]["namespace"], body["metadata"]["name"]))
                concerned |= self._store.observe_app(body) if is_app else self._store.observe_child(kind, body)
        if is_app:
            concerned |= self._store.sweep_apps(present, version, namespace)
        else:
            concerned |= self._store.sweep_children(kind, present, version, namespace)
        return concerned, str(version)
