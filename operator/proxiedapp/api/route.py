"""The route of an app: hosts, path prefix, entry points and TLS."""

from typing import Annotated, ClassVar, Final, Literal

from pydantic import Field

from proxiedapp.api.base import UNIQUE_ITEMS, UNIQUE_NAMES, ApiModel, CELRule, cel_rule
from proxiedapp.api.fields import (
    ApiGroup,
    CertificateName,
    CookieName,
    EntryPoint,
    GatewayDuration,
    Host,
    KindName,
    NamespaceName,
    ObjectName,
    Port,
    Positive,
    ResolverName,
)
from proxiedapp.api.kubernetes import LocalObjectReference
from proxiedapp.api.labels import Annotations
from proxiedapp.api.paths import PathPrefix

CERT_MANAGER: Final = "cert-manager.io"

MAX_HTTP_ROUTE_HOSTS: Final = 16
"""The most `hostnames` of an HTTPRoute (Gateway API v1.6.1, standard channel)."""

UNIQUE_PARENTS: Final = cel_rule(
    "self.all(one, self.exists_one(other, other.__namespace__ == one.__namespace__ && other.name == one.name))",
    "must not contain the same Gateway twice; leave out sectionName and port to use all its listeners that allow the "
    "app",
    lambda items: len({(item.namespace, item.name) for item in items}) == len(items),
)
"""In rules of a schema, `namespace` is escaped, since it is a reserved word of CEL (Kubernetes documentation,
"Validation rules", v1.36). The same Gateway cannot be named with two listeners: without sectionName, the route belongs
to every listener that allows it."""

StripPrefix = Literal["Auto", "Always", "Never"]
"""Whether the proxy removes the path prefix from requests."""

Bare = Literal["Redirect", "Serve"]
"""What the path prefix without a slash at its end answers."""

PrefixHeader = Literal["Auto", "Always", "Never"]
"""Whether requests reach the app with the header X-Forwarded-Prefix."""


class TLSDomain(ApiModel):
    """Names of one certificate."""

    main: CertificateName
    """Main name of the certificate, such as example.com, or *.example.com for all names one level below."""
    sans: Annotated[list[CertificateName], Field(max_length=32), UNIQUE_ITEMS] | None = None
    """More names of the certificate."""


class IssuerRef(ApiModel):
    """The issuer of the certificate, of cert-manager or of an API group that extends it."""

    rules: ClassVar = (
        CELRule(
            f"(has(self.group) && self.group != '{CERT_MANAGER}')"
            " || !has(self.kind) || self.kind in ['Issuer', 'ClusterIssuer']",
            f"kind must be Issuer or ClusterIssuer if group is {CERT_MANAGER}",
            lambda issuer: issuer.group != CERT_MANAGER or issuer.kind in {"Issuer", "ClusterIssuer"},
        ),
    )

    name: ObjectName
    """Name of the issuer. An Issuer must be in this namespace."""
    kind: KindName = "Issuer"
    """Kind of the issuer: Issuer or ClusterIssuer, or a kind of another group."""
    group: ApiGroup = CERT_MANAGER
    """API group of the issuer."""


class RouteTLS(ApiModel):
    """TLS settings of the route. An empty object serves HTTPS with the default certificate of Traefik."""

    rules: ClassVar = (
        CELRule(
            "!(has(self.issuerRef) && (has(self.certResolver) || has(self.domains)))",
            "tls.issuerRef already requests a certificate for route.hosts; remove tls.certResolver and tls.domains",
            lambda tls: tls.issuer_ref is None or (tls.cert_resolver is None and tls.domains is None),
        ),
        CELRule(
            "!(has(self.secretName) && has(self.certResolver))",
            "set either tls.secretName or tls.certResolver, not both",
            lambda tls: tls.secret_name is None or tls.cert_resolver is None,
        ),
        CELRule(
            "!has(self.domains) || has(self.certResolver)",
            "tls.domains requires tls.certResolver, the resolver that requests their certificate",
            lambda tls: tls.domains is None or tls.cert_resolver is not None,
        ),
    )

    secret_name: ObjectName | None = None
    """Secret of this namespace with tls.crt and tls.key, which Traefik reads. With issuerRef, the Secret that
    cert-manager writes. Default: with issuerRef, the name of the app followed by -tls; else none."""
    issuer_ref: IssuerRef | None = None
    """Issuer of a certificate for the route's hosts, for which the operator creates a Certificate. Default: none."""
    cert_resolver: ResolverName | None = None
    """Name of the certificate resolver in Traefik's configuration that obtains the certificate. Default: none."""
    domains: Annotated[list[TLSDomain], Field(min_length=1, max_length=32)] | None = None
    """Names that the certificate resolver requests. Default: the route's hosts."""
    options: LocalObjectReference | None = None
    """TLSOption of this namespace, with TLS versions and client certificates for example. Traefik applies it to
    hosts, so it has no effect without hosts, or if another route of the host has other options. Default: Traefik's
    own."""


class StickyCookie(ApiModel):
    """A cookie by which the proxy sends a client to the same pod each time. Its path is the app's path prefix."""

    rules: ClassVar = (
        CELRule(
            "!has(self.sameSite) || self.sameSite != 'None' || (has(self.secure) && self.secure)",
            "sameSite: None requires secure: true, because browsers reject such a cookie otherwise",
            lambda cookie: cookie.same_site != "None" or cookie.secure is True,
        ),
    )

    name: CookieName | None = None
    """Name of the cookie. Default: the name of the app, followed by a hash of namespace and name."""
    secure: bool | None = None
    """Whether clients send the cookie over HTTPS only. Default: true if all entry points of the app use TLS."""
    http_only: bool = True
    """Whether the cookie is hidden from JavaScript."""
    same_site: Literal["None", "Lax", "Strict"] | None = None
    """Whether clients send the cookie with requests from pages of other sites. None is needed in frames of other sites.
    Default: left to the browser."""
    max_age_seconds: Positive | None = None
    """Seconds for which clients keep the cookie. Default: until the browser is closed."""


class Sticky(ApiModel):
    """How requests of one client reach the same pod."""

    cookie: StickyCookie
    """The cookie that names the pod; {} for the defaults."""


class ParentRef(ApiModel):
    """A Gateway, or one of its listeners."""

    name: ObjectName
    """Name of the Gateway."""
    namespace: NamespaceName
    """Namespace of the Gateway, which must allow routes of this namespace in its listener's allowedRoutes."""
    section_name: ObjectName | None = None
    """Name of the listener, such as https. Default: every listener that allows the route."""
    port: Port | None = None
    """Port of the listeners. Requires a Gateway that supports ports of parents. Default: any port."""


def _without_gateways(field: str, attribute: str, instead: str) -> CELRule:
    """Return the rule that a field is not set beside parentRefs, as an HTTPRoute has nothing like it."""
    return CELRule(
        f"!(has(self.parentRefs) && size(self.parentRefs) > 0 && has(self.{field}))",
        f"{field} cannot be used with parentRefs; {instead}, or set parentRefs: []",
        lambda route: not route.parent_refs or getattr(route, attribute) is None,
    )


class RouteSpec(ApiModel):
    """Hosts, path prefix, entry points and TLS under which the proxy serves the app."""

    rules: ClassVar = (
        _without_gateways("entryPoints", "entry_points", "name the listener in parentRefs[].sectionName"),
        _without_gateways(
            "ingressClassName", "ingress_class_name", "remove it, as the class of the Gateway selects the proxy"
        ),
        _without_gateways("tls", "tls", "set the certificate in the listener of the Gateway"),
        _without_gateways(
            "middlewares",
            "middlewares",
            "only Traefik's IngressRoutes have them. Use a policy of the Gateway's implementation",
        ),
        _without_gateways(
            "sticky",
            "sticky",
            "the standard channel of Gateway API has no sessions. Use a policy of the Gateway's implementation",
        ),
        CELRule(
            "!(has(self.parentRefs) && size(self.parentRefs) > 0 && has(self.hosts) "
            f"&& size(self.hosts) > {MAX_HTTP_ROUTE_HOSTS})",
            f"an HTTPRoute has at most {MAX_HTTP_ROUTE_HOSTS} hosts; use a name such as *.example.com for several of "
            "them, or set parentRefs: []",
            lambda route: not route.parent_refs or len(route.hosts or []) <= MAX_HTTP_ROUTE_HOSTS,
        ),
        CELRule(
            "!(has(self.parentRefs) && has(self.redirectToHTTPS) && self.redirectToHTTPS) "
            "|| self.parentRefs.all(one, has(one.sectionName))",
            "redirectToHTTPS requires sectionName in each of parentRefs, the name of the listener with https",
            lambda route: not route.redirect_to_https or all(one.section_name for one in route.parent_refs or ()),
        ),
        CELRule(
            "!has(self.timeout) || !has(self.parentRefs) || size(self.parentRefs) > 0",
            "timeout requires a Gateway in parentRefs; Traefik has timeouts for entry points, not for IngressRoutes",
            lambda route: route.timeout is None or route.parent_refs != [],
        ),
        CELRule(
            "!has(self.tls) || !has(self.tls.issuerRef) || (has(self.hosts) && size(self.hosts) > 0)",
            "tls.issuerRef requires hosts, which are the names of the certificate",
            lambda route: route.tls is None or route.tls.issuer_ref is None or bool(route.hosts),
        ),
    )

    hosts: Annotated[list[Host], Field(max_length=32), UNIQUE_ITEMS] | None = None
    """Host names under which the app is served, such as api.example.com, or *.example.com for all names one label below
    example.com, which requires Traefik 3.7. Probes, verification and the URL in the status use the first name without
    *, or proxiedapp in place of the * if there is none. Default: any host."""
    path_prefix: PathPrefix = "/"
    """Path under which the app is served, such as /api/v1. Write the app's own routes, its probes and its command
    without this prefix."""
    strip_prefix: StripPrefix = "Auto"
    """Whether the proxy removes the path prefix from requests. Auto does what the server needs; Always and Never are
    rejected if the server cannot work that way."""
    prefix_header: PrefixHeader = "Auto"
    """Whether requests reach the app with the header X-Forwarded-Prefix, whose value is the path prefix. An app that
    reads the header in addition to the root path of its server uses the prefix twice. So Auto removes the header if the
    operator configures the root path, and otherwise keeps the one that the proxy sets when it strips the prefix."""
    bare: Bare | None = None
    """What GET and HEAD requests for exactly the path prefix get, such as /api/v1. Redirect sends clients to /api/v1/,
    so that relative links of the page work; Serve passes the requests to the app, as it does with all other methods and
    with WebSockets. A Gateway must support redirects of paths; otherwise it serves, and RouteAccepted reports this.
    Default: Redirect."""
    parent_refs: Annotated[list[ParentRef], Field(max_length=8), UNIQUE_PARENTS] | None = None
    """Gateways that serve the app. With at least one, the route is an HTTPRoute of Gateway API; with an empty list, it
    is an IngressRoute of Traefik. Default: set by the operator, which writes IngressRoutes unless its settings name
    Gateways."""
    timeout: GatewayDuration | None = None
    """How long the response to one request may take at the Gateway, with all of its body. Requires a Gateway that
    supports timeouts of requests: Traefik 3.7 ignores it, and RouteAccepted reports this. Default: 0s, no limit."""
    entry_points: Annotated[list[EntryPoint], Field(min_length=1, max_length=16), UNIQUE_ITEMS] | None = None
    """Traefik entry points that serve the app, such as [web, websecure]. Default: set by the operator."""
    tls: RouteTLS | None = None
    """TLS settings for the entry points that serve HTTPS. Needed only for a certificate or options of the app's own: an
    entry point that uses TLS by default serves HTTPS without them."""
    redirect_to_https: Annotated[bool, Field(alias="redirectToHTTPS")] = False
    """Whether plain HTTP entry points redirect clients to HTTPS: those in entryPoints, else those of the operator's
    default."""
    middlewares: Annotated[list[LocalObjectReference], Field(max_length=16), UNIQUE_NAMES] | None = None
    """Traefik Middlewares of this namespace, applied in this order before those of the operator. Default: none."""
    sticky: Sticky | None = None
    """Sends each client to the same pod, for an app that keeps sessions in its memory. Clients without cookies, and
    those whose pod is gone, get another pod. Default: requests are spread over all pods."""
    ingress_class_name: ObjectName | None = None
    """Ingress class of the Traefik that serves the route, if there are several. Requires Traefik 3.7. Default: none."""
    annotations: Annotations | None = None
    """Annotations for the route only, such as those that external-dns reads. A ProxyPolicy can restrict their keys."""

    @property
    def redirects_bare(self) -> bool:
        """Return whether GET and HEAD requests for exactly the path prefix should be redirected."""
        return self.bare != "Serve" and self.path_prefix != "/"
