"""A route as Traefik's objects: an IngressRoute, or two where plain http differs from https, and their middlewares.

IngressRoute has no status, and a route that names a missing middleware answers 404. So a middleware's name carries a
hash of its content: a changed one gets a new name, the route is pointed to it in one write, and the old one goes after.
The hash also covers namespace and app, because Traefik joins namespace and name by a hyphen, which makes `team-a/strip`
and `team/a-strip` one name.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from proxiedapp.api.names import short_hash
from proxiedapp.kube.key import Key
from proxiedapp.routing.rule import Rule

HYGIENE: Final[Mapping[str, Any]] = {
    "headers": {
        # An empty value removes the header. Clients can forge these, Traefik passes them, and some server or app
        # believes each: X-Forwarded-Prefix (set anew by stripPrefix), Forwarded (hypercorn), Daphne-Root-Path (daphne),
        # X-Script-Name (WSGI bridges), X-Forwarded-Ssl and X-Forwarded-Protocol (gunicorn), and the last three (apps
        # that were behind another proxy once).
        "customRequestHeaders": {
            "X-Forwarded-Prefix": "",
            "Forwarded": "",
            "Daphne-Root-Path": "",
            "X-Script-Name": "",
            "X-Forwarded-Ssl": "",
            "X-Forwarded-Protocol": "",
            "X-Forwarded-Scheme": "",
            "X-Scheme": "",
            "X-Original-Url": "",
        }
    }
}


@dataclass(frozen=True, slots=True)
class Route:
    """Where an app is served and what the proxy does on the way."""

    app: Key
    rule: Rule
    strips: bool
    entry_points: tuple[str, ...]
    ingress_class_name: str | None
    service: str
    port: int
    tls: Mapping[str, Any] | None = None
    """The IngressRoute's `tls`; None for none."""
    plain: tuple[str, ...] = ()
    """Further entry points, without TLS."""
    redirect: Mapping[str, Any] | None = None
    """The `redirectScheme` by which those send clients on; None where the app answers there too."""
    middlewares: tuple[str, ...] = ()
    """The user's own, in order."""


@dataclass(frozen=True, slots=True)
class TraefikObject:
    """Kind, name and spec of one object; who owns it is decided where it becomes a child."""

    kind: str
    name: str
    spec: Mapping[str, Any]


def write(route: Route) -> tuple[TraefikObject, ...]:
    """Return the middlewares in the order in which they apply, and after them the IngressRoutes."""
    middlewares = [_middleware(route.app, "headers", HYGIENE)]
    if route.strips:
        middlewares.append(_middleware(route.app, "strip", {"stripPrefix": {"prefixes": [route.rule.prefix]}}))
    name = f"{route.app.name}-{short_hash(route.app)}"
    chain = [*route.middlewares, *(middleware.name for middleware in middlewares)]
    routes = [_ingress_route(route, name, route.entry_points, chain, route.tls)]
    if route.plain:
        if route.redirect is not None:
            middlewares.append(_middleware(route.app, "https", {"redirectScheme": route.redirect}))
            chain = [middlewares[-1].name]  # alone: nothing of the user's may be asked for in the clear
        name = f"{route.app.name}-plain-{short_hash(route.app)}"
        routes.append(_ingress_route(route, name, route.plain, chain, None))
    return *middlewares, *routes


def _ingress_route(
    route: Route, name: str, entry_points: Sequence[str], middlewares: Sequence[str], tls: Mapping[str, Any] | None
) -> TraefikObject:
    spec: dict[str, Any] = {
        "entryPoints": list(entry_points),
        "routes": [
            {
                "kind": "Rule",
                "match": route.rule.write(),
                "priority": route.rule.priority,
                "middlewares": [{"name": middleware} for middleware in middlewares],
                "services": [{"kind": "Service", "name": route.service, "port": route.port}],
            }
        ],
    }
    if route.ingress_class_name is not None:
        spec["ingressClassName"] = route.ingress_class_name
    if tls is not None:
        spec["tls"] = dict(tls)
    return TraefikObject("IngressRoute", name, spec)


def _middleware(app: Key, role: str, spec: Mapping[str, Any]) -> TraefikObject:
    return TraefikObject("Middleware", f"{app.name}-{role}-{short_hash(app, spec)}", spec)
