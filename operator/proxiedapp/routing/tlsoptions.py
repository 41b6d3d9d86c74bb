"""The TLS options that routes name, and where Traefik compares them. Pure.

Traefik chooses TLS options by host and entry point, before it knows the path. If its routes there name different
options, it uses its default ones for all of them (`resolveHTTPTLSOptions` in Traefik's `pkg/server/aggregator.go`,
v3.7.13): an app whose options require client certificates can then be reached without one. With `strictTLSOptions`,
Traefik disables all these routes.
"""

from collections.abc import Collection, Mapping
from typing import Any, Final, NamedTuple, TypeAlias

DEFAULT: Final = ""
"""Traefik's default options. Other options are written as Traefik does, as in `team-mutual@kubernetescrd`."""
NO_TLS: Final = "-"
"""Of a route without `tls`, which uses Traefik's default options if its entry point uses TLS by default."""
MAX_TLS_HOSTS: Final = 4096
"""Hosts of one route, counted once for each entry point, beyond which its TLS options are not compared."""


class TLSHost(NamedTuple):
    """Where Traefik chooses TLS options."""

    host: str
    entry_point: str
    """Empty for Traefik's default entry points, which are not known here."""
    ingress_class: str
    """In the form of `normalized_class`."""


TLSRoutes: TypeAlias = frozenset[tuple[TLSHost, str]]
"""Where a route may use TLS, and with which options."""


def options_of(tls: Mapping[str, Any] | None, namespace: str) -> str:
    """Return the TLS options of an IngressRoute's `tls`."""
    if tls is None:
        return NO_TLS
    named = tls.get("options") or {}
    name = str(named.get("name") or DEFAULT)
    if name == DEFAULT or "@" in name:  # with @ it belongs to another provider, and its namespace does not count
        return qualified(name)
    return qualified(f"{named.get('namespace') or namespace}-{name}@kubernetescrd")


def qualified(name: str, provider: str = "kubernetes") -> str:
    """Return the name of TLS options with their provider, by default that of Ingresses."""
    if name in {DEFAULT, "default"}:
        return DEFAULT
    return name if "@" in name else f"{name}@{provider}"


def tls_routes(hosts: Collection[str], entry_points: Collection[str], ingress_class: str, options: str) -> TLSRoutes:
    """Return where a route with these hosts may use TLS; nothing if there are too many of them."""
    if len(hosts) * len(entry_points) > MAX_TLS_HOSTS:
        return frozenset()
    return frozenset(
        (TLSHost(host, entry_point, ingress_class), options)
        for host in hosts
        if host
        for entry_point in entry_points or ("",)
    )
