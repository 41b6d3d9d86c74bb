"""The NetworkPolicy that lets nobody but the proxy, and who reads metrics if that is asked for, reach an app's pods.

What a node itself sends to its pods, such as the kubelet's probes, Kubernetes lets through in any case.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from proxiedapp.api.containers import PORT_NAME
from proxiedapp.kube.key import Key
from proxiedapp.kube.manifest import Manifest
from proxiedapp.resources.kinds import NETWORK_POLICY
from proxiedapp.resources.metadata import child, selector

_NAMESPACE_NAME: Final = "kubernetes.io/metadata.name"
"""A label that Kubernetes itself gives every namespace."""


@dataclass(frozen=True, slots=True)
class Pods:
    """Pods of a namespace that have these labels; all of its pods where there are none."""

    namespace: str
    labels: Mapping[str, str] = field(default_factory=dict)

    def as_peer(self) -> dict[str, Any]:
        """Return the peer of a NetworkPolicy."""
        namespace = {"namespaceSelector": {"matchLabels": {_NAMESPACE_NAME: self.namespace}}}
        return namespace | ({"podSelector": {"matchLabels": dict(self.labels)}} if self.labels else {})


def network_policy(app: Key, admitted: Sequence[Pods]) -> Manifest:
    """Build the NetworkPolicy. The port is named, so that while it changes each pod is reached at its own."""
    peers = [pods.as_peer() for pods in admitted]
    return child(
        NETWORK_POLICY,
        app,
        app.name,
        spec={
            "podSelector": {"matchLabels": selector(app)},
            "policyTypes": ["Ingress"],
            "ingress": [{"from": peers, "ports": [{"port": PORT_NAME, "protocol": "TCP"}]}],
        },
    )
