"""The objects of a cluster as they were read once, and what could not be read. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from proxiedapp.kube.kind import Kind
from proxiedapp.kube.manifest import Manifest

CRD: Final = Kind("apiextensions.k8s.io", "v1", "CustomResourceDefinition", "customresourcedefinitions")
DAEMON_SET: Final = Kind("apps", "v1", "DaemonSet", "daemonsets")
ENDPOINT_SLICE: Final = Kind("discovery.k8s.io", "v1", "EndpointSlice", "endpointslices")
CLUSTER_ROLE: Final = Kind("rbac.authorization.k8s.io", "v1", "ClusterRole", "clusterroles")
CLUSTER_ROLE_BINDING: Final = Kind("rbac.authorization.k8s.io", "v1", "ClusterRoleBinding", "clusterrolebindings")
ROLE: Final = Kind("rbac.authorization.k8s.io", "v1", "Role", "roles")
ROLE_BINDING: Final = Kind("rbac.authorization.k8s.io", "v1", "RoleBinding", "rolebindings")
LEASE: Final = Kind("coordination.k8s.io", "v1", "Lease", "leases")


@dataclass
class Snapshot:
    """The objects of a cluster by kind. A kind that is in neither mapping was not asked for."""

    version: str = ""
    """That of the API server, such as v1.36.3; empty if it is not known."""
    objects: dict[Kind, list[Manifest]] = field(default_factory=dict)
    unreadable: dict[Kind, str] = field(default_factory=dict)
    """Why the objects of a kind could not be read."""
    absent: set[Kind] = field(default_factory=set)
    """Kinds that the API server does not serve."""

    def all(self, kind: Kind, namespace: str | None = None) -> list[Manifest]:
        """Return the objects of a kind, of one namespace if it is given; none if they could not be read."""
        found = self.objects.get(kind, [])
        return [one for one in found if namespace is None or one["metadata"].get("namespace") == namespace]

    def get(self, kind: Kind, namespace: str, name: str) -> Manifest | None:
        """Return one object; an empty namespace is that of cluster-scoped objects."""
        for one in self.objects.get(kind, []):
            metadata = one["metadata"]
            if (metadata.get("namespace", ""), metadata["name"]) == (namespace, name):
                return one
        return None

    def why_unknown(self, kind: Kind) -> str | None:
        """Return why the objects of a kind are not known; None if they are."""
        if kind in self.unreadable:
            return self.unreadable[kind]
        if kind in self.absent:
            return f"the API server does not serve {kind.plural}.{kind.group}"
        return None if kind in self.objects else f"{kind.plural} were not read"


def matches(selector: Mapping[str, Any] | None, labels: Mapping[str, str]) -> bool:
    """Return whether labels satisfy a label selector of Kubernetes; an empty selector matches all."""
    selector = selector or {}
    if any(labels.get(key) != value for key, value in (selector.get("matchLabels") or {}).items()):
        return False
    for rule in selector.get("matchExpressions") or ():
        values, value = rule.get("values") or (), labels.get(rule["key"])
        if {
            "In": value not in values,
            "NotIn": value in values,
            "Exists": value is None,
            "DoesNotExist": value is not None,
        }[rule["operator"]]:
            return False
    return True


def labels_of(body: Mapping[str, Any]) -> Mapping[str, str]:
    """Return the labels of an object."""
    found: Mapping[str, str] = body["metadata"].get("labels") or {}
    return found


def named(body: Mapping[str, Any]) -> str:
    """Return kind, namespace and name of an object, as messages contain them."""
    metadata = body["metadata"]
    return f"{body.get('kind', '')} {'/'.join(filter(None, (metadata.get('namespace'), metadata['name'])))}".strip()
