"""Which apps are behind a Gateway, so that a change of it concerns these only. Pure."""

from proxiedapp.kube.key import Key
from proxiedapp.routing.claim import Claim
from proxiedapp.routing.entrypoints import is_gateway


class GatewayIndex:
    """The apps that request route keys at each Gateway, whether they get them or not."""

    def __init__(self) -> None:
        self._apps: dict[str, set[Key]] = {}

    def apps(self, gateway: str) -> list[Key]:
        """Return the apps behind a Gateway, which is given by namespace and name."""
        return [*self._apps.get(gateway, ())]

    def gateways(self) -> list[str]:
        """Return every Gateway that an app names."""
        return [*self._apps]

    def replace(self, key: Key, before: Claim, after: Claim) -> None:
        """Record that an app requests other route keys than before."""
        for gateway in _gateways(before) - _gateways(after):
            apps = self._apps[gateway]
            apps.discard(key)
            if not apps:
                del self._apps[gateway]
        for gateway in _gateways(after) - _gateways(before):
            self._apps.setdefault(gateway, set()).add(key)


def _gateways(claim: Claim) -> set[str]:
    return {one.entry_point for one in claim if is_gateway(one.entry_point)}
