"""What a rule in Traefik's language is known to match, whoever wrote it. Pure.

Read are `Host`, `Path` and `PathPrefix`, joined by `&&`, `||` and parentheses. Other matchers and `!` narrow a rule in
ways that are not followed: what stands beside them by `&&` is left out. So a rule may match more than is said here, and
never less.
"""

import re
from collections.abc import Iterable
from typing import Final, NamedTuple

_TOKEN: Final = re.compile(r'(\s*)(?:(&&|\|\||[()!,])|([A-Za-z]+)|"([^"\\\n]*)"|`([^`]*)`)')
_OTHERS: Final = frozenset(
    {"clientip", "header", "headerregexp", "hostregexp", "method", "pathregexp", "query", "queryregexp"}
)
# Anybody may write rules, and each must be read quickly: one beyond these is not read.
_LONGEST: Final = 4096
_MOST: Final = 128
_DEEPEST: Final = 32


class Pattern(NamedTuple):
    """Requests for a host whose path begins with `path`, by characters, or is just that.

    An empty host is any; `*.example.com` stands for one more label, `**.example.com` for one or more.
    """

    host: str
    path: str
    exact: bool = False

    def takes(self, path: str) -> bool:
        """Return whether a path is matched."""
        return path == self.path if self.exact else path.startswith(self.path)


def read(rule: str) -> frozenset[Pattern]:
    """Return what a rule is known to match; nothing for one that cannot be read."""
    try:
        return frozenset(_Reader(rule).whole())
    except _UnreadableError:
        return frozenset()


class _UnreadableError(Exception):
    """Traefik would switch the router off, or it is beyond what we follow."""


class _Token(NamedTuple):
    kind: str
    text: str


class _Reader:
    """Reads by descent: `||` joins what `&&` joins, as in Go."""

    def __init__(self, rule: str) -> None:
        if len(rule) > _LONGEST:
            raise _UnreadableError
        self._tokens = _tokens(rule.strip())
        self._tokens.reverse()

    def whole(self) -> set[Pattern]:
        found = self._either(0)
        if self._tokens:
            raise _UnreadableError
        return found

    def _either(self, depth: int) -> set[Pattern]:
        found = self._both(depth)
        while self._take("||"):
            found |= self._both(depth)
        return _few(found)

    def _both(self, depth: int) -> set[Pattern]:
        found = self._factor(depth)
        while self._take("&&"):
            other = self._factor(depth)
            met = (_meet(one, another) for one in found for another in other)
            found = _few(pattern for pattern in met if pattern is not None)
        return found

    def _factor(self, depth: int) -> set[Pattern]:
        if depth > _DEEPEST:
            raise _UnreadableError
        if self._take("!"):
            self._factor(depth + 1)
            return set()
        if self._take("("):
            found = self._either(depth + 1)
            self._expect(")")
            return found
        name = self._expect("name")
        self._expect("(")
        values = [self._expect("string")]
        while self._take(","):
            values.append(self._expect("string"))
        self._expect(")")
        return _matched(name.lower(), values)

    def _take(self, kind: str) -> bool:
        if not self._tokens or self._tokens[-1].kind != kind:
            return False
        self._tokens.pop()
        return True

    def _expect(self, kind: str) -> str:
        if not self._tokens or self._tokens[-1].kind != kind:
            raise _UnreadableError
        return self._tokens.pop().text


def _tokens(rule: str) -> list[_Token]:
    found: list[_Token] = []
    at = 0
    while at < len(rule):
        match = _TOKEN.match(rule, at)
        if match is None:
            raise _UnreadableError
        space, operator, name, quoted, raw = match.groups()
        if "\n" in space and found[-1].kind in {"string", "name", ")"}:
            raise _UnreadableError  # Go ends the expression there
        if operator is not None:
            found.append(_Token(operator, operator))
        elif name is not None:
            found.append(_Token("name", name))
        else:
            found.append(_Token("string", raw if quoted is None else quoted))
        at = match.end()
    return found


def _matched(name: str, values: list[str]) -> set[Pattern]:
    """Return what one matcher matches; Traefik takes its name in several letter cases, and one value."""
    if name in _OTHERS:
        return set()
    (value, *more) = values
    if more or not value.isascii():
        raise _UnreadableError
    if name == "host":
        host = value.lower().removesuffix(".")
        return {Pattern("" if host == "*" else host, "/")}
    if name not in {"path", "pathprefix"} or not value.startswith("/"):
        raise _UnreadableError
    return {Pattern("", value, exact=name == "path")}


def _meet(one: Pattern, other: Pattern) -> Pattern | None:
    """Return what both match, if that can be told."""
    if one.host and other.host and one.host != other.host:
        return None
    for narrow, wide in ((one, other), (other, one)):
        if (narrow.exact or not wide.exact) and wide.takes(narrow.path):
            return Pattern(one.host or other.host, narrow.path, narrow.exact)
    return None


def _few(patterns: Iterable[Pattern]) -> set[Pattern]:
    found: set[Pattern] = set()
    for pattern in patterns:
        found.add(pattern)
        if len(found) > _MOST:
            raise _UnreadableError
    return found
