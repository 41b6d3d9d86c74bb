"""Where the apps of each namespace are served, to find a route that takes requests of another namespace's app. Pure.

The longer prefix gets its own requests, and so does a named host beside an app that answers for every host. Within one
namespace that is ordinary routing; between two, the author of the app that loses requests may not know.
"""

from bisect import bisect_left, insort
from collections.abc import Iterator, Mapping

from proxiedapp.kube.key import Key
from proxiedapp.routing.claim import Claim, RouteKey
from proxiedapp.routing.overlap import AppOverlap, public_hosts
from proxiedapp.routing.rule import wildcard_of


class ServedRoutes:
    """Granted route keys by host, entry point and class, then by namespace, in the order of their paths."""

    def __init__(self, urls: Mapping[str, str]) -> None:
        self._urls = urls
        self._paths: dict[RouteKey, dict[str, list[tuple[str, str]]]] = {}
        """Route key without its prefix, to namespace, to path (with a slash at its end) and app."""

    def replace(self, app: Key, before: Claim, after: Claim) -> set[Key]:
        """Record where an app is served; returns the apps of other namespaces whose answer may change."""
        for one in before - after:
            group = self._paths[_without_prefix(one)]
            paths = group[app.namespace]
            del paths[bisect_left(paths, (_path(one), app.name))]
            if not paths:
                del group[app.namespace]
            if not group:
                del self._paths[_without_prefix(one)]
        self.add(app, after - before)
        return {key for one in before ^ after for key in self._losing_to(one) if key.namespace != app.namespace}

    def add(self, app: Key, claim: Claim) -> None:
        """Record where else an app is served."""
        for one in claim:
            group = self._paths.setdefault(_without_prefix(one), {})
            insort(group.setdefault(app.namespace, []), (_path(one), app.name))

    def above(self, claim: Claim) -> set[Key]:
        """Return the apps that are served above the prefix of one of these route keys, at its host."""
        return {key for one in claim for key in self._at(one, _above(_path(one)))}

    def taking_from(self, app: Key, claim: Claim) -> AppOverlap | None:
        """Return where an app of another namespace takes requests of an app with this claim; None if nowhere.

        Of several, it is the first by host and prefix.
        """
        return min((found for one in claim for found in self._taking_from(app.namespace, one)), default=None)

    def _taking_from(self, namespace: str, claimed: RouteKey) -> Iterator[AppOverlap]:
        path = _path(claimed)
        for host in self._hosts(claimed):
            for other, paths in self._paths.get(_without_prefix(claimed._replace(host=host)), {}).items():
                if other == namespace:
                    continue
                if host != claimed.host:  # a named host comes first, also with a shorter prefix
                    yield from (
                        AppOverlap(host, _prefix(above)) for above in (*_above(path), path) if _has(paths, above)
                    )
                below = bisect_left(paths, (path + "\0",))
                if below < len(paths) and paths[below][0].startswith(path):
                    yield AppOverlap(host, _prefix(paths[below][0]))

    def _losing_to(self, served: RouteKey) -> Iterator[Key]:
        """Yield the apps that lose requests to an app which is served there."""
        path = _path(served)
        yield from self._at(served, _above(path))
        if served.host and served.host in self._hosts(served._replace(host="")):
            everywhere = served._replace(host="")
            yield from self._at(everywhere, (*_above(path), path))
            for namespace, paths in self._paths.get(_without_prefix(everywhere), {}).items():
                for position in range(bisect_left(paths, (path + "\0",)), len(paths)):
                    if not paths[position][0].startswith(path):
                        break
                    yield Key(namespace, paths[position][1])

    def _at(self, route_key: RouteKey, wanted: tuple[str, ...]) -> Iterator[Key]:
        for namespace, paths in self._paths.get(_without_prefix(route_key), {}).items():
            for path in wanted:
                position = bisect_left(paths, (path,))
                if position < len(paths) and paths[position][0] == path:
                    yield Key(namespace, paths[position][1])

    def _hosts(self, claimed: RouteKey) -> tuple[str, ...]:
        """Return the hosts whose routes may take requests; for any host, those of the entry point's public name."""
        if claimed.host:
            return (claimed.host,)
        public = public_hosts((claimed.entry_point,), self._urls)
        return ("", *public, *map(wildcard_of, public))


def _without_prefix(route_key: RouteKey) -> RouteKey:
    return RouteKey(route_key.host, "", route_key.entry_point, route_key.ingress_class)


def _path(route_key: RouteKey) -> str:
    return route_key.prefix.rstrip("/") + "/"


def _prefix(path: str) -> str:
    return path.rstrip("/") or "/"


def _above(path: str) -> tuple[str, ...]:
    """Return the paths above a path, each with a slash at its end."""
    parts = path.split("/")[1:-1]
    return tuple("/".join(["", *parts[:count], ""]) for count in range(len(parts)))


def _has(paths: list[tuple[str, str]], path: str) -> bool:
    position = bisect_left(paths, (path,))
    return position < len(paths) and paths[position][0] == path
