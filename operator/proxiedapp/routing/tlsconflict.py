"""Routes that keep the TLS options of an app from being used. Pure."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Protocol, TypeAlias

from proxiedapp.api.names import KIND
from proxiedapp.routing.foreignroute import RouteRef
from proxiedapp.routing.gatewayoverlap import GatewayOverlap
from proxiedapp.routing.ingressclass import normalized_class
from proxiedapp.routing.overlap import AppOverlap, LeftOverlap, Overlap, Winner, WriterOverlap
from proxiedapp.routing.route import Route
from proxiedapp.routing.tlsoptions import DEFAULT, NO_TLS, TLSHost, options_of


class TLSOptionsLookup(Protocol):
    """Routes by where they use TLS."""

    def other(self, tls_host: TLSHost, options: str, but: RouteRef, *, tls_by_default: bool) -> RouteRef | None:
        """Return a route there with other options that is not `but`; of several, always the same one."""


@dataclass(frozen=True, slots=True, order=True)
class TLSConflict:
    """A route that keeps the TLS options of an app from being used."""

    host: str
    entry_point: str
    other: str
    """The other route, as far as the author of the app may know it."""
    options: str
    """The name of the app's TLSOption."""

    @property
    def text(self) -> str:
        """Return what happens and how to fix it, without the final full stop."""
        return (
            f"{self.other} has other TLS options for {self.host} on entry point {self.entry_point}, so Traefik uses "
            f"its default options there instead of the TLSOption {self.options}. Give this app a host of its own, or "
            "set the same options in all routes of this host"
        )


AnyOverlap: TypeAlias = Overlap | GatewayOverlap | AppOverlap | LeftOverlap | WriterOverlap | TLSConflict
"""What an app reports as `Overlapped`."""


def worse(
    foreign: Overlap | GatewayOverlap | None,
    app: AppOverlap | LeftOverlap | WriterOverlap | None,
    tls: TLSConflict | None,
) -> AnyOverlap | None:
    """Return the one to report: one that takes requests first, a foreign route that gets none last."""
    if foreign is not None and foreign.winner is not Winner.APP:
        return foreign
    return app or tls or foreign


def find_tls_conflict(route: Route, urls: Mapping[str, str], lookups: Iterable[TLSOptionsLookup]) -> TLSConflict | None:
    """Return the first conflict by host and entry point; None if the app names no TLS options, or they are used."""
    options = options_of(route.tls, route.app.namespace)
    if route.tls is None or options in {DEFAULT, NO_TLS}:
        return None
    name = route.tls["options"]["name"]
    own = RouteRef(KIND, *route.app)
    ingress_class = normalized_class(route.ingress_class_name)
    found = []
    for lookup in lookups:
        for host in route.rule.hosts:
            for entry_point in route.entry_points:
                by_default = urls.get(entry_point, "").startswith("https:")
                for known in (entry_point, ""):
                    tls_host = TLSHost(host, known, ingress_class)
                    other = lookup.other(tls_host, options, own, tls_by_default=by_default)
                    if other is not None:
                        found.append(TLSConflict(host, entry_point, _shown(other, route.app.namespace), name))
    return min(found, default=None)


def _shown(other: RouteRef, namespace: str) -> str:
    if other.kind != KIND:
        return str(other)
    return f"the ProxiedApp {other.name}" if other.namespace == namespace else "a ProxiedApp of another namespace"
