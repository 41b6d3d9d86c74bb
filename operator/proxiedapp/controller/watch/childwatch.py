"""Watching the children, which are most of the objects and most of the events.

These watches go on from the first lists, so that nothing is listed twice at a start, and decode each event once. kopf
would list every kind again, keep a record of each object, and copy each event (measured:
docs/decisions/0023-own-watches-of-children.md).
"""

import asyncio
from collections.abc import Callable, Sequence
from functools import partial
from typing import Final

from proxiedapp.controller.metrics import EVENTS, WATCHES
from proxiedapp.controller.observed.objects import ChildId, ObservedChild
from proxiedapp.controller.observed.store import Store
from proxiedapp.controller.watch.listwatch import ListWatch
from proxiedapp.controller.watch.resync import Resync
from proxiedapp.controller.watchedkinds import CHILD_SELECTOR
from proxiedapp.kube.client import Api
from proxiedapp.kube.key import Key
from proxiedapp.kube.kind import Kind
from proxiedapp.kube.manifest import Manifest

ROLLOUT_SECONDS: Final = 0.2
"""Seconds from a report on a rollout to the pass that it requests: the controllers of Kubernetes write the status of a
Deployment several times in a row, and one status of the app can report all of them."""
_LONGEST_PAUSE: Final = 30.0
"""Seconds between two attempts to watch a kind that is not served, or may not be read."""


class ChildWatch:
    """Feeds the store from the watches of all child kinds, and wakes the owners."""

    def __init__(
        self,
        api: Api,
        store: Store,
        resync: Resync,
        wake: Callable[[Key], None],
        *,
        repair: Callable[[Key], None],
        kinds: Sequence[Kind],
    ) -> None:
        """`repair` wakes the apps of which another client has changed or deleted a child."""
        self._store = store
        self._wake = wake
        self._repair = repair
        self._later: set[Key] = set()
        """The apps that a timer will wake."""
        self._watches = [
            ListWatch(
                api,
                kind,
                kind.plural,
                record=partial(self.record, kind),
                sweep=lambda _: None,  # the list of `relist` finds what is gone
                longest_pause=_LONGEST_PAUSE,
                namespace=namespace,
                selector=CHILD_SELECTOR,
                relist=partial(resync.version_of, kind, namespace),
                opened=WATCHES.labels(kind.kind).inc,
            )
            for kind in kinds
            for namespace in resync.namespaces
        ]

    async def watch_all(self) -> None:
        """Watch every kind, forever."""
        await asyncio.gather(*(each.run() for each in self._watches))

    def record(self, kind: Kind, event: str, body: Manifest) -> None:
        """Record a child that a watch reported."""
        EVENTS.labels(kind.kind).inc()
        metadata = body["metadata"]
        id_ = ChildId(kind, metadata["namespace"], metadata["name"])
        before = self._store.child(id_)
        if event == "DELETED":
            concerned = self._store.forget_child(id_, metadata["uid"], int(metadata["resourceVersion"]))
        else:
            concerned = self._store.observe_child(kind, body)
        wake = self._waker(before, self._store.child(id_))
        for key in concerned:
            wake(key)

    def _waker(self, before: ObservedChild | None, after: ObservedChild | None) -> Callable[[Key], None]:
        """Return how to wake the apps that two observations of a child concern."""
        if before is not None and (after is None or before.digest != after.digest):
            return self._repair
        return self._wake_later if _rollout_alone(before, after) else self._wake

    def _wake_later(self, key: Key) -> None:
        if key not in self._later:
            self._later.add(key)
            asyncio.get_running_loop().call_later(ROLLOUT_SECONDS, self._wake_now, key)

    def _wake_now(self, key: Key) -> None:
        self._later.discard(key)
        self._wake(key)


def _rollout_alone(before: ObservedChild | None, after: ObservedChild | None) -> bool:
    """Return whether two observations of a child differ in what it reports about its pods alone."""
    if before is None or after is None or before.workload == after.workload:
        return False
    return (before.uid, before.owner, before.digest) == (after.uid, after.owner, after.digest)
