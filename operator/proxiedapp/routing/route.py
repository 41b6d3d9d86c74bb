"""The route of one app, independent of the proxy API that it is written in.

`routing.traefik` writes it as Traefik objects, `routing.gateway` as an HTTPRoute.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from proxiedapp.kube.key import Key
from proxiedapp.routing.rule import Rule

NO_TIMEOUT: Final = "0s"
"""The time limit of a route that has none, in the syntax of Gateway API."""


@dataclass(frozen=True, slots=True)
class StickyCookie:
    """A cookie that the proxy sets for the path prefix, and that names the pod of a client."""

    name: str
    secure: bool
    http_only: bool
    same_site: str | None
    """None, Lax or Strict; None leaves the attribute out."""
    max_age: int | None
    """Seconds; None for a cookie of the session."""


@dataclass(frozen=True, slots=True)
class Parent:
    """A Gateway that serves a route, or one of its listeners."""

    namespace: str
    name: str
    section: str | None
    """The listener; None for every listener that allows the route."""
    port: int | None = None
    """The port of the listeners; None for any port."""

    @property
    def gateway(self) -> str:
        """Namespace and name of the Gateway."""
        return f"{self.namespace}/{self.name}"


@dataclass(frozen=True, slots=True)
class Route:
    """Where an app is served and what the proxy does to requests on the way to it."""

    app: Key
    rule: Rule
    strips: bool
    """Whether the proxy removes the path prefix."""
    entry_points: tuple[str, ...]
    """Entry points of the main route; they use TLS if `tls` is set or the entry point does so by default. For a route
    with parents, namespace and name of each Gateway."""
    ingress_class_name: str | None
    service: str
    """Name of the Service that receives the requests."""
    port: int
    """Port of that Service."""
    tls: Mapping[str, Any] | None = None
    """The IngressRoute's `tls` field; None leaves it out."""
    plain_entry_points: tuple[str, ...] = ()
    """More entry points, served without TLS by a route of their own."""
    redirect: Mapping[str, Any] | None = None
    """The `redirectScheme` that sends clients of the plain entry points to HTTPS; None serves the app there."""
    middlewares: tuple[str, ...] = ()
    """Names of the user's Middlewares, in order."""
    sticky: StickyCookie | None = None
    """The cookie that binds a client to a pod; None for no binding."""
    prefix_header: bool = False
    """Whether requests carry the prefix in X-Forwarded-Prefix."""
    redirects_bare: bool = False
    """Whether GET and HEAD requests for exactly the path prefix are redirected to the prefix with a slash."""
    parents: tuple[Parent, ...] = ()
    """The Gateways that serve the route; with none, Traefik's entry points do."""
    public: tuple[str, int] | None = None
    """Scheme and port at which clients reach the only listener of each parent, if the settings have them."""
    plain_parents: tuple[Parent, ...] = ()
    """Listeners of these Gateways without TLS, from which clients are redirected to https."""
    timeout: str = NO_TIMEOUT
    """How long a response may take at the Gateways."""
    earlier_priority: bool = False
    """Whether the route has the priority of earlier releases, because a route below its prefix still has its own."""

    def priority_at(self, host: str) -> int:
        """Return Traefik's priority of the route at one of its hosts; at any host, for a route without hosts."""
        return self.rule.earlier_priority_at(host) if self.earlier_priority else self.rule.priority_at(host)
