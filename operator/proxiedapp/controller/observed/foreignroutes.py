"""Other people's routes as they were last seen: of each no more than where it is served.

They may be many, and apps are looked at often. So they are found by what they match: a pass costs some look-ups,
however many there are.
"""

from collections.abc import Container, Iterator

from proxiedapp.kube.key import Key
from proxiedapp.routing.foreignroute import ForeignRoute, RouteRef
from proxiedapp.routing.ruleparser import Pattern


class ForeignRoutes:
    """All that is observed. Each method that takes news returns what is now matched by somebody else, or no more."""

    def __init__(self) -> None:
        self._known: dict[RouteRef, ForeignRoute] = {}
        self._by_pattern: dict[Pattern, set[RouteRef]] = {}

    def __len__(self) -> int:
        return len(self._known)

    def at(self, pattern: Pattern) -> Iterator[tuple[RouteRef, ForeignRoute]]:
        """Yield who matches just this."""
        for ref in self._by_pattern.get(pattern, ()):
            yield ref, self._known[ref]

    def observe(self, ref: RouteRef, foreign: ForeignRoute | None) -> frozenset[Pattern]:
        """Take a route as it stands; None: it is gone, or matches nothing."""
        known = self._known.get(ref)
        if known == foreign:
            return frozenset()
        concerned: set[Pattern] = set()
        if known is not None:
            concerned.update(known.priorities)
            self._drop(ref, known)
        if foreign is not None:
            concerned.update(foreign.priorities)
            self._known[ref] = foreign
            for pattern in foreign.priorities:
                self._by_pattern.setdefault(pattern, set()).add(ref)
        return frozenset(concerned)

    def sweep(self, kind: str, present: Container[Key], namespace: str | None) -> frozenset[Pattern]:
        """Drop the routes that a complete list of their kind lacks."""
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
