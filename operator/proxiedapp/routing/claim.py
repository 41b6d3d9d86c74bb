"""Claims: the route keys that apps request, and which app is granted them when several request the same one. Pure.

Two Traefik routes with the same route key have the same priority, and then Traefik picks either of them after each
reload (measured with Traefik 3.7.15). So a route key has one holder: the app that is already routed there keeps it, and
a free route key goes to the older app, then to the first by name. A claim is granted as a whole or not at all.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final, NamedTuple, TypeAlias

from typing_extensions import override

from proxiedapp.api.route import RouteSpec
from proxiedapp.kube.key import Key
from proxiedapp.routing.entrypoints import EntryPoints, is_gateway
from proxiedapp.routing.gateway import gateways_of, rule_of
from proxiedapp.routing.ingressclass import normalized_class
from proxiedapp.routing.rule import Rule

MAX_GRANTED_KEYS: Final = 1024
"""Route keys of one IngressRoute that count, twice as many as the largest spec requests (32 hosts on 16 entry points).
Another client may write more into an IngressRoute, and then none of them counts."""


class RouteKey(NamedTuple):
    """What at most one app can be routed at; an empty host means every host that no other route names."""

    host: str
    prefix: str
    entry_point: str
    """An entry point of Traefik, or namespace and name of a Gateway."""
    ingress_class: str
    """In the form of `normalized_class`: without a class, or of the class `traefik`, one Traefik may serve both."""

    @override
    def __str__(self) -> str:
        at = "the Gateway" if is_gateway(self.entry_point) else "entry point"
        return f"{self.host or 'any host'} {self.prefix} on {at} {self.entry_point}"


Claim: TypeAlias = frozenset[RouteKey]
NO_CLAIM: Final[Claim] = frozenset()
"""Shared, because each empty frozenset takes 216 bytes."""


@dataclass(frozen=True, slots=True)
class Contender:
    """An app with the route keys that it requests and those that it has been granted."""

    key: Key
    created: str
    """Creation time as the API server writes it; text in that format sorts by time."""
    requested: Claim
    granted: Claim


def claim_of(rule: Rule, entry_points: Iterable[str], ingress_class: str | None) -> Claim:
    """Return the route keys that a route with this rule occupies."""
    ingress = normalized_class(ingress_class)
    return frozenset(
        RouteKey(host, rule.prefix, entry_point, ingress)
        for host in rule.hosts or ("",)
        for entry_point in entry_points
    )


def requested_claim(route: RouteSpec, entry_points: EntryPoints) -> Claim:
    """Return the route keys that `spec.route` requests."""
    rule = Rule(tuple(route.hosts or ()), route.path_prefix)
    entry_points_of_app = entry_points.for_route(route)
    return claim_of(rule, (*entry_points_of_app.main, *entry_points_of_app.plain), route.ingress_class_name)


def granted_claim(ingress_route: Mapping[str, Any]) -> Claim:
    """Return the route keys of an IngressRoute's spec; rules that the operator would not write count for none."""
    route_keys: set[RouteKey] = set()
    entry_points = ingress_route.get("entryPoints") or []
    for route in ingress_route.get("routes") or []:
        rule = Rule.parse(route.get("match", ""))
        if rule is not None:
            if len(route_keys) + len(rule.hosts or ("",)) * len(entry_points) > MAX_GRANTED_KEYS:
                return NO_CLAIM
            route_keys |= claim_of(rule, entry_points, ingress_route.get("ingressClassName"))
    return frozenset(route_keys)


def granted_by_http_route(http_route: Mapping[str, Any]) -> Claim:
    """Return the route keys of an HTTPRoute's spec; one that the operator would not write has none."""
    rule, gateways = rule_of(http_route), gateways_of(http_route)
    if rule is None or len(rule.hosts or ("",)) * len(gateways) > MAX_GRANTED_KEYS:
        return NO_CLAIM
    return claim_of(rule, gateways, None)


def has_earlier_priority(ingress_route: Mapping[str, Any]) -> bool:
    """Return whether an IngressRoute with hosts has the priority of releases up to 0.1."""
    routes = ingress_route.get("routes") or []
    rules = [(Rule.parse(route.get("match", "")), route.get("priority")) for route in routes]
    return any(rule is not None and priority == rule.earlier_priority != rule.priority for rule, priority in rules)


def assign_holders(contenders: Iterable[Contender]) -> dict[RouteKey, Key]:
    """Decide which app holds each route key.

    The contenders must include every app that shares a route key with another one, directly or through further apps.
    """
    by_age = sorted(contenders, key=lambda one: (one.created, one.key))
    holders: dict[RouteKey, Key] = {}
    for contender in by_age:
        for route_key in contender.granted:
            holders.setdefault(route_key, contender.key)
    for contender in by_age:
        if all(holders.get(route_key, contender.key) == contender.key for route_key in contender.requested):
            holders |= dict.fromkeys(contender.requested, contender.key)
    return holders
