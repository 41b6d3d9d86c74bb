"""What the operator's settings decide for every app."""

from collections.abc import Iterable, Mapping
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
    proxy: PodSelector | None = None
    """The proxy's pods, which may reach isolated apps; None if they are not known."""
    verifying: PodSelector | None = None
    """The operator's own pods, if they verify apps directly and may therefore reach isolated apps."""
    monitoring: PodSelector | None = None
    """Pods that collect metrics, and may therefore reach an isolated app with monitoring; None if not configured."""
    gateway_pods: Mapping[str, PodSelector] = field(default_factory=dict)
    """The proxy's pods of a Gateway, by namespace and name; that of any other Gateway has the pods in `proxy`."""

    def admitted_at(self, gateways: Iterable[str]) -> list[PodSelector]:
        """Return the pods that may reach an isolated app behind these Gateways, or on entry points if there are none.

        It is empty if the pods of a proxy are not known.
        """
        own = [self.gateway_pods.get(gateway, self.proxy) for gateway in gateways] or [self.proxy]
        pods = [*(one for one in own if one is not None), *([] if self.verifying is None else [self.verifying])]
        return [] if None in own else [one for index, one in enumerate(pods) if one not in pods[:index]]
