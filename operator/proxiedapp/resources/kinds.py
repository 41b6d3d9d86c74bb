"""The kinds of children, and the API groups that a cluster may lack."""

from typing import Final

from proxiedapp.kube.kind import Kind
from proxiedapp.routing.gateway import GATEWAY_GROUP

TRAEFIK_GROUP: Final = "traefik.io"
MONITORING_GROUP: Final = "monitoring.coreos.com"
CERT_MANAGER_GROUP: Final = "cert-manager.io"
OPTIONAL_GROUPS: Final = frozenset({TRAEFIK_GROUP, MONITORING_GROUP, CERT_MANAGER_GROUP, GATEWAY_GROUP})
"""API groups of other projects, which a cluster serves only if they are installed."""

DEPLOYMENT: Final = Kind("apps", "v1", "Deployment", "deployments")
SERVICE: Final = Kind("", "v1", "Service", "services")
CONFIG_MAP: Final = Kind("", "v1", "ConfigMap", "configmaps")
MIDDLEWARE: Final = Kind(TRAEFIK_GROUP, "v1alpha1", "Middleware", "middlewares")
INGRESS_ROUTE: Final = Kind(TRAEFIK_GROUP, "v1alpha1", "IngressRoute", "ingressroutes")
HTTP_ROUTE: Final = Kind(GATEWAY_GROUP, "v1", "HTTPRoute", "httproutes")
ROUTE_KINDS: Final = (INGRESS_ROUTE, HTTP_ROUTE)
"""Kinds of children that make a proxy send requests to an app."""

AUTOSCALER: Final = Kind("autoscaling", "v2", "HorizontalPodAutoscaler", "horizontalpodautoscalers")
DISRUPTION_BUDGET: Final = Kind("policy", "v1", "PodDisruptionBudget", "poddisruptionbudgets")
NETWORK_POLICY: Final = Kind("networking.k8s.io", "v1", "NetworkPolicy", "networkpolicies")
SERVICE_MONITOR: Final = Kind(MONITORING_GROUP, "v1", "ServiceMonitor", "servicemonitors")
CERTIFICATE: Final = Kind(CERT_MANAGER_GROUP, "v1", "Certificate", "certificates")

CHILD_KINDS: Final = (
    DEPLOYMENT,
    SERVICE,
    CONFIG_MAP,
    NETWORK_POLICY,
    AUTOSCALER,
    DISRUPTION_BUDGET,
    SERVICE_MONITOR,
    CERTIFICATE,
    MIDDLEWARE,
    INGRESS_ROUTE,
    HTTP_ROUTE,
)
BY_NAME: Final = {kind.kind: kind for kind in CHILD_KINDS}
