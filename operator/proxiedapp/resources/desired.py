"""The whole desired set of a ProxiedApp: a pure function of its spec and the operator's defaults."""

from dataclasses import dataclass
from typing import Any

from proxiedapp.api.app import ProxiedApp
from proxiedapp.api.errors import ProxyUnknown
from proxiedapp.api.manifest import Manifest
from proxiedapp.api.spec import RouteTLS
from proxiedapp.resources.adapter import adapter_config_map
from proxiedapp.resources.deployment import deployment
from proxiedapp.resources.isolation import Pods, network_policy
from proxiedapp.resources.kinds import BY_NAME, INGRESS_ROUTE
from proxiedapp.resources.metadata import child, with_common
from proxiedapp.resources.scaling import Scale, autoscaler, disruption_budget, replicas
from proxiedapp.resources.service import SERVICE_PORT, service
from proxiedapp.routing import traefik
from proxiedapp.routing.entrypoints import EntryPoints
from proxiedapp.routing.rule import Rule
from proxiedapp.servers.launch import Launch, launch


@dataclass(frozen=True, slots=True)
class Defaults:
    """What the operator's settings decide where a spec is silent."""

    entry_points: EntryPoints
    trusted_proxies: tuple[str, ...]
    admitted: tuple[Pods, ...] = ()
    """Who may reach an app that is isolated: the proxy's pods, and the operator's, which verify."""


@dataclass(frozen=True, slots=True)
class Desired:
    """What shall be, and the decisions that led to it."""

    app: ProxiedApp
    trusted_proxies: tuple[str, ...]
    launch: Launch
    route: traefik.Route
    children: tuple[Manifest, ...]
    """Without owner references, each after those it refers to; the IngressRoutes are last."""

    @property
    def workload(self) -> tuple[Manifest, ...]:
        """Return the children without the route itself, for an app that may run but not be reached."""
        return tuple(child for child in self.children if child["kind"] != INGRESS_ROUTE.kind)


def desired(app: ProxiedApp, defaults: Defaults, scale: Scale | None = None) -> Desired:
    """Decide everything about an app; raises Rejected where its spec cannot be served as written.

    `scale` is that of the Deployment as it stands, if there is one.
    """
    spec = app.spec
    given = spec.proxy.trusted_proxies
    trusted = defaults.trusted_proxies if given is None else tuple(given)
    launched = launch(spec, trusted)
    route = _route(app, launched, defaults.entry_points)
    children = (
        *_isolation(app, defaults.admitted),
        deployment(app, launched, replicas(spec, scale)),
        service(app.key),
        *([adapter_config_map(app.key)] if launched.adapter else []),
        *([autoscaler(app.key, spec.autoscaling)] if spec.autoscaling else []),
        *([disruption_budget(app.key, spec.disruption_budget)] if spec.disruption_budget else []),
        *(child(BY_NAME[item.kind], app.key, item.name, spec=item.spec) for item in traefik.write(route)),
    )
    return Desired(
        app=app,
        trusted_proxies=trusted,
        launch=launched,
        route=route,
        children=tuple(with_common(each, spec) for each in children),
    )


def _isolation(app: ProxiedApp, admitted: tuple[Pods, ...]) -> list[Manifest]:
    if not app.spec.proxy.isolate:
        return []
    if not admitted:
        raise ProxyUnknown(
            "spec.proxy.isolate",
            "the operator does not know which pods are the proxy's",
            "Set PROXIEDAPP_PROXY_NAMESPACE and PROXIEDAPP_PROXY_LABELS in the operator's settings, or isolate: false",
        )
    return [network_policy(app.key, admitted)]


def _route(app: ProxiedApp, launched: Launch, entry_points: EntryPoints) -> traefik.Route:
    asked = app.spec.route
    listening = entry_points.named_by(asked)
    listening.refuse_none()
    redirect: dict[str, Any] | None = None
    if asked.redirect_to_https:
        port = entry_points.https_port(listening.together)
        redirect = {"scheme": "https", "permanent": True} | ({} if port is None else {"port": str(port)})
    return traefik.Route(
        app=app.key,
        rule=Rule(tuple(asked.hosts or ()), asked.path_prefix),
        strips=launched.strips,
        entry_points=listening.together,
        ingress_class_name=asked.ingress_class_name,
        service=app.key.name,
        port=SERVICE_PORT,
        tls=None if asked.tls is None else _tls(asked.tls),
        plain=listening.plain,
        redirect=redirect,
        middlewares=tuple(one.name for one in asked.middlewares or ()),
    )


def _tls(tls: RouteTLS) -> dict[str, Any]:
    """Return the IngressRoute's `tls`, never empty: the API server would make null of it when a field is taken away."""
    return {"secretName": ""} | tls.model_dump(by_alias=True, exclude_none=True)
