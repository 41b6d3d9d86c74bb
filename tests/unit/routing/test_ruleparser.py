"""The patterns that are parsed from any rule, compared with the tests' own model of Traefik."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxiedapp.api.budget import Budget, BudgetError
from proxiedapp.routing import ruleparser
from proxiedapp.routing.rule import Rule
from proxiedapp.routing.ruleparser import Pattern
from tests.support.traefik_rule import parse


def parse_rule(rule: str) -> frozenset[Pattern]:
    return ruleparser.parse(rule, Budget())


def prefix(path: str, host: str = "") -> Pattern:
    return Pattern(host, path)


def exact(path: str, host: str = "") -> Pattern:
    return Pattern(host, path, exact=True)


@pytest.mark.parametrize(
    ("rule", "expected"),
    [
        ("Host(`a.test`)", {prefix("/", "a.test")}),
        ('Host("a.test")', {prefix("/", "a.test")}),
        ("PathPrefix(`/api`)", {prefix("/api")}),
        ("Path(`/api`)", {exact("/api")}),
        ("Host(`a.test`) && PathPrefix(`/api`)", {prefix("/api", "a.test")}),
        ("PathPrefix(`/api`)&&Host(`a.test`)", {prefix("/api", "a.test")}),
        ("Host(`A.Test`)", {prefix("/", "a.test")}),
        ("Host(`a.test.`)", {prefix("/", "a.test")}),
        ("Host(`*`)", {prefix("/")}),
        ("Host(`*.test`) && Path(`/x`)", {exact("/x", "*.test")}),
        ("host(`a.test`) && PATHPREFIX(`/api`)", {prefix("/api", "a.test")}),
        ("Host(`a.test`) || Host(`b.test`)", {prefix("/", "a.test"), prefix("/", "b.test")}),
        ("Host(`a.test`) || PathPrefix(`/api`)", {prefix("/", "a.test"), prefix("/api")}),
        (
            "Host(`a.test`) && PathPrefix(`/x`) || Path(`/y`)",
            {prefix("/x", "a.test"), exact("/y")},
        ),
        ("Host(`a.test`) && (PathPrefix(`/x`) || Path(`/y`))", {prefix("/x", "a.test"), exact("/y", "a.test")}),
        (
            "(Host(`a.test`) || Host(`b.test`)) && (Path(`/x`) || PathPrefix(`/x/`))",
            {exact("/x", "a.test"), prefix("/x/", "a.test"), exact("/x", "b.test"), prefix("/x/", "b.test")},
        ),
        ("((Host(`a.test`)))", {prefix("/", "a.test")}),
        ("PathPrefix(`/a`) && PathPrefix(`/a/b`)", {prefix("/a/b")}),
        ("PathPrefix(`/a`) && Path(`/a/b`)", {exact("/a/b")}),
        ("Path(`/a/b`) && PathPrefix(`/a`)", {exact("/a/b")}),
        ("Path(`/a`) && Path(`/a`)", {exact("/a")}),
        ("Host(`a.test`) && Host(`a.test`)", {prefix("/", "a.test")}),
        ("Host(`a.test`) &&\n  PathPrefix(`/x`)\n", {prefix("/x", "a.test")}),
        ('Path(`/say"so`)', {exact('/say"so')}),
        ('Path("/say`so")', {exact("/say`so")}),
    ],
)
def test_patterns_of_a_rule(rule: str, expected: set[Pattern]) -> None:
    assert parse_rule(rule) == expected


@pytest.mark.parametrize(
    "rule",
    [
        "PathPrefix(`/a`) && PathPrefix(`/b`)",
        "Path(`/a`) && Path(`/b`)",
        "Path(`/a`) && PathPrefix(`/a/b`)",
        "Host(`a.test`) && Host(`b.test`)",
    ],
)
def test_contradiction_matches_nothing(rule: str) -> None:
    assert parse_rule(rule) == frozenset()


@pytest.mark.parametrize(
    "narrow",
    [
        "Header(`X-A`, `b`)",
        "HeaderRegexp(`X-A`, `.*`)",
        "Query(`a`)",
        "Query(`a`, `b`)",
        "QueryRegexp(`a`, `b`)",
        "Method(`GET`)",
        "ClientIP(`10.0.0.1`)",
        "HostRegexp(`.*`)",
        "PathRegexp(`^/x`)",
        "!Host(`a.test`)",
        "!(Host(`a.test`) || Path(`/x`))",
        "!!Host(`a.test`)",
        "(Method(`GET`) || Method(`POST`))",
    ],
)
def test_narrowing_matcher_removes_only_its_own_part(narrow: str) -> None:
    assert parse_rule(f"Host(`b.test`) && {narrow}") == frozenset()
    assert parse_rule(f"{narrow} && Host(`b.test`)") == frozenset()
    assert parse_rule(f"Host(`b.test`) && {narrow} || Path(`/y`)") == {exact("/y")}
    assert parse_rule(f"Host(`b.test`) && ({narrow} || Path(`/y`))") == {exact("/y", "b.test")}


@pytest.mark.parametrize(
    "rule",
    [
        "",
        " ",
        "Host",
        "Host(",
        "Host()",
        "Host(`a.test`",
        "Host(`a.test`) &&",
        "&& Host(`a.test`)",
        "Host(`a.test`) Path(`/x`)",
        "Host(`a.test`) & Path(`/x`)",
        "Host(`a.test`)\n&& Path(`/x`)",
        "Host('a.test')",
        "Host(`a.test`, `b.test`)",
        "Path(`x`)",
        "PathPrefix(`x`)",
        'Path("/a\\"b")',
        "Host(`ä.test`)",
        "Hosts(`a.test`)",
        "Host(`a.test`) || Hosts(`b.test`)",
        "Host(`a.test`))",
        "Host(`a.test`,)",
        "Host(a.test)",
        "a.test",
        "// Host(`a.test`)",
    ],
)
def test_unsupported_rule_matches_nothing(rule: str) -> None:
    assert parse_rule(rule) == frozenset()


@pytest.mark.parametrize(
    "rule",
    [
        pytest.param("(" * 40 + "Host(`a.test`)" + ")" * 40, id="deeply nested"),
        pytest.param("!" * 40 + "Host(`a.test`)", id="many negations"),
        pytest.param(f"Host(`{'a' * 4096}.test`)", id="a long rule"),
        pytest.param(" || ".join(f"Host(`a{n}.test`)" for n in range(150)), id="many patterns"),
        pytest.param(
            " && ".join("(" + " || ".join(f"{one}(`/{n}`)" for n in range(20)) + ")" for one in ("Host", "Path")),
            id="many combinations",
        ),
    ],
)
def test_rule_beyond_a_limit_cannot_be_judged(rule: str) -> None:
    with pytest.raises(BudgetError):
        parse_rule(rule)


def test_tokens_and_combinations_of_patterns_are_steps() -> None:
    budget = Budget()
    ruleparser.parse("(Host(`a.test`) || Host(`b.test`)) && (Path(`/x`) || Path(`/y`) || Path(`/z`))", budget)
    tokens = 5 * 4 + 3 + 1 + 4
    assert budget.spent == 1 + tokens + 2 * 3


def test_rule_that_takes_more_steps_than_are_left_cannot_be_judged() -> None:
    with pytest.raises(BudgetError):
        ruleparser.parse("Host(`a.test`) && Path(`/x`)", Budget(9))


@pytest.mark.parametrize("rule", [Rule((), "/"), Rule(("a.test", "b.test"), "/api/v1"), Rule((), "/api")])
def test_operators_own_rules_can_be_parsed(rule: Rule) -> None:
    slashed = [exact(rule.prefix), prefix(f"{rule.prefix}/")] if rule.prefix != "/" else [prefix("/")]
    assert parse_rule(rule.format()) == {one._replace(host=host) for one in slashed for host in rule.hosts or ("",)}


VALUES = st.sampled_from(["/", "/a", "/a/", "/a/b", "/ab", "/b"])
HOSTS = st.sampled_from(["a.test", "b.test"])
MATCHERS = st.one_of(
    HOSTS.map('Host("{}")'.format), VALUES.map("Path(`{}`)".format), VALUES.map('PathPrefix("{}")'.format)
)
RULES = st.recursive(
    MATCHERS,
    lambda rules: st.one_of(
        st.tuples(rules, rules).map(" && ".join), st.tuples(rules, rules).map(" || ".join), rules.map("({})".format)
    ),
    max_leaves=6,
)


@given(RULES, HOSTS, VALUES)
def test_patterns_match_what_traefik_matches(rule: str, host: str, path: str) -> None:
    taken = any(pattern.host in {"", host} and pattern.matches_path(path) for pattern in parse_rule(rule))
    assert taken == parse(rule).matches(host, path)
