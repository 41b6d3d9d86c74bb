"""Objects of a set of files or of a cluster, found by kind and name, and the values in them that are not sure. Pure."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

from proxiedapp.kube.manifest import Manifest

WORKLOADS: Final = ("Deployment", "StatefulSet", "DaemonSet")
"""Kinds whose pods serve requests."""
_GROUPS: Final[Mapping[str, frozenset[str]]] = {
    "Deployment": frozenset({"apps"}),
    "StatefulSet": frozenset({"apps"}),
    "DaemonSet": frozenset({"apps"}),
    "Service": frozenset({""}),
    "Ingress": frozenset({"networking.k8s.io"}),
    "IngressRoute": frozenset({"traefik.io", "traefik.containo.us"}),
    "Middleware": frozenset({"traefik.io", "traefik.containo.us"}),
    "HTTPRoute": frozenset({"gateway.networking.k8s.io"}),
    "NetworkPolicy": frozenset({"networking.k8s.io"}),
    "HorizontalPodAutoscaler": frozenset({"autoscaling"}),
    "PodDisruptionBudget": frozenset({"policy"}),
}
"""The kinds that are read, with their API groups."""


class Objects:
    """Plain objects by kind, namespace and name; other kinds, and objects without a name, are left out."""

    def __init__(self, bodies: Iterable[Manifest]) -> None:
        self._by_kind: dict[str, dict[tuple[str, str], Manifest]] = {}
        for body in bodies:
            kind = body.get("kind")
            groups = _GROUPS.get(kind) if isinstance(kind, str) else None
            version = body.get("apiVersion")
            group = version.rpartition("/")[0] if isinstance(version, str) else None
            metadata = body.get("metadata")
            if groups is None or group not in groups or not isinstance(metadata, dict):
                continue
            if isinstance(metadata.get("name"), str) and isinstance(body.get("spec", {}), dict):
                self._by_kind.setdefault(str(kind), {})[namespace_of(body), metadata["name"]] = body

    def all(self, *kinds: str) -> Iterator[Manifest]:
        """Yield the objects of some kinds, in the order in which they were given."""
        for kind in kinds:
            yield from self._by_kind.get(kind, {}).values()

    def get(self, kind: str, namespace: str, name: str) -> Manifest | None:
        """Return one object; None if it is not there."""
        return self._by_kind.get(kind, {}).get((namespace, name))

    def names(self, kind: str, namespace: str) -> list[str]:
        """Return the names of the objects of a kind in a namespace."""
        return [name for space, name in self._by_kind.get(kind, {}) if space == namespace]


def namespace_of(body: Mapping[str, Any]) -> str:
    """Return the namespace of an object; `default` if it has none."""
    return str(body["metadata"].get("namespace") or "default")


def name_of(body: Mapping[str, Any]) -> str:
    """Return the name of an object."""
    return str(body["metadata"]["name"])


def mapping(value: object) -> Mapping[str, Any]:
    """Return a value if it is an object, else an empty one: files may contain anything, also keys that are numbers."""
    if not isinstance(value, dict):
        return {}
    return value if all(isinstance(key, str) for key in value) else {str(key): each for key, each in value.items()}


def sequence(value: object) -> list[Any]:
    """Return a value if it is a list, else an empty one."""
    return value if isinstance(value, list) else []


def text(value: object) -> str:
    """Return a value if it is text, else nothing."""
    return value if isinstance(value, str) else ""
