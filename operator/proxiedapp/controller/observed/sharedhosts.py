"""Which hosts serve several apps, whatever their entry points: cookies are shared by host. Pure."""

from proxiedapp.kube.key import Key
from proxiedapp.routing.claim import Claim
from proxiedapp.routing.rule import WILDCARD, wildcard_of


class SharedHosts:
    """Apps by the hosts at which they are served; the empty host is every host that no other route names."""

    def __init__(self) -> None:
        self._apps: dict[str, set[Key]] = {}
        self._below: dict[str, dict[Key, int]] = {}
        """Host with a wildcard, to the apps at names that it matches, each with how many of them it has."""

    def replace(self, app: Key, before: Claim, after: Claim) -> set[Key]:
        """Record where an app is served; returns the other apps that begin or cease to be alone at one of its hosts.

        Of the apps at names below a wildcard, which may be many, none is returned: they see it in their next pass.
        """
        left, joined = _hosts(before), _hosts(after)
        changed: set[Key] = set()
        for host in left - joined:
            self._apps[host].discard(app)
            if len(self._apps[host]) == 1:
                changed |= self._apps[host]
            elif not self._apps[host]:
                del self._apps[host]
            changed |= self._count_below(host, app, -1)
        for host in joined - left:
            apps = self._apps.setdefault(host, set())
            if len(apps) == 1:
                changed |= apps
            apps.add(app)
            changed |= self._count_below(host, app, 1)
        return changed - {app}

    def shares(self, app: Key, claim: Claim) -> bool:
        """Return whether an app that is served there shares one of its hosts with another app."""
        return any(self._shares(app, host) for host in _hosts(claim))

    def _shares(self, app: Key, host: str) -> bool:
        if len(self._apps.get(host, ())) > 1:
            return True
        others = self._below.get(host, {}) if host.startswith(WILDCARD) else self._apps.get(wildcard_of(host), set())
        return len(others) > 1 or (len(others) == 1 and app not in others)

    def _count_below(self, host: str, app: Key, change: int) -> set[Key]:
        """Count a name of an app; returns the app at the wildcard of that name, if it is alone there."""
        if host.startswith(WILDCARD) or "." not in host:
            return set()
        wildcard = wildcard_of(host)
        below = self._below.setdefault(wildcard, {})
        below[app] = below.get(app, 0) + change
        if not below[app]:
            del below[app]
        if not below:
            del self._below[wildcard]
        apps = self._apps.get(wildcard, set())
        return set(apps) if len(apps) == 1 else set()


def _hosts(claim: Claim) -> frozenset[str]:
    return frozenset(one.host for one in claim)
