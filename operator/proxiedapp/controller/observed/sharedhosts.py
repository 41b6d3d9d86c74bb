"""Which hosts serve several apps, whatever their entry points: cookies are shared by host. Pure."""

from proxiedapp.kube.key import Key
from proxiedapp.routing.claim import Claim


class SharedHosts:
    """Apps by the hosts at which they are served; the empty host is every host that no other route names."""

    def __init__(self) -> None:
        self._apps: dict[str, set[Key]] = {}

    def replace(self, app: Key, before: Claim, after: Claim) -> set[Key]:
        """Record where an app is served; returns the other apps that begin or cease to be alone at one of its hosts."""
        left, joined = _hosts(before), _hosts(after)
        changed: set[Key] = set()
        for host in left - joined:
            self._apps[host].discard(app)
            if len(self._apps[host]) == 1:
                changed |= self._apps[host]
            elif not self._apps[host]:
                del self._apps[host]
        for host in joined - left:
            apps = self._apps.setdefault(host, set())
            if len(apps) == 1:
                changed |= apps
            apps.add(app)
        return changed

    def shares(self, claim: Claim) -> bool:
        """Return whether an app that is served there shares one of its hosts with another app."""
        return any(len(self._apps.get(host, ())) > 1 for host in _hosts(claim))


def _hosts(claim: Claim) -> frozenset[str]:
    return frozenset(one.host for one in claim)
