"""The operator's settings: `PROXIEDAPP_*` variables, flags of `proxiedapp run`, or a YAML file."""

from collections.abc import Iterable, Iterator, Mapping
from difflib import get_close_matches
from pathlib import Path
from typing import Annotated, Any, Final, Literal, Self
from urllib.parse import urlsplit

from pydantic import (
    AfterValidator,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationError,
    ValidationInfo,
    field_validator,
)

from proxiedapp.api.addresses import NOT_EVERYONE, IpOrNetwork
from proxiedapp.api.docstrings import DescribedModel
from proxiedapp.api.fields import (
    EntryPoint,
    EntryPointOrGateway,
    EntryPointOrListener,
    GatewayName,
    GatewayPods,
    GatewayRef,
    ObjectName,
)
from proxiedapp.api.problems import problems_of
from proxiedapp.resources.defaults import Defaults, PodSelector
from proxiedapp.routing.entrypoints import EntryPoints
from proxiedapp.routing.route import Parent

PREFIX: Final = "PROXIEDAPP_"
PRIVATE_NETWORKS: Final = ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "fc00::/7")
"""Where the proxy of a cluster usually runs. Its own network is safer: any client in these can forge headers."""


def _split(value: Any) -> Any:
    """Read `a,b` from a variable; lists pass unchanged."""
    return tuple(part.strip() for part in value.split(",") if part.strip()) if isinstance(value, str) else value


def _split_pairs(value: Any) -> Any:
    """Read `web=http://a,websecure=https://b` from a variable; mappings pass unchanged."""
    return dict(pair.partition("=")[::2] for pair in _split(value)) if isinstance(value, str) else value


def _base_url(value: str) -> str:
    """Accept a scheme, a host and an optional port, with nothing after them."""
    parts = urlsplit(value)  # raises ValueError if this is not a URL at all
    whole = value == f"{parts.scheme}://{parts.netloc}" and "@" not in parts.netloc
    if parts.scheme not in {"http", "https"} or not parts.hostname or parts.port == 0 or not whole:
        raise ValueError(f"{value} must be scheme, host and port only, such as https://example.com:8443")
    return value


BaseUrl = Annotated[str, AfterValidator(_base_url)]
Names = BeforeValidator(_split)
Pairs = BeforeValidator(_split_pairs)


class Settings(DescribedModel):
    """All settings of the operator. Each is also the variable `PROXIEDAPP_` plus its name in upper case."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    kubeconfig: Path | None = None
    """Kubeconfig file. Without it, a pod uses its own service account, and any other process KUBECONFIG or
    ~/.kube/config."""
    namespaces: Annotated[tuple[ObjectName, ...], Names] = ()
    """Namespaces to serve; all if empty."""

    routes: Literal["traefik", "gateway"] = "traefik"
    """Routes of apps without spec.route.parentRefs: traefik for IngressRoutes of Traefik, or gateway for HTTPRoutes of
    the Gateways in gateways."""
    gateways: Annotated[tuple[GatewayRef, ...], Names, Field(max_length=8, validate_default=True)] = ()
    """Gateways for apps that name none, each by namespace and name, and if only one listener should serve them, by its
    name, too: infra/main or infra/main/https. Requires routes=gateway."""
    entry_points: Annotated[tuple[EntryPoint, ...], Names, Field(min_length=1)] = ("web", "websecure")
    """Traefik's entry points for apps that do not list any."""
    entry_point_urls: Annotated[dict[EntryPointOrListener, BaseUrl], Pairs] = {
        "web": "http://*",
        "websecure": "https://*",
    }
    """Address at which clients reach each entry point, such as websecure=https://example.com:8443, or each Gateway,
    such as infra/main=https://example.com, or a listener of it, such as infra/main/http=http://*, for status.url and
    redirects. The host of an app replaces the host given here; `*` means that the host is unknown."""
    trusted_proxies: Annotated[tuple[IpOrNetwork, ...], Names, NOT_EVERYONE] = PRIVATE_NETWORKS
    """Addresses and networks of the proxy, for apps that do not list any."""

    proxy_namespace: ObjectName | None = None
    """Namespace of the proxy's pods, which may connect to isolated apps (spec.proxy.isolate)."""
    proxy_labels: Annotated[dict[str, str], Pairs] = {}
    """Labels of the proxy's pods, such as app.kubernetes.io/name=traefik; if empty, all pods of the namespace."""
    gateway_pods: Annotated[dict[GatewayName, GatewayPods], Pairs] = {}
    """The pods of the proxy of a Gateway, if they are others than those of proxy_namespace and proxy_labels: namespace
    and labels separated by &, such as infra/main=projectcontour/app=envoy."""
    monitoring_namespace: ObjectName | None = None
    """Namespace of the pods that scrape metrics, which may connect to isolated apps with spec.monitoring."""
    monitoring_labels: Annotated[dict[str, str], Pairs] = {}
    """Labels of the pods that scrape metrics, such as app.kubernetes.io/name=prometheus; if empty, all pods of the
    namespace."""
    own_namespace: ObjectName | None = None
    """Namespace of the operator. Its Lease is there, and isolated apps accept the operator's pods from there if it
    verifies them directly rather than through the proxy."""
    lease: bool = True
    """Whether the operator writes only while it holds a Lease in its own namespace, which allows several replicas. No
    Lease is used if own_namespace is not set."""
    lease_name: ObjectName = "proxiedapp"
    """Name of the Lease."""
    lease_seconds: Annotated[float, Field(ge=3, le=3600)] = 15.0
    """Seconds after which another replica takes over if the leader does not renew the Lease."""
    identity: Annotated[str, Field(min_length=1, max_length=253)] | None = None
    """Name of this replica in the Lease. With the pod's name, a restarted container continues to lead at once; if not
    set, a random name is used."""

    proxy_urls: Annotated[dict[EntryPointOrGateway, BaseUrl], Pairs] = {}
    """Address at which the operator reaches each entry point or Gateway, such as
    websecure=https://traefik.kube-system, to verify apps through the proxy. If empty, it connects to the apps directly
    and sends the headers that the proxy would."""
    pod_ip: IpOrNetwork | None = None
    """The operator's own address. Apps that are verified directly trust its headers only if they trust this address."""
    verify_seconds: Annotated[float, Field(gt=0)] = 900.0
    """Seconds between two verifications of an unchanged app, plus up to a tenth of random delay."""
    verify_concurrency: Annotated[int, Field(ge=1, le=256)] = 4
    """Apps verified at the same time."""

    concurrency: Annotated[int, Field(ge=1, le=1024)] = 32
    """Apps reconciled at the same time."""
    resync_seconds: Annotated[float, Field(gt=0)] = 600.0
    """Seconds between two comparisons of all objects with a fresh list, plus up to a tenth of random delay."""
    api_look_seconds: Annotated[float, Field(gt=0)] = 10.0
    """Seconds between two checks of which optional APIs (Traefik, cert-manager, Prometheus operator) are served."""
    backoff_seconds: Annotated[float, Field(gt=0)] = 0.5
    """Seconds before a failed reconcile is tried again; doubled after each failure."""
    backoff_max_seconds: Annotated[float, Field(gt=0)] = 300.0
    """Longest delay in seconds before a failed reconcile is tried again."""
    request_timeout_seconds: Annotated[float, Field(gt=0)] = 30.0
    """Seconds after which a request to the API server fails."""

    health_host: str = "0.0.0.0"
    """Address on which /healthz, /readyz and /metrics listen."""
    health_port: Annotated[int, Field(ge=0, le=65535)] = 8080
    """Port of /healthz, /readyz and /metrics; 0 disables them."""
    log_level: Literal["debug", "info", "warning", "error"] = "info"
    """Lowest level of the messages that are logged."""
    log_format: Literal["text", "json"] = "text"
    """One line of text or one JSON object for each message."""

    @classmethod
    def read(cls, variables: Mapping[str, str], /, **given: Any) -> Self:
        """Return the settings in these environment variables, which the `given` ones override.

        The case of a variable's name does not matter. Raises pydantic.ValidationError.
        """
        upper = {name.upper(): value for name, value in variables.items()}
        from_variables = {name: upper[variable_of(name)] for name in cls.model_fields if variable_of(name) in upper}
        return cls(**(from_variables | given))

    @field_validator("gateways")
    @classmethod
    def _check_gateways(cls, gateways: tuple[str, ...], info: ValidationInfo) -> tuple[str, ...]:
        routes = info.data.get("routes", "traefik")
        if (routes == "gateway") != bool(gateways):
            rule = "must be empty" if gateways else "must name at least one Gateway"
            raise ValueError(f"{rule} if routes is {routes}")
        if len({_parent(one).gateway for one in gateways}) < len(gateways):
            raise ValueError("must not contain the same Gateway twice; leave out the listener to use all of them")
        return gateways

    @property
    def defaults(self) -> Defaults:
        """Return the settings on which the children of an app depend."""
        gateways = tuple(map(_parent, self.gateways))
        entry_points = EntryPoints(self.entry_points, self.entry_point_urls, gateways)
        return Defaults(
            entry_points,
            self.trusted_proxies,
            proxy=_pods(self.proxy_namespace, self.proxy_labels),
            verifying=None if self.proxy_urls else _pods(self.own_namespace, {"app.kubernetes.io/name": "proxiedapp"}),
            monitoring=_pods(self.monitoring_namespace, self.monitoring_labels),
            gateway_pods={name: _pods_of(text) for name, text in self.gateway_pods.items()},
        )


def _pods(namespace: str | None, labels: Mapping[str, str]) -> PodSelector | None:
    return None if namespace is None else PodSelector(namespace, labels)


def _pods_of(text: str) -> PodSelector:
    """Parse `namespace` or `namespace/label=value&label=value`."""
    namespace, _, labels = text.partition("/")
    return PodSelector(namespace, dict(one.partition("=")[::2] for one in labels.split("&") if one))


def _parent(gateway: str) -> Parent:
    """Parse `namespace/name` or `namespace/name/listener`."""
    namespace, name, *section = gateway.split("/")
    return Parent(namespace, name, section[0] if section else None)


def first_problem(error: ValidationError) -> tuple[str, str]:
    """Return the first setting that is invalid, and what is wrong with it, without the full stop."""
    (setting, *inside), problem = problems_of(error)[0]
    return str(setting), ": ".join([*map(str, inside), problem])


def variable_of(setting: str) -> str:
    """Return the environment variable of a setting."""
    return f"{PREFIX}{setting.upper()}"


def misspelled(variables: Iterable[str]) -> Iterator[tuple[str, str]]:
    """Yield each variable that resembles a setting without being one, with the variable of that setting.

    Other `PROXIEDAPP_*` variables belong to the sandbox and to users' scripts, so an unknown one is not an error.
    """
    known = [variable_of(name) for name in Settings.model_fields]
    for variable in sorted(set(variables) - set(known)):
        if variable.startswith(PREFIX):
            for similar in get_close_matches(variable, known, n=1, cutoff=0.9):
                yield variable, similar
