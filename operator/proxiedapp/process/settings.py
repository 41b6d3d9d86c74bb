"""The operator's settings: `PROXIEDAPP_*` variables, flags of `proxiedapp run`, or a YAML file."""

from collections.abc import Iterable, Iterator
from difflib import get_close_matches
from pathlib import Path
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator, BeforeValidator, Field
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from proxiedapp.api.fields import EntryPoint, IpOrNetwork, ObjectName
from proxiedapp.resources.defaults import Defaults, PodSelector
from proxiedapp.routing.entrypoints import EntryPoints

_PREFIX = "PROXIEDAPP_"
PRIVATE_NETWORKS = ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "fc00::/7")
"""Where a cluster's proxy usually lives. Better name the proxy's own network: whoever is in these can forge headers."""


def _split(value: Any) -> Any:
    """Read `a,b` from a variable; lists pass through."""
    return tuple(part.strip() for part in value.split(",") if part.strip()) if isinstance(value, str) else value


def _split_pairs(value: Any) -> Any:
    """Read `web=http://a,websecure=https://b` from a variable; mappings pass through."""
    return dict(pair.partition("=")[::2] for pair in _split(value)) if isinstance(value, str) else value


def _base_url(value: str) -> str:
    """Accept scheme, host and port, and nothing after them."""
    parts = urlsplit(value)  # raises ValueError for what is no address at all
    whole = value == f"{parts.scheme}://{parts.netloc}" and "@" not in parts.netloc
    if parts.scheme not in {"http", "https"} or not parts.hostname or parts.port == 0 or not whole:
        raise ValueError(f"{value} must be scheme, host and port, like https://example.com:8443")
    return value


class Settings(BaseSettings):
    """All settings; each is `PROXIEDAPP_` and its name in upper case."""

    model_config = SettingsConfigDict(env_prefix=_PREFIX, frozen=True, extra="forbid", use_attribute_docstrings=True)

    kubeconfig: Path | None = None
    """Kubeconfig file; in a cluster the pod's own account is used, elsewhere KUBECONFIG or ~/.kube/config."""
    namespaces: Annotated[tuple[ObjectName, ...], NoDecode, BeforeValidator(_split)] = ()
    """Namespaces to serve; all if empty."""

    entry_points: Annotated[tuple[EntryPoint, ...], NoDecode, BeforeValidator(_split), Field(min_length=1)] = (
        "web",
        "websecure",
    )
    """Traefik's entry points for apps that name none."""
    entry_point_urls: Annotated[
        dict[EntryPoint, Annotated[str, AfterValidator(_base_url)]], NoDecode, BeforeValidator(_split_pairs)
    ] = {"web": "http://*", "websecure": "https://*"}
    """Where each entry point is reached from outside, like websecure=https://example.com:8443; `*` is an unknown host.
    An app's own host takes the place of the host. They make up status.url."""
    trusted_proxies: Annotated[tuple[IpOrNetwork, ...], NoDecode, BeforeValidator(_split)] = PRIVATE_NETWORKS
    """Addresses and networks of the proxy, for apps that name none."""

    proxy_namespace: ObjectName | None = None
    """Namespace of the proxy's pods, which isolated apps (spec.proxy.isolate) let in."""
    proxy_labels: Annotated[dict[str, str], NoDecode, BeforeValidator(_split_pairs)] = {}
    """Labels of the proxy's pods, like app.kubernetes.io/name=traefik; all pods of the namespace if empty."""
    monitoring_namespace: ObjectName | None = None
    """Namespace of the pods that read metrics, which isolated apps with spec.monitoring let in."""
    monitoring_labels: Annotated[dict[str, str], NoDecode, BeforeValidator(_split_pairs)] = {}
    """Their labels, like app.kubernetes.io/name=prometheus; all pods of the namespace if empty."""
    own_namespace: ObjectName | None = None
    """The operator's own namespace: that of its Lease, and let in by isolated apps where it asks them directly to
    verify them."""
    lease: bool = True
    """Whether the operator writes only while it holds a Lease in its own namespace, so that there may be several
    replicas; without own_namespace it does not ask for one."""
    lease_name: ObjectName = "proxiedapp"
    """Name of the Lease."""
    lease_seconds: Annotated[float, Field(ge=3, le=3600)] = 15.0
    """Seconds after which another replica takes over from one that does not renew the Lease any more."""
    identity: Annotated[str, Field(min_length=1, max_length=253)] | None = None
    """Who holds the Lease: the pod's name, by which a container that was started again goes on at once; made up if
    absent."""

    proxy_urls: Annotated[
        dict[EntryPoint, Annotated[str, AfterValidator(_base_url)]], NoDecode, BeforeValidator(_split_pairs)
    ] = {}
    """Where the operator itself reaches each entry point, like websecure=https://traefik.kube-system, to verify apps
    through the proxy; without it they are asked directly, with the headers that the proxy would send."""
    pod_ip: IpOrNetwork | None = None
    """The operator's own address, by which apps that are asked directly may know whether to believe its headers."""
    verify_seconds: Annotated[float, Field(gt=0)] = 900.0
    """Seconds between two verifications of an app in which nothing changed, each up to a tenth later."""
    verify_concurrency: Annotated[int, Field(ge=1, le=256)] = 4
    """Apps verified at the same time."""

    concurrency: Annotated[int, Field(ge=1, le=1024)] = 32
    """Apps reconciled at the same time."""
    resync_seconds: Annotated[float, Field(gt=0)] = 600.0
    """Seconds between two comparisons of everything with a fresh list, each up to a tenth later."""
    api_look_seconds: Annotated[float, Field(gt=0)] = 10.0
    """Seconds between two looks at which of Traefik's, cert-manager's and the Prometheus operator's APIs there are."""
    backoff_seconds: Annotated[float, Field(gt=0)] = 0.5
    """Seconds before a failed reconcile is tried again; doubled each time."""
    backoff_max_seconds: Annotated[float, Field(gt=0)] = 300.0
    """Longest wait between two tries."""
    request_timeout_seconds: Annotated[float, Field(gt=0)] = 30.0
    """Seconds after which a request to the API server has failed."""

    health_host: str = "0.0.0.0"
    """Address that /healthz, /readyz and /metrics listen on."""
    health_port: Annotated[int, Field(ge=0, le=65535)] = 8080
    """Their port; 0 switches them off."""
    log_level: Literal["debug", "info", "warning", "error"] = "info"
    """Least important messages that are logged."""
    log_format: Literal["text", "json"] = "text"
    """One line for people, or one JSON object, per message."""

    @property
    def defaults(self) -> Defaults:
        """Return the settings on which the children of an app depend."""
        entry_points = EntryPoints(self.entry_points, self.entry_point_urls)
        monitoring = None
        if self.monitoring_namespace is not None:
            monitoring = PodSelector(self.monitoring_namespace, self.monitoring_labels)
        return Defaults(entry_points, self.trusted_proxies, self._admitted, monitoring)

    @property
    def _admitted(self) -> tuple[PodSelector, ...]:
        """Return who may reach isolated apps; nobody where the proxy is not known."""
        if self.proxy_namespace is None:
            return ()
        proxy = PodSelector(self.proxy_namespace, self.proxy_labels)
        if self.proxy_urls or self.own_namespace is None:
            return (proxy,)
        return (proxy, PodSelector(self.own_namespace, {"app.kubernetes.io/name": "proxiedapp"}))


def misspelt(variables: Iterable[str]) -> Iterator[tuple[str, str]]:
    """Yield each variable that is no setting but much like one, and that one; pydantic-settings lets them pass."""
    known = [f"{_PREFIX}{name.upper()}" for name in Settings.model_fields]
    for variable in sorted(set(variables) - set(known)):
        if variable.startswith(_PREFIX):
            for meant in get_close_matches(variable, known, n=1, cutoff=0.9):
                yield variable, meant
