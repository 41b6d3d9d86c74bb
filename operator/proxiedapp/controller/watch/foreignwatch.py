"""Watching foreign routes, which do not have our label.

kopf opens one watch per kind, and its watch of IngressRoutes selects our own ones by label. The watches here are
simpler than kopf's: they keep only where a route is served, and list everything again after each failure.
"""

import asyncio
import logging
from collections.abc import Callable, Mapping, Sequence
from typing import Final

from proxiedapp.controller.backoff import backoff
from proxiedapp.controller.observed.foreignroutes import ForeignRoutes
from proxiedapp.controller.observed.store import Store
from proxiedapp.controller.watchedkinds import FOREIGN_KINDS, FOREIGN_SELECTOR
from proxiedapp.kube.client import Api
from proxiedapp.kube.errors import ApiError, NotFoundError, RefusedError
from proxiedapp.kube.key import Key
from proxiedapp.kube.kind import Kind
from proxiedapp.kube.manifest import Manifest
from proxiedapp.routing.foreignroute import RouteRef, read_foreign_route
from proxiedapp.routing.ruleparser import Pattern

logger = logging.getLogger(__name__)

_PAUSE: Final = 1.0
"""Seconds before a watch that ended is opened again, and before the first retry after a failure."""
_PAUSE_MAX: Final = 30.0


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
        self._api = api
        self._store = store
        self._routes = routes
        self._wake = wake
        self._namespaces: tuple[str | None, ...] = tuple(namespaces) or (None,)
        self._retry_interval = retry_interval
        """Seconds between two attempts for a kind that the cluster does not serve, or the operator may not read."""
        self._versions: dict[tuple[Kind, str | None], str] = {}

    async def list_all(self) -> None:
        """List every kind once, so that a restart does not change conditions; a kind that fails is left out."""
        for kind in FOREIGN_KINDS:
            for namespace in self._namespaces:
                try:
                    self._versions[kind, namespace] = await self._list(kind, namespace)
                except ApiError as error:
                    logger.debug("cannot list foreign %s: %s", kind.plural, error)

    async def watch_all(self) -> None:
        """Watch every kind, forever."""
        await asyncio.gather(
            *(self._watch(kind, namespace) for kind in FOREIGN_KINDS for namespace in self._namespaces)
        )

    def record(self, kind: Kind, event: str, body: Manifest) -> None:
        """Record a route that a list (`event` LISTED) or a watch reported."""
        ref = RouteRef(kind.kind, body["metadata"]["namespace"], body["metadata"]["name"])
        foreign = None if event == "DELETED" else read_foreign_route(kind.kind, body)
        self._wake_apps_at(self._routes.observe(ref, foreign))

    async def _watch(self, kind: Kind, namespace: str | None) -> None:
        failures = 0
        while True:
            try:
                version = self._versions.pop((kind, namespace), "") or await self._list(kind, namespace)
                while True:
                    async for event in self._api.watch(kind, namespace, FOREIGN_SELECTOR, version):
                        failures = 0
                        version = event["object"]["metadata"]["resourceVersion"]
                        if event["type"] != "BOOKMARK":
                            self.record(kind, event["type"], event["object"])
                            await asyncio.sleep(0)
                    await asyncio.sleep(_PAUSE)
            except NotFoundError:
                self._wake_apps_at(self._routes.sweep(kind.kind, (), namespace))
                pause = self._retry_interval
            except RefusedError as error:
                logger.warning("cannot watch foreign %s: %s", kind.plural, error)
                pause = self._retry_interval
            except ApiError as error:
                logger.debug("cannot watch foreign %s, trying again: %s", kind.plural, error)
                pause = max(backoff(failures, _PAUSE, _PAUSE_MAX), error.retry_after or 0.0)
                failures += 1
            await asyncio.sleep(pause)

    async def _list(self, kind: Kind, namespace: str | None) -> str:
        """List a kind, drop routes that are missing from the list, and return the version to watch from."""
        present: set[Key] = set()
        version = ""
        async for page in self._api.pages(kind, namespace, FOREIGN_SELECTOR):
            version = page["metadata"]["resourceVersion"]
            for body in page["items"]:
                present.add(Key(body["metadata"]["namespace"], body["metadata"]["name"]))
                self.record(kind, "LISTED", body)
                await asyncio.sleep(0)  # many large routes must not keep everything else waiting
        self._wake_apps_at(self._routes.sweep(kind.kind, present, namespace))
        return version

    def _wake_apps_at(self, patterns: Mapping[Pattern, int]) -> None:
        for key in self._store.addressed_by(patterns):
            self._wake(key)
