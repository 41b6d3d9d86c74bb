"""Which apps request a route key or are routed there, found by route key, host or pattern. Pure.

A route key counts for an app once per object that names it: the app's spec, and each of its IngressRoutes.
"""

from collections.abc import Callable, Iterable

from proxiedapp.kube.key import Key
from proxiedapp.routing.claim import Claim, Contender, RouteKey
from proxiedapp.routing.overlap import may_overlap
from proxiedapp.routing.ruleparser import Pattern


class RouteIndex:
    """Apps by route key. The index contains only keys and counts; the caller keeps what an app requests."""

    def __init__(self) -> None:
        self._by_host: dict[str, dict[RouteKey, dict[Key, int]]] = {}
        """Host, then route key, then app: how many objects of the app name that route key."""

    def add(self, app: Key, claim: Claim) -> None:
        """Count one more object of an app that names these route keys."""
        for route_key in claim:
            apps = self._by_host.setdefault(route_key.host, {}).setdefault(route_key, {})
            apps[app] = apps.get(app, 0) + 1

    def remove(self, app: Key, claim: Claim) -> None:
        """Undo one `add` of the same app and route keys; raises KeyError if there was none."""
        for route_key in claim:
            route_keys = self._by_host[route_key.host]
            apps = route_keys[route_key]
            apps[app] -= 1
            if not apps[app]:
                del apps[app]
            if not apps:
                del route_keys[route_key]
            if not route_keys:
                del self._by_host[route_key.host]

    def sharing(self, claim: Claim) -> set[Key]:
        """Return the apps that request any of these route keys, or are routed there."""
        return {app for route_key in claim for app in self._by_host.get(route_key.host, {}).get(route_key, ())}

    def contenders(self, app: Key, contender: Callable[[Key], Contender | None]) -> list[Contender]:
        """Return the app and all apps that share a route key with it, directly or through other apps.

        `contender` returns what one app requests and has been granted, or None if it is not in the contest.
        """
        found: dict[Key, Contender] = {}
        followed: set[RouteKey] = set()
        waiting = {app}
        while waiting:
            one = contender(waiting.pop())
            if one is not None:
                found[one.key] = one
                claim = (one.requested | one.granted) - followed
                followed |= claim
                waiting |= self.sharing(claim) - found.keys()
        return list(found.values())

    def addressed_by(self, patterns: Iterable[Pattern]) -> set[Key]:
        """Return the apps whose own address one of the patterns may match."""
        found: set[Key] = set()
        for pattern in patterns:
            one_host = pattern.host and not pattern.host.startswith("*")
            for host in {"", pattern.host} if one_host else self._by_host:
                for route_key, apps in self._by_host.get(host, {}).items():
                    if may_overlap(pattern, host, route_key.prefix):
                        found |= apps.keys()
        return found

    def __len__(self) -> int:
        """Return how many route keys are named by any app."""
        return sum(map(len, self._by_host.values()))
