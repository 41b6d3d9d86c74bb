"""Watching Gateways and GatewayClasses, which decide what the HTTPRoutes of apps can do.

They are read in all namespaces, because apps of one namespace are served by Gateways of another. If the operator may
not read them, what the Gateways report in the status of HTTPRoutes is all that it knows.
"""

import asyncio
from collections.abc import Callable, Iterable
from functools import partial

from proxiedapp.controller.observed.gateways import Gateways
from proxiedapp.controller.observed.store import Store
from proxiedapp.controller.watch.listwatch import ListWatch, list_each
from proxiedapp.controller.watchedkinds import GATEWAY, GATEWAY_CLASS
from proxiedapp.kube.client import Api
from proxiedapp.kube.key import Key
from proxiedapp.kube.kind import Kind
from proxiedapp.kube.manifest import Manifest


class GatewayWatch:
    """Keeps the Gateways up to date, and wakes the apps behind one that has changed for its routes."""

    def __init__(
        self, api: Api, store: Store, gateways: Gateways, wake: Callable[[Key], None], *, retry_interval: float
    ) -> None:
        """`retry_interval` is the longest pause before a kind that may not be read is tried again."""
        self._store = store
        self._gateways = gateways
        self._wake = wake
        self._watches = [
            ListWatch(
                api,
                kind,
                kind.plural,
                record=partial(self.record, kind),
                sweep=partial(self.sweep, kind),
                longest_pause=retry_interval,
            )
            for kind in (GATEWAY_CLASS, GATEWAY)
        ]

    async def list_all(self) -> None:
        """List both kinds once; see `list_each`."""
        await list_each(self._watches)

    async def watch_all(self) -> None:
        """Watch both kinds, forever."""
        await asyncio.gather(*(each.run() for each in self._watches))

    def record(self, kind: Kind, event: str, body: Manifest) -> None:
        """Record an object that a list (`event` LISTED) or a watch reported."""
        key = Key(body["metadata"].get("namespace", ""), body["metadata"]["name"])
        self._wake_behind(
            self._gateways.forget(kind, key) if event == "DELETED" else self._gateways.observe(kind, body)
        )

    def sweep(self, kind: Kind, present: set[Key]) -> None:
        """Record which objects a complete list of a kind contains."""
        first = not self._gateways.knows(kind)
        changed = self._gateways.sweep(kind, present)
        # Before the first list, it was not known which Gateways do not exist.
        self._wake_behind(self._store.behind.gateways() if first else changed)

    def _wake_behind(self, gateways: Iterable[str]) -> None:
        for gateway in gateways:
            for key in self._store.behind.apps(gateway):
                self._wake(key)
