"""The rule that selects the requests of an app, in Traefik's rule syntax.

The rule matches whole path segments: Traefik's PathPrefix compares characters, so `/api/v1` alone would also match
`/api/v10` (Traefik `pkg/muxer/http/matcher.go`, v3.7.13; tests/unit/routing/test_rule_vectors.py). Values are written
between backticks, because controllers such as external-dns find hosts only there (its `source/traefik_proxy.go`). They
may contain no backtick, quote or backslash, so no value can end its own string; the tests parse the written rules and
compare.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

HOST_PRIORITY: Final = 10_000
"""What hosts add to the priority of a rule, as Traefik adds it to an HTTPRoute with a prefix."""
_PREFIX_PRIORITY: Final = 100
"""What each character of the prefix adds to the priority of a rule with hosts, again as for an HTTPRoute."""
_LONGEST_HOST: Final = _PREFIX_PRIORITY - 1
"""Characters of a host that count at most, so that one more character of the prefix always counts more."""
WILDCARD_PRIORITY: Final = 500
"""What hosts with a wildcard add to the length of the prefix: more than no hosts, and less than other hosts in any
release, because a longer prefix at a wildcard must not take requests of an app with a name that it matches."""
_EARLIER_HOST_PRIORITY: Final = 1000
"""What hosts added in releases up to 0.1, in which the length of the prefix was the rest of the priority."""

WILDCARD: Final = "*."
"""How a host begins that stands for all names one label below the rest of it."""
_STAND_IN: Final = "proxiedapp"
"""The label in place of a wildcard; no app's own host is likely to begin with it."""
_MAX_HOST: Final = 253
_HOST: Final = re.compile(r"(\*\.)?[a-z0-9]([-a-z0-9.]*[a-z0-9])?")
_PREFIX: Final = re.compile(r"(/[A-Za-z0-9._~-]+)+")
_WRITTEN: Final = re.compile(r"(Host|Path)\(`([^`]*)`\)")


@dataclass(frozen=True, slots=True)
class Rule:
    """Match requests to any of the hosts (no hosts: any host) whose path is the prefix or is below it."""

    hosts: tuple[str, ...]
    prefix: str

    def parts(self) -> "tuple[Rule, ...]":
        """Return rules that together match the same requests, and of which each has one priority for all its hosts."""
        exact = tuple(host for host in self.hosts if not host.startswith(WILDCARD))
        wildcards = tuple(host for host in self.hosts if host.startswith(WILDCARD))
        if not (exact and wildcards):
            return (self,)
        return Rule(exact, self.prefix), Rule(wildcards, self.prefix)

    def priority_at(self, host: str) -> int:
        """Return Traefik's priority at a host of the rule; at any host, for a rule without hosts.

        Names come before wildcards, and wildcards before rules without hosts; then longer prefixes come first. The
        operator always sets it, because Traefik's default is the length of the rule's text (Traefik
        `pkg/muxer/http/mux.go`, `GetRulePriority`, v3.7.13). For names, it is on the scale of HTTPRoutes (Traefik
        `pkg/provider/kubernetes/gateway/httproute.go`), so that the longer prefix comes first among both kinds.
        """
        if not self.hosts:
            return len(self.prefix)
        if host.startswith(WILDCARD):
            return WILDCARD_PRIORITY + len(self.prefix)
        longest = max(len(name) for name in self.hosts if not name.startswith(WILDCARD))
        return HOST_PRIORITY + _PREFIX_PRIORITY * len(self.prefix) + min(longest, _LONGEST_HOST)

    def earlier_priority_at(self, host: str) -> int:
        """Return the same for releases up to 0.1; for names, smaller than any present one."""
        if not self.hosts or host.startswith(WILDCARD):
            return self.priority_at(host)
        return _EARLIER_HOST_PRIORITY + len(self.prefix)

    @property
    def priority(self) -> int:
        """Return Traefik's priority of one of the `parts`."""
        return self.priority_at(self.hosts[0] if self.hosts else "")

    @property
    def earlier_priority(self) -> int:
        """Return the priority that releases up to 0.1 gave to one of the `parts`."""
        return self.earlier_priority_at(self.hosts[0] if self.hosts else "")

    @classmethod
    def parse(cls, text: str) -> "Rule | None":
        """Parse a rule that `format` wrote, now or in releases up to 0.1; return None for any other text."""
        if "`" not in text:
            text = text.replace('"', "`")  # those releases wrote values in double quotes
        found = _WRITTEN.findall(text)
        prefixes = [value for name, value in found if name == "Path"]
        rule = cls(tuple(value for name, value in found if name == "Host"), prefixes[0] if prefixes else "/")
        try:
            return rule if rule.format() == text else None
        except ValueError:
            return None

    def format(self) -> str:
        """Return the rule in Traefik's syntax; raises ValueError for a value that is not safe in a rule.

        The CRD rejects such values too. This check also covers objects stored under an older CRD.
        """
        groups = self._hosts()
        if self.prefix != "/":
            groups.append([_matcher("Path", self.prefix, _PREFIX), f"PathPrefix(`{self.prefix}/`)"])
        elif not self.hosts:
            groups.append(["PathPrefix(`/`)"])
        return _joined(groups)

    def format_bare(self) -> str:
        """Return a rule for GET and HEAD requests for exactly the prefix, except for WebSockets, which begin with GET.

        Raises ValueError as `format` does. `parse` returns None for it.
        """
        path = [_matcher("Path", self.prefix, _PREFIX)]
        methods = ["Method(`GET`)", "Method(`HEAD`)"]
        return _joined([*self._hosts(), path, methods, ["!HeaderRegexp(`Upgrade`, `(?i)websocket`)"]])

    def _hosts(self) -> list[list[str]]:
        return [[_matcher("Host", host, _HOST) for host in self.hosts]] if self.hosts else []


def concrete_host(hosts: Sequence[str]) -> str | None:
    """Return the host that stands for all hosts of an app where a request needs one; None if there are none.

    It is the first one without a wildcard. If there is none, a name below the first one.
    """
    if not hosts:
        return None
    host = next((host for host in hosts if not host.startswith(WILDCARD)), hosts[0])
    if not host.startswith(WILDCARD):
        return host
    parent = host.removeprefix("*")
    return _STAND_IN[: _MAX_HOST - len(parent)] + parent


def wildcard_of(host: str) -> str:
    """Return the host with a wildcard that matches a host: itself if it has one."""
    return WILDCARD + host.partition(".")[2]


def _joined(groups: Iterable[Sequence[str]]) -> str:
    """Return a rule in which one matcher of each group must match."""
    return " && ".join(group[0] if len(group) == 1 else f"({' || '.join(group)})" for group in groups)


def _matcher(name: str, value: str, allowed: re.Pattern[str]) -> str:
    if not allowed.fullmatch(value):
        raise ValueError(f"{value!r} is not allowed in a {name} matcher")
    return f"{name}(`{value}`)"
