"""The kinds that the controller watches, and the label selectors for our own and for foreign objects."""

from typing import Final

from proxiedapp.api.names import GROUP, KIND, PLURAL, POLICY_KIND, POLICY_PLURAL, VERSION
from proxiedapp.kube.kind import Kind
from proxiedapp.resources.kinds import CHILD_KINDS, HTTP_ROUTE, INGRESS_ROUTE, OPTIONAL_GROUPS
from proxiedapp.resources.metadata import MANAGED_BY, MANAGER
from proxiedapp.routing.gateway import GATEWAY_GROUP

PROXIED_APP: Final = Kind(GROUP, VERSION, KIND, PLURAL)
PROXY_POLICY: Final = Kind(GROUP, VERSION, POLICY_KIND, POLICY_PLURAL)
NAMESPACE: Final = Kind("", "v1", "Namespace", "namespaces")
POD: Final = Kind("", "v1", "Pod", "pods")
"""Never watched; listed when an app does not come up (see podinspection)."""
EVENT: Final = Kind("events.k8s.io", "v1", "Event", "events")
"""Never watched; written about apps, and listed for a pod whose probe fails."""
RESOURCE_QUOTA: Final = Kind("", "v1", "ResourceQuota", "resourcequotas")
"""Watched only in namespaces in which an app waits for room in a quota (see awaited)."""
GATEWAY: Final = Kind(GATEWAY_GROUP, "v1", "Gateway", "gateways")
GATEWAY_CLASS: Final = Kind(GATEWAY_GROUP, "v1", "GatewayClass", "gatewayclasses")
"""Both are watched if the cluster serves HTTPRoutes, and never written."""
CHILD_SELECTOR: Final = f"{MANAGED_BY}={MANAGER}"

INGRESS: Final = Kind("networking.k8s.io", "v1", "Ingress", "ingresses")
GRPC_ROUTE: Final = Kind(GATEWAY_GROUP, "v1", "GRPCRoute", "grpcroutes")
FOREIGN_KINDS: Final = (INGRESS_ROUTE, INGRESS, HTTP_ROUTE, GRPC_ROUTE)
"""The kinds of foreign routes; the API of each may be missing."""
FOREIGN_SELECTOR: Final = f"{MANAGED_BY}!={MANAGER}"


OPTIONAL_KINDS: Final = tuple(kind for kind in CHILD_KINDS if kind.group in OPTIONAL_GROUPS)
"""Kinds that are watched and written only if the cluster serves their API."""


def watched_children(served: frozenset[str]) -> tuple[Kind, ...]:
    """Return the child kinds that the cluster serves; `served` are the optional API groups that it serves."""
    return tuple(kind for kind in CHILD_KINDS if kind not in OPTIONAL_KINDS or kind.group in served)
