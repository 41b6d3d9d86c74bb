"""A small model of how Traefik 3 parses a rule and which requests the rule matches (measured with Traefik 3.7.15).

It covers the syntax that the operator writes: `Host`, `Path` and `PathPrefix` with one value each, joined by `&&`, `||`
and parentheses, and values in Go's double quotes or backticks. An escape in double quotes is an error, because no rule
of the operator may contain one. Before routing, Traefik changes the path of a request in two steps:

1. normalise: percent-encoded unreserved characters are decoded, other escapes are written in upper case;
2. sanitise: `//`, `/./` and `/../` are resolved; encoded slashes stay encoded.

Not modelled: the host `*`, request headers, the `encodedCharacters` options.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, TypeAlias

from typing_extensions import override

_TOKEN: Final = re.compile(r'\s*(?:(&&|\|\||[()])|([A-Za-z]+)|"([^"\\\n]*)"|`([^`]*)`)')
_UNRESERVED: Final = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~")


class NotARuleError(Exception):
    """Traefik would disable the router of this rule."""


@dataclass(frozen=True)
class Matcher:
    """One matcher of a rule."""

    name: str
    value: str

    def matches(self, host: str, path: str) -> bool:
        match self.name:
            case "Host":
                if self.value.startswith("*"):  # one label, whatever it is
                    host = "*." + host.partition(".")[2]
                return host.lower() == self.value.lower()
            case "Path":
                return path == self.value
            case _:
                return path.startswith(self.value)  # characters, not segments


@dataclass(frozen=True)
class All:
    """An expression of which every part must match."""

    parts: tuple["Expression", ...]

    def matches(self, host: str, path: str) -> bool:
        return all(part.matches(host, path) for part in self.parts)


@dataclass(frozen=True)
class Either:
    """An expression of which at least one part must match."""

    parts: tuple["Expression", ...]

    def matches(self, host: str, path: str) -> bool:
        return any(part.matches(host, path) for part in self.parts)


Expression: TypeAlias = Matcher | All | Either


@dataclass(frozen=True)
class _Token:
    kind: str
    text: str

    @override
    def __str__(self) -> str:
        return self.text or "the end"


def parse(rule: str) -> Expression:
    """Parse a rule; raises NotARuleError. `&&` binds tighter than `||`, as in Go."""
    parser = _Parser(rule)
    expression = parser.either()
    parser.expect("end")
    return expression


class _Parser:
    def __init__(self, rule: str) -> None:
        self._tokens = _tokens(rule)
        self._next = next(self._tokens)

    def either(self) -> Expression:
        parts = [self.all()]
        while self._take("||"):
            parts.append(self.all())
        return parts[0] if len(parts) == 1 else Either(tuple(parts))

    def all(self) -> Expression:
        parts = [self._factor()]
        while self._take("&&"):
            parts.append(self._factor())
        return parts[0] if len(parts) == 1 else All(tuple(parts))

    def expect(self, kind: str) -> str:
        token = self._next
        if token.kind != kind:
            raise NotARuleError(f"expected {kind}, found {token}")
        if kind != "end":
            self._next = next(self._tokens)
        return token.text

    def _factor(self) -> Expression:
        if self._take("("):
            inner = self.either()
            self.expect(")")
            return inner
        name = self.expect("name")
        self.expect("(")
        value = self.expect("string")
        self.expect(")")
        if name not in {"Host", "Path", "PathPrefix"}:
            raise NotARuleError(f"the model does not know the matcher {name}")
        if name != "Host" and not value.startswith("/"):
            raise NotARuleError(f"{name} needs a leading slash")
        return Matcher(name, value)

    def _take(self, kind: str) -> bool:
        if self._next.kind != kind:
            return False
        self.expect(kind)
        return True


def _tokens(rule: str) -> Iterator[_Token]:
    at = 0
    text = rule.rstrip()
    while at < len(text):
        match = _TOKEN.match(text, at)
        if match is None:
            raise NotARuleError(f"cannot parse {text[at:]!r}")
        operator, name, quoted, raw = match.groups()
        if operator is not None:
            yield _Token(operator, operator)
        elif name is not None:
            yield _Token("name", name)
        else:
            yield _Token("string", quoted if quoted is not None else raw)
        at = match.end()
    yield _Token("end", "")


def routed_path(path: str) -> str:
    """Return the path with which Traefik compares rules."""
    return _sanitised(_normalised(path))


def takes(rule: str, host: str, path: str) -> bool:
    """Return whether a rule matches a request, given as the client sends it."""
    return parse(rule).matches(host, routed_path(path))


def stripped(prefix: str, path: str) -> str:
    """Return the path that `stripPrefix` forwards: the prefix is cut by characters, and an empty rest becomes `/`."""
    path = routed_path(path)
    rest = path.removeprefix(prefix)
    return rest if rest.startswith("/") else f"/{rest}"


def _normalised(path: str) -> str:
    def decoded(match: re.Match[str]) -> str:
        char = chr(int(match.group(1), 16))
        return char if char in _UNRESERVED else match.group().upper()

    return re.sub(r"%([0-9A-Fa-f]{2})", decoded, path)


def _sanitised(path: str) -> str:
    kept: list[str] = []
    *segments, last = path.split("/")
    for segment in [*segments, last]:
        if segment == "..":
            del kept[-1:]
        elif segment not in {"", "."}:
            kept.append(segment)
    slash = "/" if kept and last in {"", ".", ".."} else ""
    return "/" + "/".join(kept) + slash
