"""Which apps a pattern of a foreign route may concern, found without a scan over all apps. Pure.

An address is registered under each host pattern that matches its host (`address_hosts`), in a list sorted by path, so
that all addresses which a pattern matches are next to each other. Addresses at a host and addresses at every host are
kept apart: their priorities differ so much that most foreign routes can only concern one of them.
"""

from bisect import bisect_left, bisect_right, insort
from collections.abc import Iterable, Iterator, Mapping
from collections.abc import Set as AbstractSet
from typing import Final, NamedTuple

from proxiedapp.kube.key import Key
from proxiedapp.routing.overlap import address_hosts
from proxiedapp.routing.rule import HOST_PRIORITY, Rule
from proxiedapp.routing.ruleparser import Pattern

MAX_PORTION_STEPS: Final = 20_000
"""Steps of a look-up after which other work gets its turn; they take a few tens of milliseconds."""
_NO_APPS: Final[frozenset[Key]] = frozenset()


class Address(NamedTuple):
    """Where clients reach an app; it sorts by path."""

    path: str
    """The prefix with a slash at its end."""
    host: str
    """Empty for every host that no other route names."""
    priority: int
    """The priority of the app's rule."""


def addresses_of(rule: Rule, public_hosts: Iterable[str]) -> frozenset[Address]:
    """Return the addresses of an app; `public_hosts` are those of its entry points, at which one without hosts is."""
    path = rule.prefix.rstrip("/") + "/"
    return frozenset(Address(path, host, rule.priority_at(host)) for host in rule.hosts or ("", *public_hosts))


class AddressIndex:
    """Apps by address."""

    def __init__(self) -> None:
        self._apps: dict[Address, set[Key]] = {}
        self._by_host: dict[tuple[str, bool], list[Address]] = {}
        """Host pattern and whether the address has a priority of a rule with hosts, to addresses in order."""
        self._replacements = 0
        self.steps = 0
        """How many addresses and apps were read since the start: what the cost of a look-up is measured by."""

    def __len__(self) -> int:
        """Return how many addresses are known."""
        return len(self._apps)

    def replace(self, app: Key, before: frozenset[Address], after: frozenset[Address]) -> None:
        """Record that an app moved from some addresses to others."""
        self._replacements += 1
        for address in before - after:
            self._apps[address].discard(app)
            if not self._apps[address]:
                del self._apps[address]
                for group in _groups(address):
                    addresses = self._by_host[group]
                    del addresses[bisect_left(addresses, address)]
                    if not addresses:
                        del self._by_host[group]
        for address in after - before:
            if address not in self._apps:
                self._apps[address] = set()
                for group in _groups(address):
                    insort(self._by_host.setdefault(group, []), address)
            self._apps[address].add(app)

    def concerned(self, patterns: Mapping[Pattern, int]) -> Iterator[set[Key]]:
        """Yield the apps whose overlap may depend on a route with these patterns, each given with its priority.

        That is an app whose address a pattern matches, unless the app's own priority is higher: then the app gets the
        requests, and reports the route only if both have exactly the same address.

        A route can have thousands of patterns and match every app, so the apps come in portions, each found in at most
        about MAX_PORTION_STEPS steps. Between two of them, apps may move; those need a pass in any case.
        """
        portion, begin = set[Key](), self.steps
        for apps in self._found(patterns):
            portion |= apps
            if self.steps - begin >= MAX_PORTION_STEPS:
                yield portion
                portion, begin = set(), self.steps
        yield portion

    def _found(self, patterns: Mapping[Pattern, int]) -> Iterator[AbstractSet[Key]]:
        """Yield after each step, or a few, what it found."""
        self.steps += len(patterns)
        widest = _widest(patterns)
        yield _NO_APPS
        for pattern, priority in widest.items():
            for hosted in (False, True) if priority > HOST_PRIORITY else (False,):
                yield from self._matching(pattern, priority, hosted=hosted)
        for host, path in {(pattern.host, f"{pattern.path.rstrip('/')}/") for pattern in patterns}:
            yield self._exactly_at(host, path)

    def _matching(self, pattern: Pattern, priority: int, *, hosted: bool) -> Iterator[AbstractSet[Key]]:
        """Yield the apps at each address that a pattern matches, in order; addresses may come and go meanwhile."""
        addresses = self._by_host.get((pattern.host, hosted), [])
        position, known = bisect_left(addresses, (pattern.path,)), self._replacements
        while position < len(addresses):
            address = addresses[position]
            self.steps += 1
            if not address.path.startswith(pattern.path) or (pattern.exact and address.path != pattern.path):
                break
            yield self._at(address) if address.priority <= priority else _NO_APPS
            if known == self._replacements:
                position += 1
            else:
                addresses = self._by_host.get((pattern.host, hosted), [])
                position, known = bisect_right(addresses, address), self._replacements

    def _exactly_at(self, host: str, path: str) -> AbstractSet[Key]:
        """Return the apps at a host and path, whatever their priority."""
        found = set[Key]()
        for hosted in (False, True):
            addresses = self._by_host.get((host, hosted), [])
            self.steps += 1
            for position in range(bisect_left(addresses, (path, host)), len(addresses)):
                address = addresses[position]
                if (address.path, address.host) != (path, host):
                    break
                found |= self._at(address)
        return found

    def _at(self, address: Address) -> AbstractSet[Key]:
        apps = self._apps.get(address, _NO_APPS)
        self.steps += len(apps)
        return apps


def _groups(address: Address) -> list[tuple[str, bool]]:
    return [(host, address.priority > HOST_PRIORITY) for host in address_hosts(address.host)]


def _widest(patterns: Mapping[Pattern, int]) -> dict[Pattern, int]:
    """Leave out patterns that match only what another one matches, which gets the highest priority of them all.

    So a route with thousands of nested paths reads each address once. An exact path gets a slash at its end, as the
    paths of addresses have one.
    """
    slashed = {
        Pattern(host, path if path.endswith("/") or not exact else f"{path}/", exact): priority
        for (host, path, exact), priority in sorted(patterns.items(), key=lambda one: one[1])
    }
    found: dict[Pattern, int] = {}
    widest: Pattern | None = None
    for pattern in sorted(slashed):
        if widest is None or widest.host != pattern.host or not pattern.path.startswith(widest.path):
            widest = None if pattern.exact else pattern
        key = widest or pattern
        found[key] = max(slashed[pattern], found.get(key, slashed[pattern]))
    return found
