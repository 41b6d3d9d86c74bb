"""Listing everything again: at the start, when a watch may have missed something, and at an interval.

A watch that starts again does not report objects that were deleted in between (kopf 1.45.2 never compares lists:
kopf/_cogs/clients/watching.py). Only a comparison of the store with a complete list finds such deletions.
"""

import asyncio
import logging
import random
from collections.abc import Callable, Sequence

from proxiedapp.controller.metrics import MISSED, OBJECTS, RESYNCS
from proxiedapp.controller.observed.store import Store
from proxiedapp.controller.watchedkinds import CHILD_SELECTOR, PROXIED_APP
from proxiedapp.kube.client import Api
from proxiedapp.kube.errors import ApiError
from proxiedapp.kube.key import Key
from proxiedapp.kube.kind import Kind

logger = logging.getLogger(__name__)


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
    ) -> None:
        self._api = api
        self._store = store
        self._wake = wake
        self.kinds = tuple(kinds)
        self.namespaces: tuple[str | None, ...] = tuple(namespaces) or (None,)
        self._requested: asyncio.Queue[Kind] = asyncio.Queue()
        for kind in self.kinds:
            MISSED.labels(kind.kind)  # so that it starts at 0: increase() ignores a first sample

    async def list_all(self) -> None:
        """List every kind; raises ApiError."""
        for kind in self.kinds:
            await self._list(kind)

    def request(self, kind: Kind) -> None:
        """Request a fresh list of one kind."""
        self._requested.put_nowait(kind)

    async def serve_requests(self) -> None:
        """List the requested kinds, forever; a kind that cannot be listed is requested again after 5 seconds."""
        while True:
            kind = await self._requested.get()
            try:
                concerned = await self._list(kind)
            except ApiError as error:
                logger.warning("cannot list %s, trying again: %s", kind, error)
                asyncio.get_running_loop().call_later(5, self.request, kind)
                continue
            MISSED.labels(kind.kind).inc(len(concerned))

    async def repeat(self, interval: float) -> None:
        """List everything and wake every app, forever, with pauses of `interval` seconds plus up to a tenth."""
        while True:
            await asyncio.sleep(interval * (1 + random.random() / 10))
            for kind in self.kinds:
                self.request(kind)
            for key in self._store.all_keys():
                self._wake(key)

    async def _list(self, kind: Kind) -> set[Key]:
        concerned: set[Key] = set()
        for namespace in self.namespaces:
            concerned |= await self._list_namespace(kind, namespace)
        RESYNCS.labels(kind.kind).inc()
        OBJECTS.labels(kind.kind).set(self._store.counts().get(kind.kind, 0))
        for key in concerned:
            self._wake(key)
        return concerned

    async def _list_namespace(self, kind: Kind, namespace: str | None) -> set[Key]:
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
            return concerned | self._store.sweep_apps(present, version, namespace)
        return concerned | self._store.sweep_children(kind, present, version, namespace)
