"""Where other people's routes stand in an app's way. Pure.

What counts are the requests for the app's own address, with and without a slash at its end: whoever takes these may
take all. A longer path below the prefix is ordinary routing and no overlap, and so is a host of one's own beside an app
that answers for every host that nobody names. The same host and path is one in any case: one of the two gets nothing.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import IntEnum
from typing import TypeAlias
from urllib.parse import urlsplit

from proxiedapp.routing.entrypoints import EntryPoints
from proxiedapp.routing.foreign import Foreign, Ref, same_class
from proxiedapp.routing.ruletext import Pattern
from proxiedapp.routing.traefik import Route

Known: TypeAlias = Callable[[Pattern], Iterable[tuple[Ref, Foreign]]]
"""Who matches just this."""


class Winner(IntEnum):
    """Who gets a request that both match, by priority; the worst first."""

    THEIRS = 0
    EITHER = 1
    OURS = 2


@dataclass(frozen=True, slots=True, order=True)
class Overlap:
    """A foreign route that matches what is an app's; the smallest of several is the one to tell."""

    winner: Winner
    ref: Ref
    host: str
    prefix: str
    theirs: int
    ours: int

    @property
    def text(self) -> str:
        """Say what happens and what mends it."""
        place = f"{self.host or 'every host'} {self.prefix}"
        match self.winner:
            case Winner.THEIRS:
                said = f"{self.ref} takes the requests for {place}"
            case Winner.EITHER:
                said = f"{self.ref} takes some of the requests for {place}, by chance"
            case Winner.OURS:
                said = f"{self.ref} asks for {place} too, and gets nothing there"
        # The Gateway API knows no priorities.
        change = "hostname or path" if self.ref.kind == "HTTPRoute" else "host, path or priority"
        named = "" if self.host or self.winner is Winner.OURS else ", or name this app's own hosts in spec.route.hosts"
        priorities = f"its priority {self.theirs}, this app's {self.ours}"
        return f"{said} ({priorities}). Give it another {change}, or delete it{named}"


def find(route: Route, entry_points: EntryPoints, known: Known) -> Overlap | None:
    """Return the foreign route that stands most in the way of an app's."""
    found: list[Overlap] = []
    for host in _hosts(route, entry_points.urls):
        for pattern in patterns(host, route.rule.prefix):
            same = pattern.host == host and pattern.path.rstrip("/") == route.rule.prefix.rstrip("/")
            for ref, foreign in known(pattern):
                theirs, ours = foreign.priorities[pattern], route.rule.priority
                winner = Winner.THEIRS if theirs > ours else Winner.EITHER if theirs == ours else Winner.OURS
                if (same or winner is not Winner.OURS) and _meets(foreign, route, entry_points.urls):
                    found.append(Overlap(winner, ref, host, route.rule.prefix, theirs, ours))
    return min(found, default=None)


def patterns(host: str, prefix: str) -> Iterator[Pattern]:
    """Yield all that match the address itself: few enough to look each up, however many routes there are."""
    slashed = prefix.rstrip("/") + "/"
    for known in _host_patterns(host):
        for end in range(1, len(slashed) + 1):
            yield Pattern(known, slashed[:end])
        for path in dict.fromkeys((prefix, slashed)):
            yield Pattern(known, path, exact=True)


def concerns(pattern: Pattern, host: str, prefix: str) -> bool:
    """Return whether a pattern may be one of those; an app without hosts may be reached by any."""
    taken = pattern.takes(prefix) or pattern.takes(prefix.rstrip("/") + "/")
    return taken and (not host or pattern.host in _host_patterns(host))


def _host_patterns(host: str) -> list[str]:
    if not host:
        return [""]
    labels = host.split(".")
    parents = [".".join(labels[start:]) for start in range(1, len(labels))]
    return ["", host, *(f"*.{parent}" for parent in parents[:1]), *(f"**.{parent}" for parent in parents)]


def _hosts(route: Route, urls: Mapping[str, str]) -> tuple[str, ...]:
    """Return the hosts of an app; of one without, also those by which its entry points are known."""
    if route.rule.hosts:
        return route.rule.hosts
    named = [urlsplit(urls[name]).hostname or "*" for name in _entry_points(route) if name in urls]
    return ("", *dict.fromkeys(host for host in named if host != "*"))


def _meets(foreign: Foreign, route: Route, urls: Mapping[str, str]) -> bool:
    """Return whether the same Traefik has both at one entry point, as far as that is known."""
    if foreign.ingress_class not in {None, same_class(route.ingress_class_name)}:
        return False
    shared = _entry_points(route)
    if foreign.entry_points:
        shared = [name for name in shared if name in foreign.entry_points]
    if foreign.tls:
        shared = [name for name in shared if not urls.get(name, "").startswith("http:")]
    return bool(shared)


def _entry_points(route: Route) -> list[str]:
    return [*route.entry_points, *route.plain]
