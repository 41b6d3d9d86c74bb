"""The key of a namespaced object: what events, the queue and the store use to refer to a ProxiedApp."""

from typing import NamedTuple

from typing_extensions import override


class Key(NamedTuple):
    """The namespace and name of an object; the counterpart of `types.NamespacedName` in k8s.io/apimachinery."""

    namespace: str
    name: str

    @override
    def __str__(self) -> str:
        """Return `namespace/name`, as log lines and messages show it."""
        return f"{self.namespace}/{self.name}"
