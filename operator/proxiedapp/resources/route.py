"""The route that a spec describes."""

from typing import Any

from proxiedapp.api.app import ProxiedApp
from proxiedapp.api.names import short_hash
from proxiedapp.api.network import SERVICE_PORT
from proxiedapp.api.route import RouteTLS
from proxiedapp.kube.key import Key
from proxiedapp.resources.certificate import secret_name
from proxiedapp.resources.gatewayredirect import https_port, plain_parents, public_listener
from proxiedapp.routing.entrypoints import AppEntryPoints, EntryPoints
from proxiedapp.routing.route import NO_TIMEOUT, Route, StickyCookie
from proxiedapp.routing.rule import Rule


def route_of(
    app: ProxiedApp, entry_points: EntryPoints, *, strips: bool, prefix_header: bool, bare: bool = True
) -> Route:
    """Return the app's route; raises InvalidSpecError if it needs HTTPS and has no entry point for it.

    `strips` is whether the proxy removes the path prefix, as the app's server requires. `prefix_header` is whether
    requests carry the prefix in X-Forwarded-Prefix. `bare` is whether the proxy can redirect the bare prefix.
    """
    spec = app.spec.route
    entry_points_of_app = entry_points.for_route(spec)
    entry_points_of_app.reject_without_https()
    parents = entry_points.parents_of(spec)
    redirect: dict[str, Any] | None = None
    urls = {**entry_points.reported, **entry_points.urls}
    if spec.redirect_to_https:
        port = https_port(parents, urls) if parents else entry_points.https_port(entry_points_of_app.main)
        redirect = {"scheme": "https", "permanent": True} | ({} if port is None else {"port": str(port)})
    return Route(
        app=app.key,
        rule=Rule(tuple(spec.hosts or ()), spec.path_prefix),
        strips=strips,
        prefix_header=prefix_header,
        entry_points=entry_points_of_app.main,
        ingress_class_name=spec.ingress_class_name,
        service=app.key.name,
        port=SERVICE_PORT,
        tls=None if spec.tls is None else _tls(app.key, spec.tls),
        plain_entry_points=entry_points_of_app.plain,
        redirect=redirect,
        sticky=_sticky(app, entry_points, entry_points_of_app),
        middlewares=tuple(middleware.name for middleware in spec.middlewares or ()),
        redirects_bare=bare and spec.redirects_bare,
        parents=parents,
        public=public_listener(parents, entry_points.urls),
        plain_parents=plain_parents(parents, urls) if spec.redirect_to_https else (),
        timeout=spec.timeout or NO_TIMEOUT,
    )


def _sticky(app: ProxiedApp, entry_points: EntryPoints, of_app: AppEntryPoints) -> StickyCookie | None:
    route = app.spec.route
    if route.sticky is None:
        return None
    cookie = route.sticky.cookie
    # The plain entry points serve the app unless they redirect; the main ones use TLS if tls is set, or by themselves.
    tls = (route.tls is not None or entry_points.all_use_tls(of_app.main)) and (
        route.redirect_to_https or not of_app.plain
    )
    return StickyCookie(
        name=cookie.name or f"{app.key.name}-{short_hash(app.key)}",
        secure=tls if cookie.secure is None else cookie.secure,
        http_only=cookie.http_only,
        same_site=cookie.same_site,
        max_age=cookie.max_age_seconds,
    )


def _tls(app: Key, tls: RouteTLS) -> dict[str, Any]:
    """Return the IngressRoute's `tls`.

    It is never an empty object: when an apply removes the last field of one, the API server stores null instead
    (tests/integration/test_schema_walk.py removes each field in turn).
    """
    fields = tls.model_dump(by_alias=True, exclude_none=True, exclude={"secret_name", "issuer_ref"})
    return {"secretName": secret_name(app, tls)} | fields
