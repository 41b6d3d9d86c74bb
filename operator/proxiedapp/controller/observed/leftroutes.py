"""Routes with our label that no ProxiedApp controls, by what they serve. Pure.

`kubectl delete --cascade=orphan` leaves them behind, and a backup may bring them back. The proxy goes on serving them,
so each app at the same address must report it; foreign routes are others, without our label.
"""

from collections.abc import Iterator

from proxiedapp.kube.key import Key
from proxiedapp.routing.claim import Claim, RouteKey
from proxiedapp.routing.foreignroute import RouteRef
from proxiedapp.routing.overlap import LeftOverlap


class LeftRoutes:
    """The routes by route key."""

    def __init__(self) -> None:
        self._at: dict[RouteKey, dict[RouteRef, Key | None]] = {}
        """Route key, to route and the app that adopts it as soon as it is there again; None if no app would."""

    def replace(self, ref: RouteRef, before: Claim, after: Claim, adopter: Key | None) -> Claim:
        """Record what a route without a controller serves; returns the route keys at which it comes or goes."""
        for one in before:
            del self._at[one][ref]
            if not self._at[one]:
                del self._at[one]
        for one in after:
            self._at.setdefault(one, {})[ref] = adopter
        return before ^ after

    def overlap_with(self, app: Key, claim: Claim) -> LeftOverlap | None:
        """Return a route at the address of an app that the app does not adopt; of several, always the same one."""
        return min(self._overlaps(app, claim), default=None)

    def _overlaps(self, app: Key, claim: Claim) -> Iterator[LeftOverlap]:
        for one in claim:
            for ref, adopter in self._at.get(one, {}).items():
                if adopter != app:
                    yield LeftOverlap(one.host, one.prefix, ref)
