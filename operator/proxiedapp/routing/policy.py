"""Whether ProxyPolicies allow what an app asks for. Pure.

An app is allowed if one policy that selects its namespace allows everything it asks for; several policies do not add
up. Without any policy everything is allowed (docs/decisions/0019-policies.md).
"""

import ipaddress
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from proxiedapp.api.addresses import without_mapping
from proxiedapp.api.budget import Budget, BudgetError
from proxiedapp.api.errors import NotAllowedError
from proxiedapp.api.policy import AllowedIssuer, LabelRequirement, NamespaceSelector, ProxyPolicy
from proxiedapp.api.route import IssuerRef
from proxiedapp.api.spec import ProxiedAppSpec
from proxiedapp.routing.claim import Claim
from proxiedapp.routing.entrypoints import EntryPoints, is_gateway
from proxiedapp.routing.routeannotations import NO_ROUTE_ANNOTATIONS, RouteAnnotations

NAME_LABEL: Final = "kubernetes.io/metadata.name"
"""The label with the name of a namespace, which the API server sets on each of them."""
MAX_SHOWN: Final = 5
"""Allowed values that a message lists."""
NO_POLICY_FIELD: Final = "metadata.namespace"


@dataclass(frozen=True, slots=True)
class AppRequest:
    """What an app asks for, as far as policies can restrict it."""

    hosts: tuple[str, ...]
    """Empty for an app that gets requests for any host."""
    certificate_names: tuple[str, ...]
    """Names that a certificate resolver requests in addition to the hosts."""
    path_prefix: str
    entry_points: tuple[str, ...]
    ingress_class: str
    """Empty if the app names none."""
    issuer: IssuerRef | None = None
    cert_resolver: str | None = None
    tls_options: str | None = None
    trusted_proxies: tuple[str, ...] = ()
    """Those of the spec; the operator's default needs no permission."""
    annotations: tuple[str, ...] = ()
    """Keys of the annotations that the spec sets on routes."""

    @classmethod
    def of_spec(cls, spec: ProxiedAppSpec, entry_points: EntryPoints) -> "AppRequest":
        """Return what a spec asks for; `entry_points` has those of an app that names none."""
        route, tls = spec.route, spec.route.tls
        of_app = entry_points.for_route(route)
        domains = () if tls is None else tuple(tls.domains or ())
        return cls(
            hosts=tuple(route.hosts or ()),
            certificate_names=tuple(name for domain in domains for name in (domain.main, *(domain.sans or ()))),
            path_prefix=route.path_prefix,
            entry_points=(*of_app.main, *of_app.plain),
            ingress_class=route.ingress_class_name or "",
            issuer=None if tls is None else tls.issuer_ref,
            cert_resolver=None if tls is None else tls.cert_resolver,
            tls_options=None if tls is None or tls.options is None else tls.options.name,
            trusted_proxies=tuple(spec.proxy.trusted_proxies or ()),
            annotations=tuple(route.annotations or ()),
        )

    @classmethod
    def of_claim(cls, claim: Claim) -> "list[AppRequest]":
        """Return what routes with these route keys ask for, as far as their route keys show it."""
        return [
            cls((one.host,) if one.host else (), (), one.prefix, (one.entry_point,), one.ingress_class) for one in claim
        ]


@dataclass(frozen=True, slots=True)
class Violation:
    """A field of an app with a value that a policy does not allow."""

    field: str
    value: str
    """The value with a noun, such as `the host shop.example.com`."""
    allowed: tuple[str, ...]
    """What the policy allows instead."""
    removable: bool = True
    """Whether the app can do without a value in this field."""

    @property
    def fix(self) -> str:
        """Return what the author can do, without a full stop."""
        shown = ", ".join(self.allowed[:MAX_SHOWN]) + (", ..." if len(self.allowed) > MAX_SHOWN else "")
        if self.allowed:
            return f"Use what it allows ({shown}), or ask the administrators of the cluster to allow more"
        if self.removable:
            return "Remove it, or ask the administrators of the cluster to allow it"
        return "Ask the administrators of the cluster to allow it"


@dataclass(frozen=True, slots=True)
class Policy:
    """A ProxyPolicy, prepared for look-ups: each list is a set, so that a check does not depend on its length."""

    name: str
    names: frozenset[str]
    selector: NamespaceSelector | None
    hosts: frozenset[str] | None
    prefixes: frozenset[str] | None
    entry_points: frozenset[str] | None
    ingress_classes: frozenset[str] | None
    issuers: tuple[AllowedIssuer, ...] | None
    cert_resolvers: frozenset[str] | None
    tls_options: frozenset[str] | None
    trusted_proxies: frozenset[str] | None
    route_annotations: RouteAnnotations | None
    """None if the policy has no list of keys."""

    @classmethod
    def of(cls, policy: ProxyPolicy) -> "Policy":
        """Prepare a ProxyPolicy."""
        namespaces, allow = policy.spec.namespaces, policy.spec.allow
        return cls(
            name=policy.name,
            names=frozenset(namespaces.names or ()),
            selector=namespaces.selector,
            hosts=_set(allow.hosts),
            prefixes=_set(allow.path_prefixes),
            entry_points=_set(allow.entry_points),
            ingress_classes=_set(allow.ingress_class_names),
            issuers=None if allow.issuers is None else tuple(allow.issuers),
            cert_resolvers=_set(allow.cert_resolvers),
            tls_options=_set(allow.tls_options),
            trusted_proxies=_set(allow.trusted_proxies),
            route_annotations=_keys(policy.spec.route_annotations),
        )

    def selects(self, namespace: str, labels: Mapping[str, str]) -> bool:
        """Whether the policy applies to a namespace; its name counts even if its labels are unknown."""
        if namespace in self.names:
            return True
        return self.selector is not None and _selects(self.selector, {**labels, NAME_LABEL: namespace})

    def violations(self, request: AppRequest, budget: Budget) -> Iterator[Violation]:
        """Yield what the policy does not allow; raises BudgetError."""
        yield from self._names("spec.route.hosts", "the host", request.hosts, budget)
        yield from self._names("spec.route.tls.domains", "a certificate for", request.certificate_names, budget)
        if self.hosts is not None and not request.hosts and "*" not in self.hosts:
            yield Violation("spec.route.hosts", "an app without hosts", _sorted(self.hosts), removable=False)
        if self.prefixes is not None:
            budget.spend(request.path_prefix.count("/"))
            if self.prefixes.isdisjoint(_ancestors(request.path_prefix)):
                value = f"the path prefix {request.path_prefix}"
                yield Violation("spec.route.pathPrefix", value, _sorted(self.prefixes), removable=False)
        for entry_point in request.entry_points:
            budget.spend()
            if self.entry_points is not None and entry_point not in self.entry_points:
                gateway = is_gateway(entry_point)
                value = f"the {'Gateway' if gateway else 'entry point'} {entry_point}"
                field = "spec.route.parentRefs" if gateway else "spec.route.entryPoints"
                yield Violation(field, value, _sorted(self.entry_points), removable=False)
        yield from self._single(request)
        yield from self._networks(request, budget)
        yield from self._annotations(request, budget)

    def _names(self, field: str, noun: str, names: Iterable[str], budget: Budget) -> Iterator[Violation]:
        if self.hosts is None or "*" in self.hosts:
            return
        for name in names:
            budget.spend(name.count(".") + 1)
            if name not in self.hosts and self.hosts.isdisjoint(_wildcards(name)):
                removable = field != "spec.route.hosts"
                yield Violation(field, f"{noun} {name}", _sorted(self.hosts), removable=removable)

    def _single(self, request: AppRequest) -> Iterator[Violation]:
        """Yield what is not allowed among the fields with one value."""
        classes = self.ingress_classes
        if classes is not None and request.ingress_class not in classes:
            named = request.ingress_class
            value = f"the ingress class {named}" if named else "an app that names no ingress class"
            removable = "" in classes
            yield Violation("spec.route.ingressClassName", value, _sorted(classes - {""}), removable=removable)
        if request.issuer is not None and self.issuers is not None:
            given = request.issuer
            if not any(
                (one.kind, one.group) == (given.kind, given.group) and one.name in {None, given.name}
                for one in self.issuers
            ):
                shown = tuple(f"{one.kind} {one.name or '*'}" for one in self.issuers)
                yield Violation("spec.route.tls.issuerRef", f"the {given.kind} {given.name}", shown)
        resolver, resolvers = request.cert_resolver, self.cert_resolvers
        if resolver is not None and resolvers is not None and resolver not in resolvers:
            yield Violation("spec.route.tls.certResolver", f"the certificate resolver {resolver}", _sorted(resolvers))
        options, allowed = request.tls_options, self.tls_options
        if options is not None and allowed is not None and options not in allowed:
            yield Violation("spec.route.tls.options", f"the TLSOption {options}", _sorted(allowed))

    def _networks(self, request: AppRequest, budget: Budget) -> Iterator[Violation]:
        if self.trusted_proxies is None or "*" in self.trusted_proxies:
            return
        networks = [_network(one) for one in self.trusted_proxies] if request.trusted_proxies else []
        for given in request.trusted_proxies:
            budget.spend(len(networks) + 1)
            if given == "*" or not _inside(_network(given), networks):
                value = f"trust in {given}"
                yield Violation("spec.proxy.trustedProxies", value, _sorted(self.trusted_proxies))

    def _annotations(self, request: AppRequest, budget: Budget) -> Iterator[Violation]:
        """Yield the annotations of routes that are not allowed.

        A policy that restricts hosts and lists no keys allows none: an annotation can name a host, too.
        """
        if self.route_annotations is None and (self.hosts is None or "*" in self.hosts):
            return
        allowed = self.route_annotations or NO_ROUTE_ANNOTATIONS
        for key in request.annotations:
            budget.spend()
            if not allowed.allow(key):
                yield Violation("spec.route.annotations", f"the annotation {key}", _sorted(allowed.patterns))


def selecting(policies: Iterable[Policy], namespace: str, labels: Mapping[str, str]) -> tuple[Policy, ...]:
    """Return the policies that select a namespace, by name."""
    return tuple(sorted((one for one in policies if one.selects(namespace, labels)), key=lambda one: one.name))


def check_allowed(
    request: AppRequest, namespace: str, selected: Sequence[Policy], budget: Budget | None = None
) -> RouteAnnotations:
    """Return the annotations that the app's routes may carry; raises NotAllowedError if no policy allows the app.

    `selected` are the policies that select the app's namespace; this is not called if there is no policy at all.
    """
    if not selected:
        raise NotAllowedError(
            NO_POLICY_FIELD,
            f"no ProxyPolicy selects the namespace {namespace}, and once there is one, an app needs one that allows it",
            "Ask the administrators of the cluster for a ProxyPolicy that selects this namespace",
        )
    budget = budget or Budget()
    try:
        found = {one.name: list(one.violations(request, budget)) for one in selected}
    except BudgetError:
        raise NotAllowedError(
            NO_POLICY_FIELD,
            f"too many ProxyPolicies select the namespace {namespace} to check them all",
            "Ask the administrators of the cluster to combine them",
        ) from None
    allowing = [one for one in selected if not found[one.name]]
    if allowing:
        lists = [one.route_annotations for one in allowing if one.route_annotations is not None]
        return RouteAnnotations(frozenset(key for one in lists for key in one.patterns))
    closest = min(selected, key=lambda one: (len(found[one.name]), one.name))
    first = found[closest.name][0]
    others = len(selected) - 1
    more = (
        "" if not others else f"; {others} other {'policy does' if others == 1 else 'policies do'} not allow it either"
    )
    raise NotAllowedError(
        first.field,
        f"the ProxyPolicy {closest.name} does not allow {first.value} in the namespace {namespace}{more}",
        first.fix,
    )


def allows_routes(granted: Claim, selected: Sequence[Policy], budget: Budget | None = None) -> bool:
    """Whether one policy allows every route key that an app is routed at; raises BudgetError."""
    budget = budget or Budget()
    requests = AppRequest.of_claim(granted)
    return any(not any(True for one in requests for _ in policy.violations(one, budget)) for policy in selected)


def _set(items: Sequence[str] | None) -> frozenset[str] | None:
    return None if items is None else frozenset(items)


def _keys(items: Sequence[str] | None) -> RouteAnnotations | None:
    return None if items is None else RouteAnnotations(frozenset(items))


def _sorted(items: Iterable[str]) -> tuple[str, ...]:
    return tuple(sorted(items))


def _wildcards(name: str) -> Iterator[str]:
    """Yield the wildcards that match a name: as in Gateway API, `*.` stands for one label or more."""
    _, dot, parent = name.partition(".")
    while dot:
        yield f"*.{parent}"
        _, dot, parent = parent.partition(".")


def _ancestors(prefix: str) -> Iterator[str]:
    """Yield a path prefix and all those above it, by whole segments."""
    while prefix and prefix != "/":
        yield prefix
        prefix = prefix.rpartition("/")[0]
    yield "/"


def _network(text: str) -> ipaddress.IPv4Network | ipaddress.IPv6Network:
    return ipaddress.ip_network(without_mapping(text))


def _inside(
    given: ipaddress.IPv4Network | ipaddress.IPv6Network,
    networks: Iterable[ipaddress.IPv4Network | ipaddress.IPv6Network],
) -> bool:
    for network in networks:
        match given, network:
            case ipaddress.IPv4Network(), ipaddress.IPv4Network():
                inside = given.subnet_of(network)
            case ipaddress.IPv6Network(), ipaddress.IPv6Network():
                inside = given.subnet_of(network)
            case _:
                inside = False
        if inside:
            return True
    return False


def _selects(selector: NamespaceSelector, labels: Mapping[str, str]) -> bool:
    exact = (selector.match_labels or {}).items()
    return all(labels.get(key) == value for key, value in exact) and all(
        _holds(one, labels) for one in selector.match_expressions or ()
    )


def _holds(requirement: LabelRequirement, labels: Mapping[str, str]) -> bool:
    value = labels.get(requirement.key)
    match requirement.operator:
        case "In":
            return value in (requirement.values or ())
        case "NotIn":
            return value not in (requirement.values or ())
        case "Exists":
            return value is not None
        case "DoesNotExist":
            return value is None
