"""Watching foreign routes, which do not have our label.

kopf opens one watch per kind, and its watch of IngressRoutes selects our own ones by label. The watches here keep
only where a route is served.
"""

import asyncio
from collections.abc import Callable, Iterator, Sequence
from functools import partial

from proxiedapp.controller.observed.foreignroutes import ForeignRoutes
from proxiedapp.controller.observed.store import Store
from proxiedapp.controller.watch.listwatch import ListWatch, list_each
from proxiedapp.controller.watchedkinds import FOREIGN_KINDS, FOREIGN_SELECTOR
from proxiedapp.kube.client import Api
from proxiedapp.kube.key import Key
from proxiedapp.kube.kind import Kind
from proxiedapp.kube.manifest import Manifest
from proxiedapp.routing.foreignroute import ForeignRoute, RouteRef, read_foreign_route


class ForeignRouteWatch:
    """Keeps the foreign routes up to date, and wakes the apps whose address a changed route may match."""

    def __init__(
        self,
        api: Api,
        store: Store,
        routes: ForeignRoutes,
        wake: Callable[[Key], None],
        *,
        namespaces: Sequence[str],
        retry_interval: float,
    ) -> None:
        """`retry_interval` is the longest pause before a kind that is missing or may not be read is tried again."""
        self._store = store
        self._routes = routes
        self._wake = wake
        self._watches = [
            ListWatch(
                api,
                kind,
                f"foreign {kind.plural}",
                record=partial(self.record, kind),
                sweep=partial(self._sweep, kind, namespace),
                longest_pause=retry_interval,
                namespace=namespace,
                selector=FOREIGN_SELECTOR,
            )
            for kind in FOREIGN_KINDS
            for namespace in tuple(namespaces) or (None,)
        ]

    async def list_all(self) -> None:
        """List every kind once; see `list_each`."""
        await list_each(self._watches)

    async def watch_all(self) -> None:
        """Watch every kind, forever."""
        await asyncio.gather(*(each.run() for each in self._watches))

    def record(self, kind: Kind, event: str, body: Manifest) -> Iterator[None]:
        """Record a route that a list (`event` LISTED) or a watch reported.

        Anyone who may write routes decides how large they are, and at how many apps' addresses. So reading one,
        comparing it and each portion of the apps that it concerns are steps of their own.
        """
        ref = RouteRef(kind.kind, body["metadata"]["namespace"], body["metadata"]["name"])
        foreign = None if event == "DELETED" else read_foreign_route(kind.kind, body)
        yield
        yield from self._observe(ref, foreign)

    def _sweep(self, kind: Kind, namespace: str | None, present: set[Key]) -> Iterator[None]:
        for ref in self._routes.missing_from(kind.kind, present, namespace):
            yield from self._observe(ref, None)

    def _observe(self, ref: RouteRef, foreign: ForeignRoute | None) -> Iterator[None]:
        if changed := self._routes.observe(ref, foreign):
            yield
            for apps in self._store.addressed_by(changed):
                for key in apps:
                    self._wake(key)
                yield
