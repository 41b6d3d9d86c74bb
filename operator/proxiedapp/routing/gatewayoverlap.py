"""Foreign routes that overlap with an app's HTTPRoute at one of its Gateways. Pure.

Traefik compares HTTPRoutes, IngressRoutes and Ingresses by one priority. All other implementations decide as Gateway
API says: the more specific host first, then an exact path, then the longer prefix, then the older route.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from proxiedapp.api.budget import Budget
from proxiedapp.routing.foreignroute import EXACT_PRIORITY, ForeignRoute, RouteRef
from proxiedapp.routing.gatewaystate import TRAEFIK_CONTROLLER
from proxiedapp.routing.overlap import ForeignRouteLookup, Winner, candidates, is_same_address, winner_by_priority
from proxiedapp.routing.route import Parent, Route
from proxiedapp.routing.rule import WILDCARD, Rule
from proxiedapp.routing.ruleparser import Pattern


@dataclass(frozen=True, slots=True, order=True)
class GatewayOverlap:
    """A foreign route that matches an app's address at a Gateway; of several, the smallest is the one to report."""

    winner: Winner
    ref: RouteRef
    host: str
    prefix: str
    gateway: str

    @property
    def text(self) -> str:
        """Return what happens to the requests and how to fix it, without the final full stop."""
        address = f"{self.host or 'any host'} {self.prefix} at the Gateway {self.gateway}"
        match self.winner:
            case Winner.FOREIGN:
                effect = f"{self.ref} takes the requests for {address}"
            case Winner.EITHER:
                effect = (
                    f"{self.ref} has the same precedence for {address}, where usually the older route gets the requests"
                )
            case Winner.APP:
                effect = f"{self.ref} also matches {address}, but gets no requests there"
        return f"{effect}. Change its hostname or path, or delete it"


def find_gateway_overlap(
    route: Route,
    controllers: Mapping[str, str],
    foreign_routes: ForeignRouteLookup,
    budget: Budget | None = None,
) -> GatewayOverlap | None:
    """Return the overlap that harms an app behind Gateways most; None if there is none.

    `controllers` has the controller of each Gateway by namespace and name, as far as it is known.
    """
    found = []
    for host, pattern, ref, foreign in candidates(route.rule.hosts or ("",), route.rule.prefix, foreign_routes, budget):
        for parent in route.parents:
            by_priority = controllers.get(parent.gateway) == TRAEFIK_CONTROLLER
            if not _is_at(parent, foreign, by_priority=by_priority):
                continue
            winner = (
                winner_by_priority(foreign.priorities[pattern], http_route_priority(route.rule))
                if by_priority
                else _by_specificity(host, route.rule.prefix, pattern, foreign.priorities[pattern])
            )
            if winner is not Winner.APP or _is_same(host, route.rule.prefix, pattern):
                found.append(GatewayOverlap(winner, ref, host, route.rule.prefix, parent.gateway))
    return min(found, default=None)


def http_route_priority(rule: Rule) -> int:
    """Return Traefik's priority of the HTTPRoute of an app (see `foreignroute._gateway_match`)."""
    path = 1 if rule.prefix == "/" else 10_000 + 100 * len(rule.prefix)
    return path + max(map(len, rule.hosts), default=0) + 1  # it has one rule


def _is_at(parent: Parent, foreign: ForeignRoute, *, by_priority: bool) -> bool:
    """Return whether the same Gateway serves a foreign route, as far as that is known.

    Which entry point of a Traefik a listener has is not known, so its IngressRoutes and Ingresses all count.
    """
    if not foreign.parents:
        return by_priority
    return any(
        one.gateway == parent.gateway
        and (None in {one.section, parent.section} or one.section == parent.section)
        and (None in {one.port, parent.port} or one.port == parent.port)
        for one in foreign.parents
    )


def _by_specificity(host: str, prefix: str, pattern: Pattern, priority: int) -> Winner:
    """Return which route gets the requests for exactly the app's address, with or without a slash at its end.

    `priority` is Traefik's for the pattern of the foreign route; it shows whether the match is one of an exact path.
    """
    if pattern.host != _pattern_host(host):
        return Winner.APP  # the host of the app is more specific
    if priority >= EXACT_PRIORITY:
        return Winner.FOREIGN
    return Winner.EITHER if _is_same(host, prefix, pattern) else Winner.APP


def _is_same(host: str, prefix: str, pattern: Pattern) -> bool:
    return is_same_address(pattern, _pattern_host(host), prefix)


def _pattern_host(host: str) -> str:
    """Return the host of an HTTPRoute as a pattern, in which `**.` stands for names of any depth."""
    return f"*{host}" if host.startswith(WILDCARD) else host
