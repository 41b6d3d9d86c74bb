"""The optional APIs that a spec requires of the cluster."""

from proxiedapp.api.errors import CertManagerMissingError, GatewayAPIMissingError, TraefikMissingError
from proxiedapp.api.spec import ProxiedAppSpec
from proxiedapp.resources.kinds import CERT_MANAGER_GROUP, TRAEFIK_GROUP
from proxiedapp.routing.gateway import GATEWAY_GROUP


def reject_missing_apis(spec: ProxiedAppSpec, served: frozenset[str]) -> None:
    """Raise RejectedError if the cluster lacks an API without which the app cannot be served as its spec asks.

    `served` are the API groups of OPTIONAL_GROUPS that the cluster serves. Monitoring is not required: an app without
    its ServiceMonitor still serves requests (see `proxiedapp.resources.monitoring`).
    """
    if spec.route.parent_refs:
        if GATEWAY_GROUP not in served:
            raise GatewayAPIMissingError(
                "spec.route.parentRefs",
                "the cluster does not serve gateway.networking.k8s.io/v1, the API of the HTTPRoute",
                "Install Gateway API with a Gateway, and the operator then creates the HTTPRoute; or set parentRefs: "
                "[] for an IngressRoute of Traefik",
            )
        return  # the models reject issuerRef beside parentRefs
    if TRAEFIK_GROUP not in served:
        raise TraefikMissingError(
            "the cluster",
            "it does not serve traefik.io/v1alpha1, the API of the route's objects",
            "Install Traefik with its CustomResourceDefinitions; the operator then creates the route",
        )
    if spec.route.tls is not None and spec.route.tls.issuer_ref is not None and CERT_MANAGER_GROUP not in served:
        raise CertManagerMissingError(
            "spec.route.tls.issuerRef",
            "the cluster does not serve cert-manager.io/v1, the API of the Certificate",
            "Install cert-manager with its CustomResourceDefinitions, and the operator then creates the Certificate; "
            "or remove issuerRef and name an existing Secret in tls.secretName",
        )
