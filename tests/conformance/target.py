"""The Gateway under test: what it is, and where its listeners are reached."""

import re
import ssl
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import urlsplit

from proxiedapp.kube.manifest import Manifest
from tests.conformance.cluster import GATEWAY_API, Cluster
from tests.conformance.errors import ConformanceError

DOMAIN: Final = "conformance.test"
"""The domain of the hosts, unless the listener has a hostname."""
_BUNDLE_VERSION: Final = "gateway.networking.k8s.io/bundle-version"
_CHANNEL: Final = "gateway.networking.k8s.io/channel"
_PROTOCOLS: Final = {"HTTP": "http", "HTTPS": "https"}


def unverified() -> ssl.SSLContext:
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


@dataclass(frozen=True, slots=True)
class Given:
    """What the user gives about the Gateway."""

    namespace: str
    name: str
    urls: tuple[str, ...] = ()
    """Scheme, host and port of listeners, where Gateway.status.addresses is not what this machine reaches."""

    @classmethod
    def parse(cls, gateway: str, urls: str) -> "Given":
        """Parse NAMESPACE/NAME, and URLs with commas between; raises ConformanceError."""
        if not re.fullmatch(r"[a-z0-9.-]+/[a-z0-9.-]+", gateway):
            raise ConformanceError(f"GATEWAY={gateway} must be NAMESPACE/NAME, such as infra/main")
        given = tuple(filter(None, urls.split(",")))
        for url in given:
            parts = _split(url)
            if parts.scheme not in _PROTOCOLS.values() or not parts.hostname or parts.path.strip("/"):
                raise ConformanceError(f"URLS={urls}: {url} must be scheme, host and port, such as http://192.0.2.7:80")
        namespace, _, name = gateway.partition("/")
        return cls(namespace, name, given)


@dataclass(frozen=True, slots=True)
class Address:
    """Where one listener is reached."""

    scheme: str
    host: str
    port: int


@dataclass(frozen=True)
class Target:
    """A Gateway, and the addresses of its listeners for http and https."""

    namespace: str
    name: str
    gateway_class: str
    controller: str
    features: tuple[str, ...] | None
    """The features that the class lists; None if it lists none."""
    bundle: str
    """Version and channel of the CRDs."""
    domain: str
    addresses: tuple[Address, ...]
    tls: ssl.SSLContext = field(default_factory=unverified)
    owned: bool = False
    """Whether the Gateway may be changed, because it exists for the suite only."""

    def address(self, scheme: str) -> Address | None:
        return next((one for one in self.addresses if one.scheme == scheme), None)


def find_target(cluster: Cluster, given: Given) -> Target:
    """Read what the cluster has about the Gateway; raises ConformanceError."""
    crd = cluster.read("/apis/apiextensions.k8s.io/v1/customresourcedefinitions/httproutes.gateway.networking.k8s.io")
    if crd is None:
        raise ConformanceError("the cluster has no Gateway API: install its CRDs, of the standard channel")
    path = f"{GATEWAY_API}/namespaces/{given.namespace}/gateways/{given.name}"
    gateway = cluster.read(path)
    if gateway is None:
        raise ConformanceError(f"the Gateway {given.namespace}/{given.name} does not exist: name another with GATEWAY")
    class_name = gateway["spec"]["gatewayClassName"]
    class_ = cluster.read(f"{GATEWAY_API}/gatewayclasses/{class_name}") or {}
    listeners = [one for one in gateway["spec"]["listeners"] if one["protocol"] in _PROTOCOLS]
    addresses = tuple(_given(url) for url in given.urls) or _reported(gateway, listeners)
    if not any(address.scheme == "http" for address in addresses):
        raise ConformanceError(
            f"no address of a listener for http is known: the Gateway {given.namespace}/{given.name} has none in "
            "status.addresses, so give URLS, such as URLS=http://192.0.2.7:80,https://192.0.2.7:443"
        )
    features = (class_.get("status") or {}).get("supportedFeatures")
    annotations = crd["metadata"].get("annotations") or {}
    return Target(
        given.namespace,
        given.name,
        class_name,
        (class_.get("spec") or {}).get("controllerName", "unknown"),
        None if features is None else tuple(sorted(_name(each) for each in features)),
        f"{annotations.get(_BUNDLE_VERSION, 'unknown')} {annotations.get(_CHANNEL, 'unknown')}",
        _domain(listeners),
        addresses,
    )


def _reported(gateway: Manifest, listeners: list[dict[str, Any]]) -> tuple[Address, ...]:
    """Return the first listener of each protocol at the first address of the Gateway's status."""
    hosts = [address["value"] for address in (gateway.get("status") or {}).get("addresses") or ()]
    found = {_PROTOCOLS[one["protocol"]]: one["port"] for one in reversed(listeners)}
    return tuple(Address(scheme, hosts[0], port) for scheme, port in found.items()) if hosts else ()


def _given(url: str) -> Address:
    parts = _split(url)
    return Address(parts.scheme, str(parts.hostname), parts.port or {"http": 80, "https": 443}[parts.scheme])


def _split(url: str) -> Any:
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError as error:
        raise ConformanceError(f"URLS: {url}: {error}") from error
    return parts


def _domain(listeners: list[dict[str, Any]]) -> str:
    """Return a domain below which the listeners accept any host; raises ConformanceError."""
    hostnames = {one["hostname"] for one in listeners if one.get("hostname")}
    wildcards = {hostname.removeprefix("*.") for hostname in hostnames if hostname.startswith("*.")}
    if not hostnames:
        return DOMAIN
    if not wildcards:
        raise ConformanceError(
            f"the listeners have the hostnames {', '.join(sorted(hostnames))}: the suite uses several hosts, so it "
            "needs a listener with a wildcard or without a hostname"
        )
    return str(min(wildcards))


def _name(feature: Any) -> str:
    return str(feature["name"] if isinstance(feature, dict) else feature)  # a plain string up to v1.2
