"""Watching other people's routes, which no selector of ours takes.

kopf opens one watch a kind, and that of the IngressRoutes is narrowed to our own. These watches are simpler than what
kopf does: only where a route is served is kept, and everything is listed again after each failure.
"""

import asyncio
import logging
from collections.abc import Callable, Sequence
from typing import Final

from proxiedapp.controller.observed.foreignroutes import ForeignRoutes
from proxiedapp.controller.observed.store import Store
from proxiedapp.controller.watchedkinds import FOREIGN_KINDS, FOREIGN_SELECTOR
from proxiedapp.kube.client import Api, ApiError, NotFoundError, RefusedError
from proxiedapp.kube.key import Key
from proxiedapp.kube.kind import Kind
from proxiedapp.kube.manifest import Manifest
from proxiedapp.routing.foreignroute import RouteRef, read_foreign_route
from proxiedapp.routing.ruleparser import Pattern

logger = logging.getLogger(__name__)

_PAUSE: Final = 1.0
"""Seconds between two openings of the same watch, and before the first try after a failure."""
_PAUSE_MAX: Final = 30.0


class ForeignRouteWatch:
    """Keeps the neighbours up to date, and wakes the apps whose places others took or left."""

    def __init__(
        self,
        api: Api,
        store: Store,
        neighbours: ForeignRoutes,
        wake: Callable[[Key], None],
        *,
        namespaces: Sequence[str],
        look_again: float,
    ) -> None:
        self._api = api
        self._store = store
        self._neighbours = neighbours
        self._wake = wake
        self._namespaces: tuple[str | None, ...] = tuple(namespaces) or (None,)
        self._look_again = look_again
        """Seconds between two looks for a kind that is not served, or may not be read."""
        self._versions: dict[tuple[Kind, str | None], str] = {}

    async def first(self) -> None:
        """List what can be listed, so that no app is told anew after a restart; nothing depends on it."""
        for kind in FOREIGN_KINDS:
            for namespace in self._namespaces:
                try:
                    self._versions[kind, namespace] = await self._list(kind, namespace)
                except ApiError as error:
                    logger.debug("%s could not be listed: %s", kind.plural, error)

    async def follow(self) -> None:
        """Watch for ever."""
        await asyncio.gather(
            *(self._follow(kind, namespace) for kind in FOREIGN_KINDS for namespace in self._namespaces)
        )

    def take(self, kind: Kind, event: str, body: Manifest) -> None:
        """Take what a list or a watch tells."""
        ref = RouteRef(kind.kind, body["metadata"]["namespace"], body["metadata"]["name"])
        foreign = None if event == "DELETED" else read_foreign_route(kind.kind, body)
        self._concerns(self._neighbours.observe(ref, foreign))

    async def _follow(self, kind: Kind, namespace: str | None) -> None:
        failures = 0
        while True:
            try:
                version = self._versions.pop((kind, namespace), "") or await self._list(kind, namespace)
                while True:
                    async for event in self._api.watch(kind, namespace, FOREIGN_SELECTOR, version):
                        failures = 0
                        version = event["object"]["metadata"]["resourceVersion"]
                        if event["type"] != "BOOKMARK":
                            self.take(kind, event["type"], event["object"])
                    await asyncio.sleep(_PAUSE)
            except NotFoundError:
                self._concerns(self._neighbours.sweep(kind.kind, (), namespace))
                pause = self._look_again
            except RefusedError as error:
                logger.warning("other people's %s are not looked at: %s", kind.plural, error)
                pause = self._look_again
            except ApiError as error:
                logger.debug("watching other people's %s, trying again: %s", kind.plural, error)
                pause = max(min(_PAUSE * 2**failures, _PAUSE_MAX), error.retry_after or 0.0)
                failures += 1
            await asyncio.sleep(pause)

    async def _list(self, kind: Kind, namespace: str | None) -> str:
        """List a kind, and return the version from which to watch; what is known stays until the list is complete."""
        present: set[Key] = set()
        version = ""
        async for page in self._api.pages(kind, namespace, FOREIGN_SELECTOR):
            version = page["metadata"]["resourceVersion"]
            for body in page["items"]:
                present.add(Key(body["metadata"]["namespace"], body["metadata"]["name"]))
                self.take(kind, "LISTED", body)
        self._concerns(self._neighbours.sweep(kind.kind, present, namespace))
        return version

    def _concerns(self, patterns: frozenset[Pattern]) -> None:
        for key in self._store.addressed_by(patterns):
            self._wake(key)
