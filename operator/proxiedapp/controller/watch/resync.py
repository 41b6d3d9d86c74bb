"""Reading everything again: at the start, when a watch may have missed something, and now and then on principle.

A watch that starts over never tells of what was deleted in between, so only comparing the store with a complete list
finds it.
"""

import asyncio
import logging
import random
from collections.abc import Callable, Sequence

from proxiedapp.controller.metrics import MISSED, OBJECTS, RESYNCS
from proxiedapp.controller.observed.store import Store
from proxiedapp.controller.watchedkinds import CHILD_SELECTOR, PROXIED_APP
from proxiedapp.kube.client import Api, ApiError
from proxiedapp.kube.key import Key
from proxiedapp.kube.kind import Kind

logger = logging.getLogger(__name__)


class Resync:
    """Lists kinds into the store and wakes the apps for which that was news."""

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
        self._asked: asyncio.Queue[Kind] = asyncio.Queue()
        for kind in self.kinds:
            MISSED.labels(kind.kind)  # from 0 on: in a series that begins with its first count Prometheus sees no rise

    async def all(self) -> None:
        """List every kind; raises ApiError."""
        for kind in self.kinds:
            await self._list(kind)

    def ask(self, kind: Kind) -> None:
        """Ask for a fresh list of one kind soon."""
        self._asked.put_nowait(kind)

    async def serve_asked(self) -> None:
        """List the kinds that were asked for, for ever; one that fails is asked for again."""
        while True:
            kind = await self._asked.get()
            try:
                concerned = await self._list(kind)
            except ApiError as error:
                logger.warning("%s could not be listed, trying again: %s", kind, error)
                asyncio.get_running_loop().call_later(5, self.ask, kind)
                continue
            MISSED.labels(kind.kind).inc(len(concerned))

    async def repeat(self, interval: float) -> None:
        """List everything and wake every app, for ever, with a pause of `interval` seconds and up to a tenth more."""
        while True:
            await asyncio.sleep(interval * (1 + random.random() / 10))
            for kind in self.kinds:
                self.ask(kind)
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
