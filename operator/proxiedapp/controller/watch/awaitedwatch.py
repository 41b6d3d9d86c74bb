"""Watching what apps wait for, only while they wait, and waking them when it is there (see awaited.py)."""

import asyncio
import logging
from collections.abc import Callable, Iterable
from functools import partial
from typing import Final

from proxiedapp.controller.awaited import Awaited, Place
from proxiedapp.controller.watch.listwatch import ListWatch
from proxiedapp.kube.client import Api
from proxiedapp.kube.key import Key
from proxiedapp.kube.manifest import Manifest

logger = logging.getLogger(__name__)

_MOST: Final = 50
"""Watches that are open at the same time. Apps that wait for something else are only retried."""
_COALESCE_SECONDS: Final = 3.0
"""Seconds from a change of a quota, whose usage changes with each pod, until the apps that wait for it are woken."""
_RETRY_SECONDS: Final = 300.0


class AwaitedWatch:
    """Opens and closes the watches, and wakes the apps."""

    def __init__(self, api: Api, awaited: Awaited, wake: Callable[[Key], None]) -> None:
        self._api = api
        self._awaited = awaited
        self._wake = wake
        self._tasks: dict[Place, asyncio.Task[None]] = {}
        self._pending: dict[Place, asyncio.TimerHandle] = {}

    async def watch_all(self) -> None:
        """Watch what is waited for, forever."""
        try:
            while True:
                self._follow()
                await self._awaited.changed.wait()
                self._awaited.changed.clear()
        finally:
            for handle in self._pending.values():
                handle.cancel()
            for task in self._tasks.values():
                task.cancel()
            await asyncio.gather(*self._tasks.values(), return_exceptions=True)

    def _follow(self) -> None:
        """Open a watch for each new place, and close those of places that are not waited for any more."""
        wanted = self._awaited.places()[:_MOST]
        for place in self._tasks.keys() - set(wanted):
            self._tasks.pop(place).cancel()
        for place in wanted:
            if place not in self._tasks:
                self._tasks[place] = asyncio.create_task(self._watch(place))

    async def _watch(self, place: Place) -> None:
        watch = ListWatch(
            self._api,
            place.kind,
            f"{place.kind.plural} that apps of {place.namespace} wait for",
            record=partial(self._record, place),
            sweep=partial(self._sweep, place),
            longest_pause=_RETRY_SECONDS,
            namespace=place.namespace,
            metadata_only=True,
        )
        try:
            await watch.run()
        except Exception:
            logger.exception("unexpected error while watching %s, which is retried without a watch", watch.what)

    def _record(self, place: Place, event: str, body: Manifest) -> None:
        if event == "LISTED":
            return  # the sweep after the list sees all of them together
        self._wake_all(self._awaited.woken_by(place, body["metadata"]["name"], exists=event != "DELETED"))
        if place not in self._pending:
            loop = asyncio.get_running_loop()
            self._pending[place] = loop.call_later(_COALESCE_SECONDS, self._wake_later, place)

    def _sweep(self, place: Place, present: set[Key]) -> None:
        self._wake_all(self._awaited.woken_by_list(place, {key.name for key in present}))

    def _wake_later(self, place: Place) -> None:
        del self._pending[place]
        self._wake_all(self._awaited.woken_by_any(place))

    def _wake_all(self, keys: Iterable[Key]) -> None:
        for key in set(keys):
            self._wake(key)
