"""Parse any rule in Traefik's syntax into the patterns that it certainly matches. Pure.

The parser understands `Host`, `Path` and `PathPrefix`, joined by `&&`, `||` and parentheses. Other matchers and `!`
narrow a rule in ways that it does not follow, so anything joined to them by `&&` yields no pattern. A rule may
therefore match more than the parser reports, but never less.

Syntax as in Traefik v3.7.13: `pkg/rules/parser.go` (a rule is a Go expression) and `pkg/muxer/http/matcher.go`.
"""

import re
from collections.abc import Iterable
from typing import Final, NamedTuple

from proxiedapp.api.budget import Budget, BudgetError

_TOKEN: Final = re.compile(r'(\s*)(?:(&&|\|\||[()!,])|([A-Za-z]+)|"([^"\\\n]*)"|`([^`]*)`)')
_NARROWING: Final = frozenset(
    {"clientip", "header", "headerregexp", "hostregexp", "method", "pathregexp", "query", "queryregexp"}
)
MAX_RULE_LENGTH: Final = 4096
"""Characters of a rule that is parsed. Any user of the cluster may write rules, so their number, size and nesting are
limited; a rule beyond a limit cannot be judged."""
MAX_RULE_PATTERNS: Final = 128
"""Patterns that one part of a rule may yield. `&&` multiplies those of its sides."""
MAX_RULE_DEPTH: Final = 32
"""Nested parentheses and negations of a rule."""


class Pattern(NamedTuple):
    """Requests to a host whose path starts with `path`, compared by characters, or equals it if `exact`.

    An empty host means any host; `*.example.com` matches one more label, `**.example.com` one or more.
    """

    host: str
    path: str
    exact: bool = False

    def matches_path(self, path: str) -> bool:
        """Return whether the pattern matches a path."""
        return path == self.path if self.exact else path.startswith(self.path)


def parse(rule: str, budget: Budget) -> frozenset[Pattern]:
    """Return the patterns that a rule certainly matches; none for a rule that is invalid.

    Each token and each combination of two patterns is a step. Raises BudgetError for a rule that takes more steps than
    are left, or exceeds one of the limits above.
    """
    try:
        return frozenset(_Parser(rule, budget).parse())
    except _UnsupportedError:
        return frozenset()


def is_rule(rule: str) -> bool:
    """Return whether Traefik can parse a rule, as far as it is known here; true for a rule beyond the limits."""
    try:
        _Parser(rule, Budget(MAX_RULE_LENGTH * MAX_RULE_PATTERNS)).parse()
    except BudgetError:
        return True
    except _UnsupportedError:
        return False
    return True


class _UnsupportedError(Exception):
    """The rule is invalid, so that Traefik disables its router."""


class _Token(NamedTuple):
    kind: str
    text: str


class _Parser:
    """A recursive descent parser; `&&` binds tighter than `||`, as in Go."""

    def __init__(self, rule: str, budget: Budget) -> None:
        if len(rule) > MAX_RULE_LENGTH:
            raise BudgetError(f"a rule of more than {MAX_RULE_LENGTH} characters")
        self._budget = budget
        self._tokens = _tokens(rule.strip())
        budget.spend(1 + len(self._tokens))
        self._tokens.reverse()

    def parse(self) -> set[Pattern]:
        found = self._disjunction(0)
        if self._tokens:
            raise _UnsupportedError
        return found

    def _disjunction(self, depth: int) -> set[Pattern]:
        found = self._conjunction(depth)
        while self._take("||"):
            found |= self._conjunction(depth)
        return _limited(found)

    def _conjunction(self, depth: int) -> set[Pattern]:
        found = self._factor(depth)
        while self._take("&&"):
            other = self._factor(depth)
            self._budget.spend(len(found) * len(other))
            met = (_intersection(one, another) for one in found for another in other)
            found = _limited(pattern for pattern in met if pattern is not None)
        return found

    def _factor(self, depth: int) -> set[Pattern]:
        if depth > MAX_RULE_DEPTH:
            raise BudgetError(f"a rule with more than {MAX_RULE_DEPTH} nested parentheses")
        if self._take("!"):
            self._factor(depth + 1)
            return set()
        if self._take("("):
            found = self._disjunction(depth + 1)
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
            raise _UnsupportedError
        return self._tokens.pop().text


def _tokens(rule: str) -> list[_Token]:
    found: list[_Token] = []
    at = 0
    while at < len(rule):
        match = _TOKEN.match(rule, at)
        if match is None:
            raise _UnsupportedError
        space, operator, name, quoted, raw = match.groups()
        if "\n" in space and found[-1].kind in {"string", "name", ")"}:
            raise _UnsupportedError  # a Go expression ends at this line break
        if operator is not None:
            found.append(_Token(operator, operator))
        elif name is not None:
            found.append(_Token("name", name))
        else:
            found.append(_Token("string", raw if quoted is None else quoted))
        at = match.end()
    return found


def _matched(name: str, values: list[str]) -> set[Pattern]:
    """Return the patterns of one matcher, given its name in lower case; Traefik accepts several letter cases."""
    if name in _NARROWING:
        return set()
    (value, *more) = values
    if more or not value.isascii():
        raise _UnsupportedError
    if name == "host":
        host = value.lower().removesuffix(".")
        return {Pattern("" if host == "*" else host, "/")}
    if name not in {"path", "pathprefix"} or not value.startswith("/"):
        raise _UnsupportedError
    return {Pattern("", value, exact=name == "path")}


def _intersection(one: Pattern, other: Pattern) -> Pattern | None:
    """Return the pattern that matches what both match; None if there is none, or none that Pattern can express."""
    if one.host and other.host and one.host != other.host:
        return None
    for narrow, wide in ((one, other), (other, one)):
        if (narrow.exact or not wide.exact) and wide.matches_path(narrow.path):
            return Pattern(one.host or other.host, narrow.path, narrow.exact)
    return None


def _limited(patterns: Iterable[Pattern]) -> set[Pattern]:
    found: set[Pattern] = set()
    for pattern in patterns:
        found.add(pattern)
        if len(found) > MAX_RULE_PATTERNS:
            raise BudgetError(f"a rule with more than {MAX_RULE_PATTERNS} alternatives")
    return found
