"""The complete set of children of a ProxiedApp: a pure function of its spec and the operator's defaults."""

from dataclasses import dataclass, replace
from functools import cached_property

from proxiedapp.api.app import ProxiedApp
from proxiedapp.kube.manifest import Manifest
from proxiedapp.resources.adapter import adapter_config_map
from proxiedapp.resources.apis import reject_missing_apis
from proxiedapp.resources.certificate import certificates
from proxiedapp.resources.defaultgateways import with_default_gateways
from proxiedapp.resources.defaults import Defaults
from proxiedapp.resources.deployment import deployment
from proxiedapp.resources.isolation import network_policies, reject_unknown_proxy
from proxiedapp.resources.kinds import BY_NAME, HTTP_ROUTE, OPTIONAL_GROUPS, ROUTE_KINDS
from proxiedapp.resources.metadata import child, with_common
from proxiedapp.resources.monitoring import monitoring_problem, service_monitors
from proxiedapp.resources.ports import further_ports
from proxiedapp.resources.route import route_of
from proxiedapp.resources.scaling import Scale, autoscaler, disruption_budget, replicas
from proxiedapp.resources.service import service
from proxiedapp.routing import gateway, traefik
from proxiedapp.routing.route import Route
from proxiedapp.routing.routeannotations import NO_ROUTE_ANNOTATIONS, RouteAnnotations
from proxiedapp.servers.launch import Launch, launch
from proxiedapp.servers.sessions import sessions_problem


@dataclass(frozen=True)
class Desired:
    """The desired state of an app, and the decisions that led to it."""

    app: ProxiedApp
    """With the Gateways of the settings if its spec has no `parentRefs`."""
    trusted_proxies: tuple[str, ...]
    launch: Launch
    route: Route
    defaults: Defaults
    scale: Scale | None
    served: frozenset[str]
    route_annotations: RouteAnnotations
    monitoring_problem: str
    """Why the metrics that the spec offers cannot be collected, and how to fix it; empty if there is no problem."""
    sessions_problem: str = ""
    """Why clients lose their sessions, and how to fix it; empty if there is no problem."""

    @cached_property
    def children(self) -> tuple[Manifest, ...]:
        """Return the children without owner references; each comes after those that it refers to, the routes come last.

        They are built when they are first asked for, since most commands need the decisions alone. Nothing is rejected
        here.
        """
        app, spec = self.app, self.app.spec
        children = (
            *network_policies(app, self.defaults),
            deployment(app, self.launch, replicas(spec, self.scale)),
            service(app.key, further_ports(spec)),
            *([adapter_config_map(app.key)] if self.launch.adapter else []),
            *([autoscaler(app.key, spec.autoscaling)] if spec.autoscaling else []),
            *([disruption_budget(app.key, spec.disruption_budget)] if spec.disruption_budget else []),
            *service_monitors(app, self.served),
            *certificates(app),
            *_route_children(self.route),
        )
        return tuple(with_common(manifest, app, self.route_annotations) for manifest in children)

    @property
    def children_without_route(self) -> tuple[Manifest, ...]:
        """Return the children except the routes, for an app that may run but must not be reachable."""
        return tuple(child for child in self.children if BY_NAME[child["kind"]] not in ROUTE_KINDS)


def desired(
    app: ProxiedApp,
    defaults: Defaults,
    scale: Scale | None = None,
    served: frozenset[str] = OPTIONAL_GROUPS,
    route_annotations: RouteAnnotations = NO_ROUTE_ANNOTATIONS,
    *,
    earlier_priority: bool = False,
    bare: bool = True,
) -> Desired:
    """Return the desired state of an app; raises RejectedError if its spec cannot be served as written.

    `scale` is the scale of the live Deployment, None if there is none. `served` are the optional API groups that the
    cluster serves. `route_annotations` are the common annotations that the routes may carry, too.
    `earlier_priority` is whether the routes have the priority of earlier releases. `bare` is whether the proxy can
    redirect the bare prefix.
    """
    app = with_default_gateways(app, defaults.entry_points)
    spec = app.spec
    reject_missing_apis(spec, served)
    own_proxies = spec.proxy.trusted_proxies
    trusted_proxies = defaults.trusted_proxies if own_proxies is None else tuple(own_proxies)
    launched = launch(spec, trusted_proxies)
    prefix_header = passes_prefix_header(app, launched)
    route = route_of(app, defaults.entry_points, strips=launched.strips, prefix_header=prefix_header, bare=bare)
    if earlier_priority:
        route = replace(route, earlier_priority=True)
    reject_unknown_proxy(app, defaults)
    return Desired(
        app=app,
        trusted_proxies=trusted_proxies,
        launch=launched,
        route=route,
        defaults=defaults,
        scale=scale,
        served=served,
        route_annotations=route_annotations,
        monitoring_problem=monitoring_problem(spec, defaults, served),
        sessions_problem=sessions_problem(spec),
    )


def _route_children(route: Route) -> list[Manifest]:
    if route.parents:
        written = (gateway.http_route_of(route), gateway.redirecting_route_of(route))
        return [child(HTTP_ROUTE, route.app, one.name, spec=one.spec) for one in written if one is not None]
    return [child(BY_NAME[item.kind], route.app, item.name, spec=item.spec) for item in traefik.objects_for(route)]


def passes_prefix_header(app: ProxiedApp, launched: Launch) -> bool:
    """Return whether requests carry the prefix in X-Forwarded-Prefix.

    Apps that read it add it to the root path or replace the root path by it, so only one of the two may reach them:
    with both, NiceGUI uses the prefix twice.
    """
    match app.spec.route.prefix_header:
        case "Auto":
            return launched.strips and not launched.configures_root_path
        case asked:
            return asked == "Always" and app.spec.route.path_prefix != "/"
