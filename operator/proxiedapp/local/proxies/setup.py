"""What a proxy on one machine serves: its listener, and a route for each app. Pure."""

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Final

from proxiedapp.api.paths import is_under
from proxiedapp.routing.route import Route
from proxiedapp.routing.rule import WILDCARD
from proxiedapp.routing.traefik import REMOVE_FORGEABLE_HEADERS

REMOVED_HEADERS: Final = tuple(
    name for name in REMOVE_FORGEABLE_HEADERS["headers"]["customRequestHeaders"] if name != "X-Forwarded-Prefix"
)
"""Headers that clients can forge, and that some server or app trusts; X-Forwarded-Prefix has a line of its own."""


@dataclass(frozen=True, slots=True)
class Listener:
    """Where the proxy accepts requests; with TLS if it has a certificate."""

    address: str
    port: int
    certificate: str | None = None
    """Path of the certificate chain in PEM."""
    key: str | None = None
    """Path of its private key in PEM."""

    @property
    def scheme(self) -> str:
        """Return http or https."""
        return "http" if self.certificate is None else "https"

    @property
    def endpoint(self) -> str:
        """Return address:port, with brackets around an IPv6 address."""
        return f"[{self.address}]:{self.port}" if ":" in self.address else f"{self.address}:{self.port}"

    @property
    def quoted_files(self) -> tuple[str, str]:
        """Return certificate and key as nginx and Caddy read paths that may have spaces."""
        certificate, key = (json.dumps(file, ensure_ascii=False) for file in (self.certificate, self.key))
        return certificate, key


@dataclass(frozen=True, slots=True)
class Backend:
    """A route, and where its app listens."""

    route: Route
    endpoint: str
    """host:port."""

    @property
    def name(self) -> str:
        """Return a name for configuration files, which is unique and has letters, digits and hyphens only."""
        return f"{self.route.app.namespace}-{self.route.app.name}"

    @property
    def prefix(self) -> str:
        """Return the prefix without a slash at its end; empty for /."""
        return "" if self.route.rule.prefix == "/" else self.route.rule.prefix

    def path_inside(self, path: str, status: int) -> str:
        """Return what the app gets for a path, with its query; empty if the proxy redirected the bare prefix itself."""
        bare, _, query = path.partition("?")
        if self.route.redirects_bare and bare == self.prefix and status == HTTPStatus.FOUND:
            return ""
        if not self.route.strips:
            return path
        inside = bare.removeprefix(self.prefix) or "/"
        return f"{inside}?{query}" if query else inside


@dataclass(frozen=True, slots=True)
class Setup:
    """All that the configuration of a proxy depends on."""

    listener: Listener
    backends: tuple[Backend, ...]
    logs_requests: bool = False
    """Whether the proxy prints each request as a line of JSON."""

    def by_priority(self) -> list["Match"]:
        """Return what the proxy compares a request with, in the order of Traefik's priorities."""
        matches = [Match(host, one) for one in self.backends for host in one.route.rule.hosts or ("",)]
        return sorted(matches, key=lambda match: (-match.priority, match.host, match.backend.name))

    def backend_of(self, host: str, path: str) -> Backend | None:
        """Return the backend that gets requests for a host, with or without a port, and a path without a query."""
        name = re.sub(r":\d+$", "", host).lower()
        return next((one.backend for one in self.by_priority() if one.has_host(name) and one.has_path(path)), None)

    def by_host(self) -> Mapping[str, list[Backend]]:
        """Return the backends of each host; "" stands for every other host.

        They are those that Traefik would route to there, for a proxy that chooses the longest prefix of a host: a
        prefix is left out if a rule with a higher priority matches everything below it.
        """
        matches = self.by_priority()
        hosts = dict.fromkeys(match.host for match in matches)
        return {host: _reachable(match for match in matches if match.has_host(host)) for host in (*hosts, "")}


@dataclass(frozen=True, slots=True)
class Match:
    """A host and a prefix at which a backend gets requests; "" stands for every host."""

    host: str
    backend: Backend

    @property
    def priority(self) -> int:
        """Return Traefik's priority."""
        return self.backend.route.priority_at(self.host)

    def has_host(self, name: str) -> bool:
        """Return whether a host is matched; a wildcard stands for one label."""
        if self.host.startswith(WILDCARD):
            return name == self.host or name.partition(".")[2] == self.host.removeprefix(WILDCARD)
        return self.host in {"", name}

    def has_path(self, path: str) -> bool:
        """Return whether a path is the prefix or below it."""
        return is_under(path, self.backend.prefix)


def _reachable(matches: Iterable[Match]) -> list[Backend]:
    """Return the backends of matches in the order of their priorities, without those that get no request."""
    found: list[Match] = []
    for match in matches:
        if not any(earlier.has_path(match.backend.prefix) for earlier in found):
            found.append(match)
    return sorted((match.backend for match in found), key=lambda one: -len(one.prefix))


@dataclass(frozen=True, slots=True)
class Request:
    """A request as the proxy logged it."""

    method: str
    host: str
    path: str
    """With the query."""
    status: int
    seconds: float
    agent: str = ""
    """The User-Agent."""
