"""Apps at one host and prefix that have routes of different kinds, IngressRoutes and HTTPRoutes. Pure.

They have different route keys, since it is not known which entry point of a Traefik a Gateway has. If one Traefik
serves both, it prefers the HTTPRoute (measured with Traefik 3.7.15).
"""

from collections.abc import Callable
from typing import TypeAlias

from proxiedapp.kube.key import Key
from proxiedapp.routing.claim import Claim
from proxiedapp.routing.entrypoints import is_gateway
from proxiedapp.routing.overlap import WriterOverlap

_Address: TypeAlias = tuple[str, str]


class OtherWriters:
    """Apps by host and prefix, with the Gateways at which they are served there; none for an IngressRoute."""

    def __init__(self) -> None:
        self._apps: dict[_Address, dict[Key, frozenset[str]]] = {}

    def replace(self, app: Key, before: Claim, after: Claim) -> set[Key]:
        """Record where an app is served; returns the other apps at a host and prefix that it left or has now."""
        left, now = _by_address(before), _by_address(after)
        for address in left.keys() - now.keys():
            del self._apps[address][app]
            if not self._apps[address]:
                del self._apps[address]
        for address, gateways in now.items():
            self._apps.setdefault(address, {})[app] = gateways
        return {one for address in left.keys() | now.keys() for one in self._apps.get(address, ())} - {app}

    def taking_from(self, app: Key, claim: Claim, is_traefik: Callable[[str], bool]) -> WriterOverlap | None:
        """Return where the HTTPRoute of another app takes requests of one with IngressRoutes; None if nowhere.

        `is_traefik` is whether a Traefik serves a Gateway, which is given by namespace and name.
        """
        found = (
            WriterOverlap(*address, f"the ProxiedApp {other.name}" if other.namespace == app.namespace else "")
            for address, own in _by_address(claim).items()
            for other, gateways in (self._apps.get(address, {}).items() if not own else ())
            if other != app and any(map(is_traefik, gateways))
        )
        return min(found, default=None)


def _by_address(claim: Claim) -> dict[_Address, frozenset[str]]:
    found: dict[_Address, frozenset[str]] = {}
    for one in claim:
        gateways = {one.entry_point} if is_gateway(one.entry_point) else set[str]()
        found[one.host, one.prefix] = found.get((one.host, one.prefix), frozenset()) | gateways
    return found
