"""A kind of the Kubernetes API, as the API server identifies it."""

from dataclasses import dataclass

from typing_extensions import override


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of the Kubernetes API. Requests for a cluster-scoped one name no namespace."""

    group: str
    version: str
    kind: str
    plural: str

    @property
    def api_version(self) -> str:
        """Return the apiVersion of manifests: `group/version`, or the version alone for the core group."""
        return f"{self.group}/{self.version}" if self.group else self.version

    @override
    def __str__(self) -> str:
        return self.kind
