"""The kinds that the controller watches, and how it tells its own objects from those of others."""

from typing import Final

from proxiedapp.api.names import GROUP, KIND, PLURAL, VERSION
from proxiedapp.resources.kinds import CHILD_KINDS, INGRESS_ROUTE, TRAEFIK_GROUP, Kind
from proxiedapp.resources.metadata import MANAGED_BY, MANAGER

PROXIED_APP: Final = Kind(GROUP, VERSION, KIND, PLURAL)
POD: Final = Kind("", "v1", "Pod", "pods")
"""Never watched: looked at where an app does not come up."""
CHILD_SELECTOR: Final = f"{MANAGED_BY}={MANAGER}"

INGRESS: Final = Kind("networking.k8s.io", "v1", "Ingress", "ingresses")
HTTP_ROUTE: Final = Kind("gateway.networking.k8s.io", "v1", "HTTPRoute", "httproutes")
FOREIGN_KINDS: Final = (INGRESS_ROUTE, INGRESS, HTTP_ROUTE)
"""In which other people write routes; each may be missing."""
FOREIGN_SELECTOR: Final = f"{MANAGED_BY}!={MANAGER}"


def watched_children(*, traefik_served: bool) -> tuple[Kind, ...]:
    """Return the child kinds that the API server serves."""
    return tuple(kind for kind in CHILD_KINDS if traefik_served or kind.group != TRAEFIK_GROUP)
