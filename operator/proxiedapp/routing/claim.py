"""What an app claims, and who gets it where several claim the same. Pure.

A place is a host, a prefix, an entry point and an ingress class: for two routes that share one, Traefik would draw lots
at each request. So a place has one owner. The app whose route is there keeps it, whoever else comes; a free place goes
to the older app, then to the first by name. An app gets all the places that it asks for, or none.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple, TypeAlias

from pydantic import ValidationError
from typing_extensions import override

from proxiedapp.api.route import RouteSpec
from proxiedapp.kube.key import Key
from proxiedapp.routing.entrypoints import EntryPoints
from proxiedapp.routing.rule import Rule


class RouteKey(NamedTuple):
    """Where requests can be meant for one app only; an empty host is every host that nobody names."""

    host: str
    prefix: str
    entry_point: str
    ingress_class: str

    @override
    def __str__(self) -> str:
        return f"{self.host or 'every host'} {self.prefix} at entry point {self.entry_point}"


Claim: TypeAlias = frozenset[RouteKey]


@dataclass(frozen=True, slots=True)
class Contender:
    """An app that asks for places, has some already, or both."""

    key: Key
    created: str
    """When, as the API server writes it: text in that form sorts by time."""
    wants: Claim
    holds: Claim


def claim(rule: Rule, entry_points: Iterable[str], ingress_class: str | None) -> Claim:
    """Return the places that a route takes."""
    return frozenset(
        RouteKey(host, rule.prefix, entry_point, ingress_class or "")
        for host in rule.hosts or ("",)
        for entry_point in entry_points
    )


def wanted(route: Any, entry_points: EntryPoints) -> Claim:
    """Return what `spec.route`, as JSON values, asks for; nothing if it is not as the API has it."""
    try:
        read = RouteSpec.model_validate(route)
    except ValidationError:
        return frozenset()
    rule = Rule(tuple(read.hosts or ()), read.path_prefix)
    listening = entry_points.named_by(read)
    return claim(rule, (*listening.together, *listening.plain), read.ingress_class_name)


def held(ingress_route: Mapping[str, Any]) -> Claim:
    """Return the places that an IngressRoute's spec takes, as far as its rules are written as we write them."""
    places: set[RouteKey] = set()
    for route in ingress_route.get("routes") or []:
        rule = Rule.read(route.get("match", ""))
        if rule is not None:
            places |= claim(rule, ingress_route.get("entryPoints") or [], ingress_route.get("ingressClassName"))
    return frozenset(places)


def owners(contenders: Iterable[Contender]) -> dict[RouteKey, Key]:
    """Decide who gets each place. All who share a place, directly or through others, must be among the contenders."""
    in_order = sorted(contenders, key=lambda one: (one.created, one.key))
    taken: dict[RouteKey, Key] = {}
    for one in in_order:
        for place in one.holds:
            taken.setdefault(place, one.key)
    for one in in_order:
        if all(taken.get(place, one.key) == one.key for place in one.wants):
            taken |= dict.fromkeys(one.wants, one.key)
    return taken
