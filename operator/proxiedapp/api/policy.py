"""A ProxyPolicy: which namespaces may use which hosts, prefixes, entry points and the like."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, ClassVar, Final, Literal

from pydantic import Field

from proxiedapp.api.addresses import TrustedProxy
from proxiedapp.api.app import validated
from proxiedapp.api.base import UNIQUE_ITEMS, ApiModel, CELRule
from proxiedapp.api.errors import InvalidSpecError
from proxiedapp.api.fields import (
    QUALIFIED_KEYS,
    ApiGroup,
    EntryPointOrGateway,
    HostPattern,
    KindName,
    ObjectName,
    ResolverName,
    text,
)
from proxiedapp.api.names import API_VERSION, POLICY_KIND
from proxiedapp.api.paths import PathPrefix
from proxiedapp.api.route import CERT_MANAGER

MAX_NAMES: Final = 256
"""Namespaces that one ProxyPolicy may list by name; select more by their labels."""
MAX_ALLOWED: Final = 64
"""Items in each list of what a ProxyPolicy allows."""

_LABEL_KEY: Final = r"^([a-z0-9]([-a-z0-9.]*[a-z0-9])?/)?[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?$"
_LABEL_VALUE: Final = "^(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?$"
LabelKey = Annotated[str, text(_LABEL_KEY, max_length=317)]
LabelValue = Annotated[str, Field(pattern=_LABEL_VALUE, max_length=63)]
AnnotationKeys = Annotated[
    str,
    text(
        r"^(([a-z0-9]([-a-z0-9.]*[a-z0-9])?/)?[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?"
        r"|[a-z0-9]([-a-z0-9.]*[a-z0-9])?/\*)$",
        max_length=317,
    ),
]
"""The key of an annotation, or a domain followed by `/*`."""
IngressClass = Annotated[str, Field(pattern=r"^([a-z0-9]([-a-z0-9.]*[a-z0-9])?)?$", max_length=253)]
"""The name of an ingress class; empty for an app that names none."""


class LabelRequirement(ApiModel):
    """A condition on one label of a namespace."""

    rules: ClassVar = (
        CELRule(
            "(self.operator in ['In', 'NotIn']) == (has(self.values) && size(self.values) > 0)",
            "values is required with the operators In and NotIn, and not allowed with Exists and DoesNotExist",
            lambda one: (one.operator in {"In", "NotIn"}) == bool(one.values),
        ),
    )

    key: LabelKey
    """Key of the label."""
    operator: Literal["In", "NotIn", "Exists", "DoesNotExist"]
    """How the value of the label is compared. As in Kubernetes, NotIn also selects namespaces without the label."""
    values: Annotated[list[LabelValue], Field(max_length=64)] | None = None
    """Values to compare with, for In and NotIn."""


class NamespaceSelector(ApiModel):
    """Labels that a namespace must have. Every condition must hold; an empty selector selects all namespaces."""

    match_labels: Annotated[dict[str, LabelValue], Field(max_length=32), QUALIFIED_KEYS] | None = None
    """Labels with their values."""
    match_expressions: Annotated[list[LabelRequirement], Field(max_length=16)] | None = None
    """Further conditions on labels."""


class PolicyNamespaces(ApiModel):
    """The namespaces that a policy applies to: those listed by name, and those that the selector matches."""

    rules: ClassVar = (
        CELRule(
            "has(self.names) || has(self.selector)",
            "set names, selector or both; selector: {} selects all namespaces",
            lambda one: one.names is not None or one.selector is not None,
        ),
    )

    names: Annotated[list[ObjectName], Field(max_length=MAX_NAMES), UNIQUE_ITEMS] | None = None
    """Names of namespaces."""
    selector: NamespaceSelector | None = None
    """Selector for the labels of namespaces."""


class AllowedIssuer(ApiModel):
    """An issuer of certificates, or every issuer of a kind."""

    kind: KindName
    """Kind of the issuer, such as Issuer or ClusterIssuer."""
    name: ObjectName | None = None
    """Name of the issuer. Default: every issuer of this kind."""
    group: ApiGroup = CERT_MANAGER
    """API group of the issuer."""


class Allowed(ApiModel):
    """What apps may ask for. A field that is absent does not restrict anything; an empty list allows nothing."""

    hosts: Annotated[list[HostPattern], Field(max_length=MAX_ALLOWED), UNIQUE_ITEMS] | None = None
    """Hosts that apps may use, also for certificates: a name, *.example.com for all names below example.com, or * for
    every host. Only * allows an app without hosts, which gets requests for any host."""
    path_prefixes: Annotated[list[PathPrefix], Field(max_length=MAX_ALLOWED), UNIQUE_ITEMS] | None = None
    """Path prefixes that apps may use, with everything below them: /team-a allows /team-a and /team-a/orders, but not
    /team-abc."""
    entry_points: Annotated[list[EntryPointOrGateway], Field(max_length=MAX_ALLOWED), UNIQUE_ITEMS] | None = None
    """Entry points and Gateways that apps may use: a name such as websecure, or namespace and name of a Gateway, such
    as infra/main. An app that names none uses the operator's default entry points."""
    ingress_class_names: Annotated[list[IngressClass], Field(max_length=MAX_ALLOWED), UNIQUE_ITEMS] | None = None
    """Ingress classes that apps may name; an empty string allows apps that name none."""
    issuers: Annotated[list[AllowedIssuer], Field(max_length=MAX_ALLOWED)] | None = None
    """Issuers that may sign the certificates of apps."""
    cert_resolvers: Annotated[list[ResolverName], Field(max_length=MAX_ALLOWED), UNIQUE_ITEMS] | None = None
    """Certificate resolvers of Traefik that apps may name."""
    tls_options: Annotated[list[ObjectName], Field(max_length=MAX_ALLOWED), UNIQUE_ITEMS] | None = None
    """Names of the TLSOptions that apps may use in spec.route.tls.options. Traefik applies one TLSOption to a host, so
    it also affects other apps on the host."""
    trusted_proxies: Annotated[list[TrustedProxy], Field(max_length=MAX_ALLOWED), UNIQUE_ITEMS] | None = None
    """Networks that apps may trust in spec.proxy.trustedProxies, with everything inside them; * allows all addresses.
    The operator's default is always allowed."""


class ProxyPolicySpec(ApiModel):
    """Which namespaces the policy applies to, and what it allows the apps in them."""

    namespaces: PolicyNamespaces
    """The namespaces that the policy applies to."""
    allow: Allowed = Allowed.model_construct()
    """What apps in these namespaces may ask for. Default: everything."""
    route_annotations: Annotated[list[AnnotationKeys], Field(max_length=MAX_ALLOWED), UNIQUE_ITEMS] | None = None
    """Keys of annotations that routes may have: a key, or example.com/* for all keys of a domain. Controllers such as
    external-dns act on them. Apps may use only these keys in spec.route.annotations; keys of spec.commonAnnotations are
    set on routes only if they are listed here. Default: none if allow.hosts restricts hosts, because annotations can
    name hosts, too; else all keys in spec.route.annotations, and none of spec.commonAnnotations."""


@dataclass(frozen=True, slots=True)
class ProxyPolicy:
    """Name and spec of a ProxyPolicy."""

    name: str
    spec: ProxyPolicySpec


def parse_policy(manifest: Mapping[str, Any]) -> ProxyPolicy:
    """Parse a whole ProxyPolicy, from a file or from the API server; raises InvalidSpecError."""
    if (manifest.get("apiVersion"), manifest.get("kind")) != (API_VERSION, POLICY_KIND):
        problem = f"the object must have apiVersion {API_VERSION} and kind {POLICY_KIND}"
        raise InvalidSpecError("kind", problem, "Correct apiVersion and kind")
    unknown = manifest.keys() - {"apiVersion", "kind", "metadata", "spec"}
    if unknown:
        raise InvalidSpecError(min(map(str, unknown)), f"it is not a field of a {POLICY_KIND}", "Remove it")
    metadata = manifest.get("metadata")
    name = metadata.get("name") if isinstance(metadata, Mapping) else None
    if not isinstance(name, str) or not re.fullmatch(r"[a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?", name):
        raise InvalidSpecError("metadata.name", "it is missing, or not a DNS name", "Give the policy a name")
    return ProxyPolicy(name, validated(ProxyPolicySpec, manifest.get("spec")))
