"""The whole desired set of a ProxiedApp: a pure function of its spec and the operator's defaults."""

from dataclasses import dataclass
from typing import Any

from proxiedapp.api.app import ProxiedApp
from proxiedapp.api.errors import CertManagerMissingError, ProxyUnknownError, TraefikMissingError
from proxiedapp.api.route import RouteTLS
from proxiedapp.api.spec import ProxiedAppSpec
from proxiedapp.kube.key import Key
from proxiedapp.kube.manifest import Manifest
from proxiedapp.resources.adapter import adapter_config_map
from proxiedapp.resources.certificate import certificate, secret_name
from proxiedapp.resources.deployment import deployment
from proxiedapp.resources.isolation import Pods, network_policy
from proxiedapp.resources.kinds import (
    BY_NAME,
    CERT_MANAGER_GROUP,
    INGRESS_ROUTE,
    MONITORING_GROUP,
    OPTIONAL_GROUPS,
    TRAEFIK_GROUP,
)
from proxiedapp.resources.metadata import child, with_common
from proxiedapp.resources.monitoring import service_monitor
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
    monitoring: Pods | None = None
    """Who reads metrics, and so may reach an isolated app that has a monitor; None where nobody said so."""


@dataclass(frozen=True, slots=True)
class Desired:
    """What shall be, and the decisions that led to it."""

    app: ProxiedApp
    trusted_proxies: tuple[str, ...]
    launch: Launch
    route: traefik.Route
    children: tuple[Manifest, ...]
    """Without owner references, each after those it refers to; the IngressRoutes are last."""
    unmonitored: str
    """Why nobody can collect the metrics though it is asked for, and what mends it; empty if all is well."""

    @property
    def workload(self) -> tuple[Manifest, ...]:
        """Return the children without the route itself, for an app that may run but not be reached."""
        return tuple(child for child in self.children if child["kind"] != INGRESS_ROUTE.kind)


def desired(
    app: ProxiedApp,
    defaults: Defaults,
    scale: Scale | None = None,
    served: frozenset[str] = OPTIONAL_GROUPS,
) -> Desired:
    """Decide everything about an app; raises RejectedError where its spec cannot be served as written.

    `scale` is that of the Deployment as it stands, if there is one; `served` are the optional APIs that there are.
    """
    spec = app.spec
    _refuse_unserved(spec, served)
    given = spec.proxy.trusted_proxies
    trusted = defaults.trusted_proxies if given is None else tuple(given)
    launched = launch(spec, trusted)
    route = _route(app, launched, defaults.entry_points)
    children = (
        *_isolation(app, defaults),
        deployment(app, launched, replicas(spec, scale)),
        service(app.key),
        *([adapter_config_map(app.key)] if launched.adapter else []),
        *([autoscaler(app.key, spec.autoscaling)] if spec.autoscaling else []),
        *([disruption_budget(app.key, spec.disruption_budget)] if spec.disruption_budget else []),
        *_monitor(app, served),
        *_certificate(app),
        *(child(BY_NAME[item.kind], app.key, item.name, spec=item.spec) for item in traefik.write(route)),
    )
    return Desired(
        app=app,
        trusted_proxies=trusted,
        launch=launched,
        route=route,
        children=tuple(with_common(each, app) for each in children),
        unmonitored=_unmonitored(spec, defaults, served),
    )


def _refuse_unserved(spec: ProxiedAppSpec, served: frozenset[str]) -> None:
    """Raise where the cluster lacks an API without which the app cannot be served as written."""
    if TRAEFIK_GROUP not in served:
        raise TraefikMissingError(
            "the cluster",
            "it does not serve traefik.io/v1alpha1, in which the route is written",
            "Install Traefik with its CustomResourceDefinitions; the route follows by itself",
        )
    if spec.route.tls is not None and spec.route.tls.issuer_ref is not None and CERT_MANAGER_GROUP not in served:
        raise CertManagerMissingError(
            "spec.route.tls.issuerRef",
            "the cluster does not serve cert-manager.io/v1, in which certificates are asked for",
            "Install cert-manager with its CustomResourceDefinitions, and the certificate follows by itself; "
            "or name a Secret that is there in tls.secretName alone",
        )


def _unmonitored(spec: ProxiedAppSpec, defaults: Defaults, served: frozenset[str]) -> str:
    if spec.monitoring is None:
        return ""
    if MONITORING_GROUP not in served:
        return (
            "their metrics are not collected: the cluster does not serve monitoring.coreos.com/v1. Install the "
            "Prometheus operator with its CustomResourceDefinitions; the ServiceMonitor follows by itself"
        )
    if spec.proxy.isolate and defaults.monitoring is None:
        return (
            "spec.proxy.isolate keeps everybody from their metrics: the operator does not know which pods collect "
            "them. Set PROXIEDAPP_MONITORING_NAMESPACE and PROXIEDAPP_MONITORING_LABELS in its settings"
        )
    return ""


def _monitor(app: ProxiedApp, served: frozenset[str]) -> list[Manifest]:
    asked = app.spec.monitoring
    return [] if asked is None or MONITORING_GROUP not in served else [service_monitor(app.key, asked)]


def _certificate(app: ProxiedApp) -> list[Manifest]:
    tls = app.spec.route.tls
    if tls is None or tls.issuer_ref is None:
        return []
    secret = secret_name(app.key, tls)
    return [certificate(app.key, app.spec.route.hosts or (), secret, tls.issuer_ref)]


def _isolation(app: ProxiedApp, defaults: Defaults) -> list[Manifest]:
    if not app.spec.proxy.isolate:
        return []
    if not defaults.admitted:
        raise ProxyUnknownError(
            "spec.proxy.isolate",
            "the operator does not know which pods are the proxy's",
            "Set PROXIEDAPP_PROXY_NAMESPACE and PROXIEDAPP_PROXY_LABELS in the operator's settings, or isolate: false",
        )
    monitoring = [] if app.spec.monitoring is None or defaults.monitoring is None else [defaults.monitoring]
    return [network_policy(app.key, [*defaults.admitted, *monitoring])]


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
        tls=None if asked.tls is None else _tls(app.key, asked.tls),
        plain=listening.plain,
        redirect=redirect,
        middlewares=tuple(one.name for one in asked.middlewares or ()),
    )


def _tls(app: Key, tls: RouteTLS) -> dict[str, Any]:
    """Return the IngressRoute's `tls`, never empty: the API server would make null of it when a field is taken away."""
    given = tls.model_dump(by_alias=True, exclude_none=True, exclude={"secret_name", "issuer_ref"})
    return {"secretName": secret_name(app, tls)} | given
