"""The NetworkPolicy of an isolated app: only the proxy, and with monitoring Prometheus, can reach its port.

Traffic from the node itself, such as the kubelet's probes, is always allowed (Kubernetes documentation, "Network
Policies", v1.36).
"""

from typing import Any, Final

from proxiedapp.api.app import ProxiedApp
from proxiedapp.api.containers import PORT_NAME
from proxiedapp.api.errors import ProxyUnknownError
from proxiedapp.api.network import METRICS_PORT_NAME
from proxiedapp.kube.manifest import Manifest
from proxiedapp.resources.defaults import Defaults, PodSelector
from proxiedapp.resources.kinds import NETWORK_POLICY
from proxiedapp.resources.metadata import child, selector

_NAMESPACE_NAME: Final = "kubernetes.io/metadata.name"
"""A label that Kubernetes sets on every namespace."""


def reject_unknown_proxy(app: ProxiedApp, defaults: Defaults) -> None:
    """Raise ProxyUnknownError if the spec asks for isolation and the settings do not describe the proxy's pods."""
    if app.spec.proxy.isolate and not _proxies(app, defaults):
        gateways = defaults.entry_points.parents_of(app.spec.route)
        raise ProxyUnknownError(
            "spec.proxy.isolate",
            "the operator's settings do not say which pods belong to the proxy",
            f"Set {'PROXIEDAPP_GATEWAY_PODS or ' if gateways else ''}PROXIEDAPP_PROXY_NAMESPACE and "
            "PROXIEDAPP_PROXY_LABELS for the operator, or set isolate: false",
        )


def network_policies(app: ProxiedApp, defaults: Defaults) -> list[Manifest]:
    """Return the NetworkPolicy if the spec asks for isolation, else nothing.

    The policy names the port by its name, so that during a rollout that changes `spec.port` each pod stays reachable on
    its own port.
    """
    if not app.spec.proxy.isolate:
        return []
    monitoring, collectors = app.spec.monitoring, defaults.monitoring
    admitted = {PORT_NAME: _proxies(app, defaults)}
    if monitoring is not None and collectors is not None:
        admitted.setdefault(PORT_NAME if monitoring.port is None else METRICS_PORT_NAME, []).append(collectors)
    policy = child(
        NETWORK_POLICY,
        app.key,
        app.key.name,
        spec={
            "podSelector": {"matchLabels": selector(app.key)},
            "policyTypes": ["Ingress"],
            "ingress": [
                {"from": [_peer(pods) for pods in peers], "ports": [{"port": port, "protocol": "TCP"}]}
                for port, peers in admitted.items()
            ],
        },
    )
    return [policy]


def _proxies(app: ProxiedApp, defaults: Defaults) -> list[PodSelector]:
    return defaults.admitted_at([parent.gateway for parent in defaults.entry_points.parents_of(app.spec.route)])


def _peer(pods: PodSelector) -> dict[str, Any]:
    namespace = {"namespaceSelector": {"matchLabels": {_NAMESPACE_NAME: pods.namespace}}}
    return namespace | ({"podSelector": {"matchLabels": dict(pods.labels)}} if pods.labels else {})
