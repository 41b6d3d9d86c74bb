"""Annotations that routes may carry. Pure."""

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class RouteAnnotations:
    """Keys of annotations that an app's routes may carry: exact ones, and domains with all their keys."""

    patterns: frozenset[str] = frozenset()

    def allow(self, key: str) -> bool:
        """Whether a key may be set on a route."""
        domain, slash, _ = key.rpartition("/")
        return key in self.patterns or (bool(slash) and f"{domain}/*" in self.patterns)


NO_ROUTE_ANNOTATIONS: Final = RouteAnnotations()
