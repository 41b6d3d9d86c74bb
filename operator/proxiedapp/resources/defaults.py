"""What the operator's settings decide for every app."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from proxiedapp.routing.entrypoints import EntryPoints


@dataclass(frozen=True, slots=True)
class PodSelector:
    """Pods of one namespace that have all of these labels; without labels, all pods of the namespace."""

    namespace: str
    labels: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Defaults:
    """The settings that the children of an app depend on."""

    entry_points: EntryPoints
    trusted_proxies: tuple[str, ...]
    admitted: tuple[PodSelector, ...] = ()
    """Pods that may reach an isolated app: the proxy's, and the operator's own, which verify the app."""
    monitoring: PodSelector | None = None
    """Pods that collect metrics, and may therefore reach an isolated app with monitoring; None if not configured."""
