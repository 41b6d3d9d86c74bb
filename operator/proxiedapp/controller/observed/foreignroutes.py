"""Foreign routes as they were last observed, found by the patterns that they match.

There may be many of them, and each pass looks for those at one app's address. The index makes that a few look-ups,
however many routes exist.
"""

import logging
from collections import Counter
from collections.abc import Container, Iterator, Mapping

from proxiedapp.controller.observed.tlshosts import TLSHosts
from proxiedapp.kube.key import Key
from proxiedapp.routing.foreignroute import ForeignRoute, RouteRef
from proxiedapp.routing.ruleparser import Pattern

logger = logging.getLogger(__name__)


class ForeignRoutes:
    """All foreign routes."""

    def __init__(self) -> None:
        self._known: dict[RouteRef, ForeignRoute] = {}
        self._by_pattern: dict[Pattern, set[RouteRef]] = {}
        self._hosts: Counter[str] = Counter()
        self._incomplete: set[RouteRef] = set()
        self.tls = TLSHosts()

    def __len__(self) -> int:
        return len(self._known)

    def incomplete(self) -> int:
        """Return how many routes exceed a limit, so that only some of their rules are compared."""
        return len(self._incomplete)

    def has_host(self, host: str) -> bool:
        """Return whether a pattern of any route has this host, which may be a wildcard or empty."""
        return self._hosts[host] > 0

    def at(self, pattern: Pattern) -> Iterator[tuple[RouteRef, ForeignRoute]]:
        """Yield the routes that have exactly this pattern."""
        for ref in self._by_pattern.get(pattern, ()):
            yield ref, self._known[ref]

    def observe(self, ref: RouteRef, foreign: ForeignRoute | None) -> Mapping[Pattern, int]:
        """Record a route; None if it was deleted, or matches nothing.

        Returns the patterns that this changed, each with the highest priority that the route had there or has now.
        """
        known = self._known.get(ref)
        if known == foreign:
            return {}
        if known is not None:
            self._drop(ref, known)
        if foreign is not None:
            self._add(ref, foreign)
            if not foreign.complete and (known is None or known.complete):
                logger.warning("%s is too large to be compared completely: overlaps with it may not be reported", ref)
        return _changed(known, foreign)

    def missing_from(self, kind: str, present: Container[Key], namespace: str | None) -> list[RouteRef]:
        """Return the routes of a kind that are missing from a complete list of it: they were deleted."""
        return [
            ref
            for ref in self._known
            if ref.kind == kind and namespace in {None, ref.namespace} and Key(ref.namespace, ref.name) not in present
        ]

    def _add(self, ref: RouteRef, foreign: ForeignRoute) -> None:
        self._known[ref] = foreign
        self.tls.replace(ref, frozenset(), foreign.tls_routes)
        for pattern in foreign.priorities:
            self._by_pattern.setdefault(pattern, set()).add(ref)
            self._hosts[pattern.host] += 1
        if not foreign.complete:
            self._incomplete.add(ref)

    def _drop(self, ref: RouteRef, known: ForeignRoute) -> None:
        del self._known[ref]
        self.tls.replace(ref, known.tls_routes, frozenset())
        self._incomplete.discard(ref)
        for pattern in known.priorities:
            refs = self._by_pattern[pattern]
            refs.discard(ref)
            if not refs:
                del self._by_pattern[pattern]
            self._hosts[pattern.host] -= 1
            if not self._hosts[pattern.host]:
                del self._hosts[pattern.host]


def _changed(before: ForeignRoute | None, after: ForeignRoute | None) -> dict[Pattern, int]:
    """Return the patterns for which two observations of a route differ, with the higher of their priorities."""
    old: Mapping[Pattern, int] = {} if before is None else before.priorities
    new: Mapping[Pattern, int] = {} if after is None else after.priorities
    moved = before is None or after is None or _served_by(before) != _served_by(after)
    return {
        pattern: max(priority, old.get(pattern, priority), new.get(pattern, priority))
        for pattern, priority in (*old.items(), *new.items())
        if moved or old.get(pattern) != new.get(pattern)
    }


def _served_by(route: ForeignRoute) -> tuple[frozenset[str], str | None, bool, frozenset[str]]:
    tls_options = frozenset(options for _, options in route.tls_routes)
    return route.entry_points, route.ingress_class, route.tls, tls_options
