"""One kind, listed and then watched forever: the loop of the watches of foreign routes, policies and namespaces.

It is simpler than kopf's: after each failure, whatever the answer was, it lists everything again. A list also shows
which objects are gone. A single 404 or 403, which an API server that has just started may send, costs a second.
"""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass, field
from typing import Final, TypeAlias

from proxiedapp.controller.backoff import backoff
from proxiedapp.kube.client import Api
from proxiedapp.kube.errors import ApiError, NotFoundError, RefusedError
from proxiedapp.kube.key import Key
from proxiedapp.kube.kind import Kind
from proxiedapp.kube.manifest import Manifest

logger = logging.getLogger(__name__)

_PAUSE: Final = 1.0
"""Seconds before a watch that ended is opened again, and before the first retry after a failure."""
_LONGEST_PAUSE: Final = 30.0
"""Longest pause in seconds while the API server is away."""
_STABLE: Final = 10.0
"""Seconds for which a watch must have been open to count as a success, even if it reported nothing meanwhile."""
_LOOKS: Final = 2
"""How many times in a row a kind must be missing before its objects are forgotten."""


Steps: TypeAlias = Iterable[None] | None
"""Work that is done while it is iterated, with an item wherever other work may have its turn; None if it is done."""


async def in_steps(work: Steps) -> None:
    """Do some work, and give other tasks a turn after each step: large objects must not keep everything waiting."""
    for _ in work or ():
        await asyncio.sleep(0)
    await asyncio.sleep(0)


async def list_each(watches: Iterable["ListWatch"]) -> None:
    """List each kind once, so that a restart does not change conditions; a kind that fails is left out."""
    for each in watches:
        try:
            await each.list()
        except ApiError as error:
            logger.debug("cannot list %s: %s", each.what, error)


async def _yes() -> bool:
    return True


def _nothing() -> None:
    pass


@dataclass(slots=True)
class ListWatch:
    """Feeds all objects of a kind, in one namespace or in all, to a recipient."""

    api: Api
    kind: Kind
    what: str
    """The objects, in the plural, for the log."""
    record: Callable[[str, Manifest], Steps]
    """Gets each object that a list (LISTED) or a watch (ADDED, MODIFIED, DELETED) reports."""
    sweep: Callable[[set[Key]], Steps]
    """Gets the keys of a complete list; the namespace of a cluster-scoped object is empty."""
    longest_pause: float
    """Seconds between two attempts for a kind that is not served, or may not be read, in the end."""
    namespace: str | None = None
    selector: str = ""
    metadata_only: bool = False
    is_absent: Callable[[], Awaitable[bool]] = _yes
    """Asked before a kind that was answered 404 counts as absent, and its objects are forgotten."""
    relist: Callable[[], Awaitable[str]] | None = None
    """Lists the kind instead of `record` and `sweep`, and returns the resourceVersion of the list."""
    opened: Callable[[], None] = _nothing
    """Called for each watch that is opened."""
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep
    clock: Callable[[], float] = time.monotonic
    _version: str = ""
    _failures: int = 0
    """How many times in a row the API server was away, or a watch broke."""
    _refusals: int = 0
    """How many times in a row the kind was not served, or might not be read. Other failures do not count: after them, a
    single 403 or 404 must not cost `longest_pause`."""
    _misses: int = 0
    _reported: str = field(default="", init=False)

    async def list(self) -> None:
        """List the kind, and record what is there and what is gone. Raises ApiError."""
        self._version, self._misses = await (self.relist or self._list)(), 0

    async def _list(self) -> str:
        present: set[Key] = set()
        version = ""
        async for page in self.api.pages(self.kind, self.namespace, self.selector, metadata_only=self.metadata_only):
            version = page["metadata"]["resourceVersion"]
            for body in page["items"]:
                metadata = body["metadata"]
                present.add(Key(metadata.get("namespace", ""), metadata["name"]))
                # The items of a list lack these two (https://github.com/kubernetes/kubernetes/issues/3030).
                listed = {"apiVersion": self.kind.api_version, "kind": self.kind.kind, **body}
                await in_steps(self.record("LISTED", listed))
        await in_steps(self.sweep(present))
        return version

    async def run(self) -> None:
        """Watch the kind forever, from the last list or from a new one."""
        while True:
            try:
                if not self._version:
                    await self.list()
                await self._watch_once()
                pause = _PAUSE
            except ApiError as error:
                self._version = ""
                pause = await self._pause_after(error)
            await self.sleep(pause)

    async def _watch_once(self) -> None:
        """Watch until the server ends it; failures before a watch that was open for long count no more."""
        begun = self.clock()
        try:
            await self._watch()
        finally:
            if self.clock() - begun > _STABLE:
                self._failures = self._refusals = 0

    async def _watch(self) -> None:
        """Record the events of one watch until the server ends it. Raises ApiError."""
        self.opened()
        async for event in self.api.watch(
            self.kind, self.namespace, self.selector, self._version, metadata_only=self.metadata_only
        ):
            self._succeeded()
            self._version = event["object"]["metadata"]["resourceVersion"]
            if event["type"] != "BOOKMARK":
                await in_steps(self.record(event["type"], event["object"]))
        self._succeeded()

    def _succeeded(self) -> None:
        self._failures, self._refusals, self._reported = 0, 0, ""

    async def _pause_after(self, error: ApiError) -> float:
        logger.debug("cannot watch %s, trying again: %s", self.what, error)
        if isinstance(error, NotFoundError):
            self._misses += 1
            if self._misses >= _LOOKS and await self.is_absent():
                await in_steps(self.sweep(set()))
        elif isinstance(error, RefusedError) and str(error) != self._reported:
            logger.warning("cannot watch %s: %s", self.what, error)
            self._reported = str(error)
        if isinstance(error, NotFoundError | RefusedError):
            pause = backoff(self._refusals, _PAUSE, self.longest_pause)
            self._refusals += 1
        else:
            pause = backoff(self._failures, _PAUSE, _LONGEST_PAUSE)
            self._failures += 1
        return max(pause, error.retry_after or 0.0)
