"""Routes with our label that no ProxiedApp controls, by what they serve. Pure.

`kubectl delete --cascade=orphan` leaves them behind, and a backup may bring them back. The proxy goes on serving them,
so each app at the same address must report it; foreign routes are others, without our label. Anyone can create any
number of such routes, so a look-up reads only the first that counts.
"""

from bisect import bisect_left, insort
from collections.abc import Iterator
from operator import itemgetter
from typing import Final, TypeAlias

from proxiedapp.kube.key import Key
from proxiedapp.routing.claim import Claim, RouteKey
from proxiedapp.routing.foreignroute import RouteRef
from proxiedapp.routing.overlap import LeftOverlap

_Left: TypeAlias = tuple[RouteRef, Key | None]
"""A route, and the app that adopts it as soon as it is there again; None if no app would."""
_REF: Final = itemgetter(0)


class LeftRoutes:
    """The routes by route key."""

    def __init__(self) -> None:
        self._at: dict[RouteKey, list[_Left]] = {}
        """Route key to routes, in their order."""

    def replace(self, ref: RouteRef, before: Claim, after: Claim, adopter: Key | None) -> Claim:
        """Record what a route without a controller serves; returns the route keys at which it comes or goes."""
        for one in before:
            found = self._at[one]
            del found[bisect_left(found, ref, key=_REF)]
            if not found:
                del self._at[one]
        for one in after:
            insort(self._at.setdefault(one, []), (ref, adopter), key=_REF)
        return before ^ after

    def overlap_with(self, app: Key, claim: Claim) -> LeftOverlap | None:
        """Return a route at the address of an app that the app does not adopt; of several, always the same one."""
        return min(self._first_of_each(app, claim), default=None)

    def _first_of_each(self, app: Key, claim: Claim) -> Iterator[LeftOverlap]:
        for one in claim:
            ref = next((ref for ref, adopter in self._at.get(one, ()) if adopter != app), None)
            if ref is not None:
                yield LeftOverlap(one.host, one.prefix, ref)
