"""Foreign routes as they were last observed, found by the patterns that they match.

There may be many of them, and each pass looks for those at one app's address. The index makes that a few look-ups,
however many routes exist.
"""

from collections.abc import Container, Iterator

from proxiedapp.kube.key import Key
from proxiedapp.routing.foreignroute import ForeignRoute, RouteRef
from proxiedapp.routing.ruleparser import Pattern


class ForeignRoutes:
    """All foreign routes. Each method that records a report returns the patterns whose routes have changed."""

    def __init__(self) -> None:
        self._known: dict[RouteRef, ForeignRoute] = {}
        self._by_pattern: dict[Pattern, set[RouteRef]] = {}

    def __len__(self) -> int:
        return len(self._known)

    def at(self, pattern: Pattern) -> Iterator[tuple[RouteRef, ForeignRoute]]:
        """Yield the routes that have exactly this pattern."""
        for ref in self._by_pattern.get(pattern, ()):
            yield ref, self._known[ref]

    def observe(self, ref: RouteRef, foreign: ForeignRoute | None) -> frozenset[Pattern]:
        """Record a route; None if it was deleted, or matches nothing."""
        known = self._known.get(ref)
        if known == foreign:
            return frozenset()
        changed: set[Pattern] = set()
        if known is not None:
            changed.update(known.priorities)
            self._drop(ref, known)
        if foreign is not None:
            changed.update(foreign.priorities)
            self._known[ref] = foreign
            for pattern in foreign.priorities:
                self._by_pattern.setdefault(pattern, set()).add(ref)
        return frozenset(changed)

    def sweep(self, kind: str, present: Container[Key], namespace: str | None) -> frozenset[Pattern]:
        """Drop the routes of a kind that are missing from a complete list of it."""
        gone = [
            ref
            for ref in self._known
            if ref.kind == kind and namespace in {None, ref.namespace} and Key(ref.namespace, ref.name) not in present
        ]
        return frozenset[Pattern]().union(*(self.observe(ref, None) for ref in gone))

    def _drop(self, ref: RouteRef, known: ForeignRoute) -> None:
        del self._known[ref]
        for pattern in known.priorities:
            refs = self._by_pattern[pattern]
            refs.discard(ref)
            if not refs:
                del self._by_pattern[pattern]
