"""Foreign routes that overlap with an app's route. Pure.

Only requests for the app's own address count, with and without a trailing slash: a route that takes these may take all
requests of the app. A longer path below the prefix is ordinary routing, and so is a route for one host next to an app
that serves every host. A foreign route for the same host and path always overlaps: one of the two gets no requests.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import IntEnum
from typing import Final, Protocol
from urllib.parse import urlsplit

from proxiedapp.api.budget import Budget, BudgetError
from proxiedapp.routing.entrypoints import EntryPoints
from proxiedapp.routing.foreignroute import ForeignRoute, RouteRef
from proxiedapp.routing.ingressclass import normalized_class
from proxiedapp.routing.route import Route
from proxiedapp.routing.ruleparser import Pattern

MAX_OVERLAP_STEPS: Final = 100_000
"""Steps that looking for the overlaps of one app may take: a pattern of its addresses, or a foreign route that has it.
An app with 32 hosts needs about 15,000. Beyond it, the worst overlap found until then is reported."""


class ForeignRouteLookup(Protocol):
    """All foreign routes, found by their patterns."""

    def has_host(self, host: str) -> bool:
        """Return whether a pattern of any route has this host, which may be a wildcard or empty."""

    def at(self, pattern: Pattern) -> Iterator[tuple[RouteRef, ForeignRoute]]:
        """Yield the routes that have exactly this pattern."""


class Winner(IntEnum):
    """The route that gets a request which both match, by priority; the worst case for the app first."""

    FOREIGN = 0
    EITHER = 1
    APP = 2


@dataclass(frozen=True, slots=True, order=True)
class Overlap:
    """A foreign route that matches an app's address; of several, the smallest is the one to report."""

    winner: Winner
    ref: RouteRef
    host: str
    prefix: str
    foreign_priority: int
    app_priority: int

    @property
    def text(self) -> str:
        """Return what happens to the requests and how to fix it, without the final full stop."""
        address = f"{self.host or 'any host'} {self.prefix}"
        match self.winner:
            case Winner.FOREIGN:
                effect = f"{self.ref} takes the requests for {address}"
            case Winner.EITHER:
                effect = f"{self.ref} has the same priority for {address}, so either route may get the requests"
            case Winner.APP:
                effect = f"{self.ref} also matches {address}, but gets no requests there"
        # Gateway API routes have no priority field.
        change = "hostname or path" if self.ref.kind == "HTTPRoute" else "host, path or priority"
        hosts = "" if self.host or self.winner is Winner.APP else ", or list this app's hosts in spec.route.hosts"
        priorities = f"its priority is {self.foreign_priority}, this app's is {self.app_priority}"
        return f"{effect} ({priorities}). Change its {change}, or delete it{hosts}"


@dataclass(frozen=True, slots=True, order=True)
class AppOverlap:
    """Where a ProxiedApp of another namespace takes requests of an app."""

    host: str
    prefix: str

    @property
    def text(self) -> str:
        """Return what happens to the requests and how to fix it, without the final full stop.

        The other app is not named, since its namespace may be none of the reader's business.
        """
        return (
            f"a ProxiedApp of another namespace takes the requests for {self.host or 'any host'} {self.prefix}. "
            "If it should not, ask an administrator which app that is, or change this app's host or prefix"
        )


@dataclass(frozen=True, slots=True, order=True)
class WriterOverlap:
    """Where the HTTPRoute of another ProxiedApp takes requests of an app with an IngressRoute."""

    host: str
    prefix: str
    other: str
    """The other app, if its name may be shown; empty otherwise."""

    @property
    def text(self) -> str:
        """Return what happens to the requests and how to fix it, without the final full stop."""
        return (
            f"{self.other or 'a ProxiedApp of another namespace'} has the same address behind a Gateway of Traefik, "
            f"which prefers its HTTPRoute: if both use one port, it takes the requests for "
            f"{self.host or 'any host'} {self.prefix}. Change this app's host or prefix"
        )


@dataclass(frozen=True, slots=True, order=True)
class LeftOverlap:
    """Where a route of ours that no ProxiedApp controls any more takes requests of an app."""

    host: str
    prefix: str
    ref: RouteRef

    @property
    def text(self) -> str:
        """Return what happens to the requests and how to fix it, without the final full stop."""
        return (
            f"{self.ref} has the same address and belongs to no ProxiedApp, such as after "
            f"`kubectl delete --cascade=orphan`, so it may take the requests for {self.host or 'any host'} "
            f"{self.prefix}. Delete it"
        )


def find_overlap(
    route: Route, entry_points: EntryPoints, foreign_routes: ForeignRouteLookup, budget: Budget | None = None
) -> Overlap | None:
    """Return the overlap that harms an app with entry points most; None if there is none."""
    hosts = () if route.parents else _hosts(route, entry_points.urls)
    found: list[Overlap] = []
    for host, pattern, ref, foreign in candidates(hosts, route.rule.prefix, foreign_routes, budget):
        overlap = _overlap(route, host, pattern, ref, foreign)
        if overlap is not None and _shares_entry_point(foreign, route, entry_points.urls):
            found.append(overlap)
    return min(found, default=None)


def candidates(
    hosts: Iterable[str], prefix: str, foreign_routes: ForeignRouteLookup, budget: Budget | None = None
) -> Iterator[tuple[str, Pattern, RouteRef, ForeignRoute]]:
    """Yield the foreign routes that match an app's address, each with the host and the pattern.

    It ends without an error if the budget is spent: a pass must end, and what was found is true.
    """
    budget = budget or Budget(MAX_OVERLAP_STEPS)
    try:
        for host in hosts:
            for pattern in address_patterns(host, prefix, foreign_routes):
                budget.spend()
                for ref, foreign in foreign_routes.at(pattern):
                    budget.spend()
                    yield host, pattern, ref, foreign
    except BudgetError:
        return


def _overlap(route: Route, host: str, pattern: Pattern, ref: RouteRef, foreign: ForeignRoute) -> Overlap | None:
    """Return how a foreign route that matches the app's address affects it; None if not at all."""
    foreign_priority, app_priority = foreign.priorities[pattern], route.priority_at(host)
    winner = winner_by_priority(foreign_priority, app_priority)
    if winner is Winner.APP and not is_same_address(pattern, host, route.rule.prefix):
        return None
    return Overlap(winner, ref, host, route.rule.prefix, foreign_priority, app_priority)


def address_patterns(host: str, prefix: str, foreign_routes: ForeignRouteLookup) -> Iterator[Pattern]:
    """Yield the patterns that match an app's address: few enough to look up, no matter how many routes exist.

    Patterns for a host that no route has are left out.
    """
    slashed = prefix.rstrip("/") + "/"
    for host_pattern in filter(foreign_routes.has_host, address_hosts(host)):
        for end in range(1, len(slashed) + 1):
            yield Pattern(host_pattern, slashed[:end])
        for path in dict.fromkeys((prefix, slashed)):
            yield Pattern(host_pattern, path, exact=True)


def is_same_address(pattern: Pattern, host: str, prefix: str) -> bool:
    """Return whether a pattern is exactly an app's address, with or without a slash at its end."""
    return pattern.host == host and pattern.path.rstrip("/") == prefix.rstrip("/")


def winner_by_priority(foreign_priority: int, app_priority: int) -> Winner:
    """Return which route gets a request that both match at a Traefik."""
    if foreign_priority == app_priority:
        return Winner.EITHER  # measured with Traefik 3.7.15: the order of equal priorities changes between reloads
    return Winner.FOREIGN if foreign_priority > app_priority else Winner.APP


def address_hosts(host: str) -> list[str]:
    """Return the hosts of patterns that match a host: any host, the host itself and wildcards; "" is any host only.

    For a host with a wildcard, these are the patterns that match all of its names.
    """
    if not host:
        return [""]
    labels = host.split(".")
    parents = [".".join(labels[start:]) for start in range(1, len(labels))]
    one_label = [] if host.startswith("*") else [f"*.{parent}" for parent in parents[:1]]
    return ["", host, *one_label, *(f"**.{parent}" for parent in parents)]


def public_hosts(entry_points: Iterable[str], urls: Mapping[str, str]) -> tuple[str, ...]:
    """Return the hosts under which clients reach these entry points, as far as the operator's settings name them."""
    hosts = [urlsplit(urls[name]).hostname or "*" for name in entry_points if name in urls]
    return tuple(dict.fromkeys(host for host in hosts if host != "*"))


def _hosts(route: Route, urls: Mapping[str, str]) -> tuple[str, ...]:
    """Return the hosts of an app; for one without hosts, any host and the public hosts of its entry points."""
    return route.rule.hosts or ("", *public_hosts(_entry_points(route), urls))


def _shares_entry_point(foreign: ForeignRoute, route: Route, urls: Mapping[str, str]) -> bool:
    """Return whether the same Traefik serves both routes on one entry point, as far as that is known."""
    if not foreign.by_traefik or foreign.ingress_class not in {None, normalized_class(route.ingress_class_name)}:
        return False
    shared = _entry_points(route)
    if foreign.entry_points:
        shared = [name for name in shared if name in foreign.entry_points]
    if foreign.tls:
        shared = [name for name in shared if not urls.get(name, "").startswith("http:")]
    return bool(shared)


def _entry_points(route: Route) -> list[str]:
    return [*route.entry_points, *route.plain_entry_points]
