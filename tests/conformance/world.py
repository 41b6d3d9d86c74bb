"""A namespace with the app of the suite, and HTTPRoutes to it as the operator writes them."""

import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http import HTTPStatus
from itertools import count
from pathlib import Path
from typing import Any, Final
from uuid import uuid4

from proxiedapp.kube.key import Key
from proxiedapp.kube.manifest import Manifest
from proxiedapp.routing.gateway import http_route_of
from proxiedapp.routing.route import Parent, Route
from proxiedapp.routing.rule import Rule
from tests.conformance.client import Answer, Client
from tests.conformance.cluster import Cluster, address, eventually
from tests.conformance.errors import ConformanceError, WrongError
from tests.conformance.target import Target

PREFIX: Final = "/api/v1"
SERVICE: Final = "echo"
_PORT: Final = 8000
_READY_SECONDS: Final = 180.0
_ECHO: Final = Path(__file__).with_name("echo.py")


@dataclass(frozen=True)
class Site:
    """One HTTPRoute with a host of its own."""

    target: Target
    host: str
    manifest: Manifest
    prefix: str = PREFIX

    def client(self, scheme: str = "http") -> Client:
        return Client(self.target, self.host, scheme)

    def get(self, path: str, *headers: tuple[str, str], scheme: str = "http", body: bytes = b"") -> Answer:
        """Request a path, which includes the prefix, by the host of the route."""
        return self.client(scheme).get(path, headers, body)


@dataclass
class World:
    """What scenarios use."""

    cluster: Cluster
    target: Target
    namespace: str
    _numbers: Iterator[int] = field(default_factory=lambda: count(1))
    _sites: dict[tuple[Any, ...], Site] = field(default_factory=dict)

    @property
    def other_namespace(self) -> str:
        """Return the name of a second namespace, which a scenario may create."""
        return f"{self.namespace}-other"

    def host(self) -> str:
        """Return a host that no other route has."""
        return f"h{next(self._numbers)}.{self.namespace}.{self.target.domain}"

    def site(self, **changes: Any) -> Site:
        """Return a route that serves; scenarios that change nothing in it share one for each set of changes."""
        key = tuple(sorted(changes.items()))
        if key not in self._sites:
            site = self.made(self.host(), **changes)
            self.served(site)
            self._sites[key] = site
        return self._sites[key]

    def made(self, host: str, prefix: str = PREFIX, **changes: Any) -> Site:
        """Create a route and return at once."""
        manifest = self.manifest(host, prefix, **changes)
        self.cluster.create(manifest)
        return Site(self.target, host, manifest, prefix)

    def manifest(self, host: str, prefix: str = PREFIX, **changes: Any) -> Manifest:
        """Return an HTTPRoute as the operator writes it for an app of this name."""
        name = f"r{next(self._numbers)}"
        hosts = changes.pop("hosts", (host,))
        parents = changes.pop("parents", (Parent(self.target.namespace, self.target.name, None),))
        route = Route(
            Key(self.namespace, name),
            Rule(tuple(hosts), prefix),
            changes.pop("strips", True),
            (),
            None,
            SERVICE,
            80,
            parents=parents,
            **changes,
        )
        made = http_route_of(route)
        return {
            "apiVersion": "gateway.networking.k8s.io/v1",
            "kind": "HTTPRoute",
            "metadata": {"name": made.name, "namespace": self.namespace},
            "spec": dict(made.spec),
        }

    def served(self, site: Site, status: int = 200) -> None:
        """Wait until the route answers with this status; raises WrongError."""
        path = f"{site.prefix}/app"

        def look() -> bool:
            found = {one.scheme: _status(site, path, one.scheme) for one in self.target.addresses}
            if set(found.values()) != {status}:
                raise WrongError(f"{found}")
            return True

        eventually(look, f"{status} for {site.host}{path}")


@contextmanager
def world(cluster: Cluster, target: Target, image: str) -> Iterator[World]:
    """Create the namespace and the app, wait until it is ready, and delete all of it at the end."""
    namespace = f"conformance-{uuid4().hex[:6]}"
    space: Manifest = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": namespace}}
    cluster.create(space)
    try:
        for manifest in _app(namespace, image):
            cluster.create(manifest)
        try:
            eventually(lambda: _is_ready(cluster, namespace), "the pod", _READY_SECONDS)
        except WrongError as error:
            raise ConformanceError(f"the app with APP_IMAGE={image} does not become ready: {error}") from error
        yield World(cluster, target, namespace)
    finally:
        cluster.delete(space)
        cluster.delete(space | {"metadata": {"name": f"{namespace}-other"}})


def _status(site: Site, path: str, scheme: str) -> int:
    """Return the status of a request; 404 if the proxy ends the TLS handshake, as Envoy does for unknown hosts."""
    try:
        return site.get(path, scheme=scheme).status
    except (ConnectionResetError, ssl.SSLEOFError):
        if scheme == "https":
            return HTTPStatus.NOT_FOUND
        raise


def _is_ready(cluster: Cluster, namespace: str) -> bool:
    deployment = cluster.request("GET", f"/apis/apps/v1/namespaces/{namespace}/deployments/{SERVICE}")
    return bool((deployment.get("status") or {}).get("availableReplicas"))


def _app(namespace: str, image: str) -> Iterator[Manifest]:
    metadata = {"name": SERVICE, "namespace": namespace}
    labels = {"app": SERVICE}
    yield {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": {"echo.py": _ECHO.read_text()}}
    container = {
        "name": SERVICE,
        "image": image,
        "command": ["python", "/conformance/echo.py", str(_PORT)],
        "ports": [{"containerPort": _PORT}],
        "readinessProbe": {"tcpSocket": {"port": _PORT}, "periodSeconds": 1, "timeoutSeconds": 10},
        "volumeMounts": [{"name": "program", "mountPath": "/conformance"}],
        "securityContext": {
            "allowPrivilegeEscalation": False,
            "capabilities": {"drop": ["ALL"]},
            "runAsNonRoot": True,
            "runAsUser": 65534,
            "seccompProfile": {"type": "RuntimeDefault"},
        },
    }
    pod = {"containers": [container], "volumes": [{"name": "program", "configMap": {"name": SERVICE}}]}
    yield {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": metadata,
        "spec": {
            "replicas": 1,
            "selector": {"matchLabels": labels},
            "template": {"metadata": {"labels": labels}, "spec": pod},
        },
    }
    yield {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": metadata,
        "spec": {"selector": labels, "ports": [{"port": 80, "targetPort": _PORT}]},
    }


def status_of(cluster: Cluster, manifest: Manifest) -> list[Manifest]:
    """Return what Gateways report about an HTTPRoute."""
    found: list[Manifest] = (cluster.request("GET", address(manifest)).get("status") or {}).get("parents") or []
    return found
