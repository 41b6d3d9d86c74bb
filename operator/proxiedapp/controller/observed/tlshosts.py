"""Routes by host and TLS options, to find those that have other options than an app at its host. Pure.

Any user can add routes to a host, so a look-up reads the first few options and routes only.
"""

from bisect import bisect_left, insort
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Final

from proxiedapp.routing.foreignroute import RouteRef
from proxiedapp.routing.tlsoptions import DEFAULT, NO_TLS, TLSHost, TLSRoutes

_OPTIONS_READ: Final = 4
"""Options that a look-up reads: three may not count, the app's present and earlier ones and those without TLS."""
_ROUTES_READ: Final = 2
"""Routes with the same options that a look-up reads: one of them may be the app's own, of an earlier spec."""


@dataclass(slots=True)
class _Site:
    """The routes at one host of an entry point, by options; options and routes in order."""

    options: list[str] = field(default_factory=list)
    routes: dict[str, list[RouteRef]] = field(default_factory=dict)

    def read(self) -> list[tuple[str, list[RouteRef]]]:
        """Return all that a look-up reads."""
        return [(one, self.routes[one][:_ROUTES_READ]) for one in self.options[:_OPTIONS_READ]]


class TLSHosts:
    """Routes by where they use TLS."""

    def __init__(self) -> None:
        self._sites: dict[TLSHost, _Site] = {}
        self._naming: dict[str, dict[RouteRef, int]] = {}
        """Host to the routes that name a TLSOption there, each with how often it does."""

    def __len__(self) -> int:
        """Return how many hosts are known, each counted once for each entry point and ingress class."""
        return len(self._sites)

    def replace(self, ref: RouteRef, before: TLSRoutes, after: TLSRoutes) -> set[str]:
        """Record where a route uses TLS; returns the hosts at which another route's look-up may find something new."""
        if before == after:
            return set()
        changed = {tls_host for tls_host, _ in before ^ after}
        known = {tls_host: self._read(tls_host) for tls_host in changed}
        for tls_host, options in before - after:
            self._remove(ref, tls_host, options)
        for tls_host, options in after - before:
            self._add(ref, tls_host, options)
        return {tls_host.host for tls_host in changed if self._read(tls_host) != known[tls_host]}

    def naming_options(self, hosts: Iterable[str]) -> Iterator[RouteRef]:
        """Yield the routes that name a TLSOption at one of these hosts."""
        for host in hosts:
            yield from self._naming.get(host, ())

    def other(self, tls_host: TLSHost, options: str, but: RouteRef, *, tls_by_default: bool) -> RouteRef | None:
        """Return a route there with other options that is not `but`; of several, the first of the first options."""
        for other, refs in self._read(tls_host):
            if other == options or (other == NO_TLS and not tls_by_default):
                continue
            if (found := next((ref for ref in refs if ref != but), None)) is not None:
                return found
        return None

    def _read(self, tls_host: TLSHost) -> list[tuple[str, list[RouteRef]]]:
        site = self._sites.get(tls_host)
        return [] if site is None else site.read()

    def _add(self, ref: RouteRef, tls_host: TLSHost, options: str) -> None:
        site = self._sites.setdefault(tls_host, _Site())
        if options not in site.routes:
            insort(site.options, options)
        insort(site.routes.setdefault(options, []), ref)
        if options not in {DEFAULT, NO_TLS}:
            naming = self._naming.setdefault(tls_host.host, {})
            naming[ref] = naming.get(ref, 0) + 1

    def _remove(self, ref: RouteRef, tls_host: TLSHost, options: str) -> None:
        site = self._sites[tls_host]
        refs = site.routes[options]
        del refs[bisect_left(refs, ref)]
        if not refs:
            del site.routes[options]
            del site.options[bisect_left(site.options, options)]
        if not site.options:
            del self._sites[tls_host]
        if options not in {DEFAULT, NO_TLS}:
            naming = self._naming[tls_host.host]
            naming[ref] -= 1
            if not naming[ref]:
                del naming[ref]
            if not naming:
                del self._naming[tls_host.host]
