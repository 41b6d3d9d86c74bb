"""The rule that decides which requests an app gets, in Traefik's language.

It ends at path segments, since Traefik's PathPrefix compares characters: `/api/v1` alone would also take `/api/v10`.
Values stand in double quotes and can hold neither quote nor backslash, so none can end its own string; the tests read
the written rule back and compare.
"""

import re
from dataclasses import dataclass
from typing import Final

_HOST: Final = re.compile(r"[a-z0-9]([-a-z0-9.]*[a-z0-9])?")
_PREFIX: Final = re.compile(r"(/[A-Za-z0-9._~-]+)+")
_WRITTEN: Final = re.compile(r'(Host|Path)\("([^"]*)"\)')


@dataclass(frozen=True, slots=True)
class Rule:
    """Requests for any of the hosts (none given: any host at all) whose path is the prefix or lies under it."""

    hosts: tuple[str, ...]
    prefix: str

    @property
    def priority(self) -> int:
        """Return Traefik's priority: a rule with hosts before one without, then the longer prefix.

        Always explicit, because Traefik's own default is the length of the rule's text.
        """
        return (1000 if self.hosts else 0) + len(self.prefix)

    @classmethod
    def read(cls, text: str) -> "Rule | None":
        """Read a rule back; None for one that we would not write so."""
        found = _WRITTEN.findall(text)
        prefixes = [value for name, value in found if name == "Path"]
        rule = cls(tuple(value for name, value in found if name == "Host"), prefixes[0] if prefixes else "/")
        try:
            return rule if rule.write() == text else None
        except ValueError:
            return None

    def write(self) -> str:
        """Return the rule as Traefik reads it; raises ValueError for a value that no rule may hold.

        The CRD refuses such values too; this check also covers objects that were stored before it did.
        """
        groups = []
        if self.hosts:
            groups.append([_matcher("Host", host, _HOST) for host in self.hosts])
        if self.prefix != "/":
            groups.append([_matcher("Path", self.prefix, _PREFIX), f'PathPrefix("{self.prefix}/")'])
        elif not self.hosts:
            groups.append(['PathPrefix("/")'])
        return " && ".join(group[0] if len(group) == 1 else f"({' || '.join(group)})" for group in groups)


def _matcher(name: str, value: str, allowed: re.Pattern[str]) -> str:
    if not allowed.fullmatch(value):
        raise ValueError(f"{value!r} cannot stand in a {name} rule")
    return f'{name}("{value}")'
