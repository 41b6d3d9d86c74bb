"""Routes that still have the priority of an earlier release, found from the routes above them. Pure.

An upgrade writes one IngressRoute after the other. If the route at /api got its present priority first, it would take
the requests of the one at /api/v1 until that is written as well. So each route waits for those below its prefix.
"""

from bisect import bisect_left, insort

from proxiedapp.kube.key import Key
from proxiedapp.routing.claim import Claim, RouteKey


class EarlierRoutes:
    """Route keys that are served with an earlier priority; after an upgrade, only those of suspended apps are left."""

    def __init__(self) -> None:
        self._claims: dict[Key, Claim] = {}
        self._paths: dict[RouteKey, list[tuple[str, Key]]] = {}
        """Route key without its prefix, to path (with a slash at its end) and app."""

    def replace(self, app: Key, after: Claim) -> Claim:
        """Record what an app serves with an earlier priority; returns the route keys that it does not serve so now."""
        before = self._claims.pop(app, frozenset())
        for one in before - after:
            paths = self._paths[one._replace(prefix="")]
            del paths[bisect_left(paths, (_path(one), app))]
            if not paths:
                del self._paths[one._replace(prefix="")]
        for one in after - before:
            insort(self._paths.setdefault(one._replace(prefix=""), []), (_path(one), app))
        if after:
            self._claims[app] = after
        return before - after

    def is_above_one(self, claim: Claim) -> bool:
        """Return whether a route with such a priority is below the prefix of one of these route keys."""
        return bool(self._paths) and any(map(self._has_below, claim))

    def _has_below(self, route_key: RouteKey) -> bool:
        paths, path = self._paths.get(route_key._replace(prefix=""), []), _path(route_key)
        position = bisect_left(paths, (path + "\0",))
        return position < len(paths) and paths[position][0].startswith(path)


def _path(route_key: RouteKey) -> str:
    return route_key.prefix.rstrip("/") + "/"
