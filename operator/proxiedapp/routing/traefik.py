"""Write a route as Traefik objects: one IngressRoute, or two if HTTP and HTTPS differ, and their Middlewares.

An IngressRoute has no status, and one that names a missing Middleware answers 404. So the name of a Middleware contains
a hash of its content: a changed Middleware gets a new name, one write points the route to it, and the old Middleware is
pruned afterwards. The hash also covers namespace and app, because Traefik joins namespace and name with a hyphen, so
that `team-a/strip` and `team/a-strip` would be the same Middleware (both measured with Traefik 3.7.15).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from proxiedapp.api.names import short_hash
from proxiedapp.kube.key import Key
from proxiedapp.routing.route import Route

REMOVE_FORGEABLE_HEADERS: Final[Mapping[str, Any]] = {
    "headers": {
        # An empty value removes the header. Clients can forge these headers, Traefik passes them on (measured with
        # 3.7.15), and each is trusted by some server or app: X-Forwarded-Prefix (many apps), Forwarded (hypercorn),
        # Daphne-Root-Path (daphne), X-Script-Name (WSGI bridges), X-Forwarded-Ssl and X-Forwarded-Protocol (gunicorn),
        # and the last three by apps written for other proxies.
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
class TraefikObject:
    """Kind, name and spec of one object; `proxiedapp.resources` adds the metadata."""

    kind: str
    name: str
    spec: Mapping[str, Any]


def objects_for(route: Route) -> tuple[TraefikObject, ...]:
    """Return the Middlewares in the order in which they apply, followed by the IngressRoutes."""
    middlewares = _own_middlewares(route)
    name = f"{route.app.name}-{short_hash(route.app)}"
    chain = [*route.middlewares, *(middleware.name for middleware in middlewares)]
    bare = None
    if route.redirects_bare:
        middlewares.append(_middleware(route.app, "bare", {"redirectRegex": _to_slash(route.rule.prefix)}))
        bare = middlewares[-1].name
    routes = [_ingress_route(route, name, route.entry_points, chain, route.tls, bare)]
    if route.plain_entry_points:
        if route.redirect is not None:
            middlewares.append(_middleware(route.app, "https", {"redirectScheme": route.redirect}))
            # No other Middleware: a user's, such as basic auth, must not ask for credentials over plain HTTP.
            chain, bare = [middlewares[-1].name], None
        name = f"{route.app.name}-plain-{short_hash(route.app)}"
        routes.append(_ingress_route(route, name, route.plain_entry_points, chain, None, bare))
    return *middlewares, *routes


def _own_middlewares(route: Route) -> list[TraefikObject]:
    """Return the Middlewares of the main route: one removes headers, and if the prefix is stripped, one strips it.

    stripPrefix adds the prefix to X-Forwarded-Prefix, so the order decides whether that header reaches the app, and it
    has one value if it does.
    """
    remove = _middleware(route.app, "headers", REMOVE_FORGEABLE_HEADERS)
    if not route.strips:
        return [_middleware(route.app, "headers", _with_prefix_header(route))] if route.prefix_header else [remove]
    strip = _middleware(route.app, "strip", {"stripPrefix": {"prefixes": [route.rule.prefix]}})
    return [remove, strip] if route.prefix_header else [strip, remove]


def _with_prefix_header(route: Route) -> Mapping[str, Any]:
    """Return the Middleware's spec for a proxy that keeps the prefix, and passes it in the header as well."""
    removed = REMOVE_FORGEABLE_HEADERS["headers"]["customRequestHeaders"]
    return {"headers": {"customRequestHeaders": {**removed, "X-Forwarded-Prefix": route.rule.prefix}}}


def _to_slash(prefix: str) -> dict[str, Any]:
    """Return the `redirectRegex` that appends a slash to the path and keeps the query.

    The Location has no scheme and host, so it is right behind another proxy that terminates TLS, too. It is temporary,
    since browsers keep a permanent one after the prefix has moved.
    """
    return {"regex": r"^[^?]*(\?.*)?$", "replacement": f"{prefix}/${{1}}"}


def _ingress_route(
    route: Route,
    name: str,
    entry_points: Sequence[str],
    middlewares: Sequence[str],
    tls: Mapping[str, Any] | None,
    bare: str | None,
) -> TraefikObject:
    parts = [(rule, route.priority_at(rule.hosts[0] if rule.hosts else "")) for rule in route.rule.parts()]
    routes = [_rule(route, rule.format(), priority, middlewares) for rule, priority in parts]
    if bare is not None:
        # No other Middleware: the request that follows gets them all.
        routes += [_rule(route, rule.format_bare(), priority + 1, [bare]) for rule, priority in parts]
    spec: dict[str, Any] = {"entryPoints": list(entry_points), "routes": routes}
    if route.ingress_class_name is not None:
        spec["ingressClassName"] = route.ingress_class_name
    if tls is not None:
        spec["tls"] = dict(tls)
    return TraefikObject("IngressRoute", name, spec)


def _rule(route: Route, match: str, priority: int, middlewares: Sequence[str]) -> dict[str, Any]:
    return {
        "kind": "Rule",
        "match": match,
        "priority": priority,
        "middlewares": [{"name": middleware} for middleware in middlewares],
        "services": [{"kind": "Service", "name": route.service, "port": route.port, **_sticky(route)}],
    }


def _sticky(route: Route) -> dict[str, Any]:
    cookie = route.sticky
    if cookie is None:
        return {}
    fields = {
        "name": cookie.name,
        "path": route.rule.prefix,
        "secure": cookie.secure,
        "httpOnly": cookie.http_only,
        "sameSite": None if cookie.same_site is None else cookie.same_site.lower(),
        "maxAge": cookie.max_age,
    }
    return {"sticky": {"cookie": {name: value for name, value in fields.items() if value is not None}}}


def _middleware(app: Key, role: str, spec: Mapping[str, Any]) -> TraefikObject:
    return TraefikObject("Middleware", f"{app.name}-{role}-{short_hash(app, spec)}", spec)
