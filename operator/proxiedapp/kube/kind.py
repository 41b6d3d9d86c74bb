"""How the API server identifies a kind of object."""

from dataclasses import dataclass

from typing_extensions import override


@dataclass(frozen=True, slots=True)
class Kind:
    """A namespaced kind of the Kubernetes API."""

    group: str
    version: str
    kind: str
    plural: str

    @property
    def api_version(self) -> str:
        """Return `group/version` as manifests carry it."""
        return f"{self.group}/{self.version}" if self.group else self.version

    @override
    def __str__(self) -> str:
        return self.kind
