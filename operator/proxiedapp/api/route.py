"""Where an app is served, and how TLS ends there."""

from typing import Annotated, ClassVar, Final, Literal

from pydantic import Field

from proxiedapp.api.base import UNIQUE, ApiModel, CELRule, unique_by
from proxiedapp.api.fields import (
    ApiGroup,
    CertificateName,
    EntryPoint,
    Host,
    KindName,
    ObjectName,
    PathPrefix,
    ResolverName,
)
from proxiedapp.api.kubernetes import LocalObjectReference

_CERT_MANAGER: Final = "cert-manager.io"

StripPrefix = Literal["Auto", "Always", "Never"]
"""Whether the proxy cuts the prefix off before the request reaches the pod."""


class TLSDomain(ApiModel):
    """Names for which a certificate is asked."""

    main: CertificateName
    """The certificate's first name; may begin with *. for all names one level below."""
    sans: Annotated[list[CertificateName], Field(max_length=32), UNIQUE] | None = None
    """Its further names."""


class IssuerRef(ApiModel):
    """Who issues the certificate: an issuer of cert-manager's, or of a group that extends it."""

    rules: ClassVar = (
        CELRule(
            f"(has(self.group) && self.group != '{_CERT_MANAGER}')"
            " || !has(self.kind) || self.kind in ['Issuer', 'ClusterIssuer']",
            f"kind must be Issuer or ClusterIssuer in the group {_CERT_MANAGER}",
            lambda issuer: issuer.group != _CERT_MANAGER or issuer.kind in {"Issuer", "ClusterIssuer"},
        ),
    )

    name: ObjectName
    """Its name; an Issuer is one of this namespace."""
    kind: KindName = "Issuer"
    """Issuer or ClusterIssuer; in another group what its kinds are called."""
    group: ApiGroup = _CERT_MANAGER
    """Its API group."""


class RouteTLS(ApiModel):
    """How Traefik ends TLS for the app. Empty: with its default certificate."""

    rules: ClassVar = (
        CELRule(
            "!(has(self.issuerRef) && (has(self.certResolver) || has(self.domains)))",
            "tls.issuerRef asks cert-manager for a certificate of route.hosts; remove tls.certResolver and tls.domains",
            lambda tls: tls.issuer_ref is None or (tls.cert_resolver is None and tls.domains is None),
        ),
        CELRule(
            "!(has(self.secretName) && has(self.certResolver))",
            "give tls.secretName or tls.certResolver, not both",
            lambda tls: tls.secret_name is None or tls.cert_resolver is None,
        ),
        CELRule(
            "!has(self.domains) || has(self.certResolver)",
            "tls.domains needs tls.certResolver, which asks for their certificate",
            lambda tls: tls.domains is None or tls.cert_resolver is not None,
        ),
    )

    secret_name: ObjectName | None = None
    """Secret of this namespace with tls.crt and tls.key; the operator itself never reads it. With issuerRef the one
    that cert-manager writes, by default the app's name and -tls."""
    issuer_ref: IssuerRef | None = None
    """Ask cert-manager for a certificate of the route's hosts: a Certificate for the Secret."""
    cert_resolver: ResolverName | None = None
    """The resolver in Traefik's configuration that gets the certificate."""
    domains: Annotated[list[TLSDomain], Field(min_length=1, max_length=32)] | None = None
    """What the resolver asks for; the route's hosts if absent."""
    options: LocalObjectReference | None = None
    """A TLSOption of this namespace."""


class RouteSpec(ApiModel):
    """Where the app is served."""

    rules: ClassVar = (
        CELRule(
            "!has(self.tls) || !has(self.tls.issuerRef) || (has(self.hosts) && size(self.hosts) > 0)",
            "tls.issuerRef needs hosts, the names of the certificate",
            lambda route: route.tls is None or route.tls.issuer_ref is None or bool(route.hosts),
        ),
    )

    hosts: Annotated[list[Host], Field(max_length=32), UNIQUE] | None = None
    """Host names to serve; any host if absent."""
    path_prefix: PathPrefix = "/"
    """The path under which the app is served, like /api/v1. The app itself does not know it: its own routes, probes and
    commands are written without it."""
    strip_prefix: StripPrefix = "Auto"
    """Whether the proxy cuts the prefix. Auto does what the server needs; a mode the server cannot serve is refused."""
    entry_points: Annotated[list[EntryPoint], Field(min_length=1, max_length=16), UNIQUE] | None = None
    """Traefik's entry points to serve on; the operator's default if absent."""
    tls: RouteTLS | None = None
    """TLS settings for the entry points that speak https. Needed only for a certificate or options of the app's own:
    an entry point that speaks TLS by itself does so without."""
    redirect_to_https: Annotated[bool, Field(alias="redirectToHTTPS")] = False
    """Whether plain entry points send clients on to https: those named here, else the operator's own."""
    middlewares: Annotated[list[LocalObjectReference], Field(max_length=16), unique_by("name")] | None = None
    """The user's own Traefik Middlewares of this namespace, in order, before those of the operator."""
    ingress_class_name: ObjectName | None = None
    """Which Traefik serves the route, where there are several (needs Traefik 3.7)."""
