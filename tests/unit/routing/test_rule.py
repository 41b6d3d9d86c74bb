"""The text of a rule, and its priority."""

import itertools
import re

import pytest

from proxiedapp.routing.rule import Rule, concrete_host

HIGHEST = 9223372036854774784
"""The highest priority that Traefik's CRD accepts (measured with Traefik 3.7.15)."""


@pytest.mark.parametrize(
    ("hosts", "prefix", "written"),
    [
        pytest.param((), "/", "PathPrefix(`/`)", id="everything"),
        pytest.param(("a.b",), "/", "Host(`a.b`)", id="one host"),
        pytest.param(("a.b", "c"), "/", "(Host(`a.b`) || Host(`c`))", id="several hosts"),
        pytest.param(("*.a.b",), "/", "Host(`*.a.b`)", id="a wildcard"),
        pytest.param((), "/api", "(Path(`/api`) || PathPrefix(`/api/`))", id="a prefix on any host"),
        pytest.param(
            ("a.b",), "/api/v1", "Host(`a.b`) && (Path(`/api/v1`) || PathPrefix(`/api/v1/`))", id="host and prefix"
        ),
        pytest.param(
            ("a.b", "c"),
            "/api",
            "(Host(`a.b`) || Host(`c`)) && (Path(`/api`) || PathPrefix(`/api/`))",
            id="several hosts and a prefix",
        ),
        pytest.param(
            (),
            "/.well-known/~a_b-c",
            "(Path(`/.well-known/~a_b-c`) || PathPrefix(`/.well-known/~a_b-c/`))",
            id="all unreserved characters",
        ),
    ],
)
def test_rule_is_formatted_in_traefiks_syntax(hosts: tuple[str, ...], prefix: str, written: str) -> None:
    assert Rule(hosts, prefix).format() == written


def test_external_dns_finds_every_host() -> None:
    """Its Traefik source reads hosts between backticks only (its `source/traefik_proxy.go`, read in November 2026)."""
    host_function = re.compile(r"(?:HostSNI|HostHeader|Host)\s*\(\s*(`[^`]*`)")
    assert host_function.findall(Rule(("a.b", "c"), "/api").format()) == ["`a.b`", "`c`"]


@pytest.mark.parametrize(
    "host",
    [
        "",
        "A.b",
        "a.b.",
        "-a",
        "a_b",
        "*",
        "*a",
        "*.",
        "a.*",
        "*.*.a",
        "a b",
        'a"',
        "a`",
        "a\\",
        "a)",
        "a@b",
        "a\n",
        "é",
        "a:80",
    ],
)
def test_unsafe_host_is_rejected(host: str) -> None:
    with pytest.raises(ValueError, match="is not allowed in a Host matcher"):
        Rule((host,), "/").format()


@pytest.mark.parametrize(
    "prefix",
    [
        "",
        "api",
        "/api/",
        "//api",
        "/a//b",
        "/a b",
        '/a"',
        "/a`",
        "/a\\",
        "/a)",
        "/a;b",
        "/a%2fb",
        "/é",
        "/a\n",
        "/a?b",
        "/a|b",
    ],
)
def test_unsafe_prefix_is_rejected(prefix: str) -> None:
    with pytest.raises(ValueError, match="is not allowed in a Path matcher"):
        Rule(("a",), prefix).format()


def test_names_come_first_then_wildcards_then_longer_prefixes() -> None:
    ordered = [
        Rule(("a.b",), "/api/v1"),
        Rule(("a-very-long-name.example.com",), "/api"),
        Rule(("a.b",), "/"),
        Rule(("*.b",), "/" + "a" * 255),
        Rule(("*.a-very-long-name.example.com",), "/"),
        Rule((), "/" + "a" * 255),
        Rule((), "/api/v1"),
        Rule((), "/api"),
        Rule((), "/"),
    ]
    for higher, lower in itertools.pairwise(ordered):
        assert higher.priority > lower.priority


@pytest.mark.parametrize("host", ["a.b", "a" * 253])
@pytest.mark.parametrize(("longer", "shorter"), [("/a", "/"), ("/a/b", "/a"), ("/api/v1", "/api")])
def test_longer_prefix_comes_first_however_long_the_hosts_are(host: str, longer: str, shorter: str) -> None:
    assert Rule((host,), longer).priority > Rule((host, "b" * 253), shorter).priority + 1, "of its redirect"


@pytest.mark.parametrize(
    ("prefix", "http_route", "winner"),
    [
        # Priorities of Traefik 3.7.15 for HTTPRoutes, measured beside a rule for both.test and /api/v1.
        pytest.param("/api/v1", 10_410, "IngressRoute", id="shorter prefix at the same host"),
        pytest.param("/api/v1", 10_401, "IngressRoute", id="shorter prefix on any host"),
        pytest.param("/api/v1", 10_407, "IngressRoute", id="shorter prefix at a wildcard host"),
        pytest.param("/api/v1", 11, "IngressRoute", id="the whole host"),
        pytest.param("/api/v1", 2, "IngressRoute", id="every host"),
        pytest.param("/api/v1", 10_710, "HTTPRoute", id="the same host and prefix"),
        pytest.param("/api", 10_710, "HTTPRoute", id="longer prefix at the same host"),
        pytest.param("/", 10_410, "HTTPRoute", id="any prefix at a host that is served as a whole"),
    ],
)
def test_longer_prefix_comes_first_also_beside_an_http_route(prefix: str, http_route: int, winner: str) -> None:
    assert ("IngressRoute" if Rule(("both.test",), prefix).priority > http_route else "HTTPRoute") == winner


def test_no_earlier_priority_is_above_a_present_one() -> None:
    assert Rule(("a" * 253,), "/" + "a" * 255).earlier_priority < Rule(("a",), "/").priority


def test_names_and_wildcards_of_one_app_have_rules_of_their_own() -> None:
    """One rule has one priority, and a wildcard must not come before another app's name."""
    rule = Rule(("*.a.b", "a.b", "*.c.d", "c.d"), "/api")
    assert rule.parts() == (Rule(("a.b", "c.d"), "/api"), Rule(("*.a.b", "*.c.d"), "/api"))
    assert [rule.priority_at("a.b"), rule.priority_at("*.a.b")] == [part.priority for part in rule.parts()]
    for uniform in (Rule((), "/"), Rule(("a.b", "c"), "/"), Rule(("*.a.b", "*.c"), "/")):
        assert uniform.parts() == (uniform,)


@pytest.mark.parametrize(
    ("hosts", "host"),
    [
        pytest.param((), None, id="any host"),
        pytest.param(("a.b", "c"), "a.b", id="the first name"),
        pytest.param(("*.a.b", "c.d"), "c.d", id="the first name after a wildcard"),
        pytest.param(("*.a.b", "*.c"), "proxiedapp.a.b", id="a name below the first wildcard"),
        pytest.param(("*" + ".a" * 125,), "pro" + ".a" * 125, id="no longer than a name may be"),
    ],
)
def test_one_host_stands_for_all_hosts_of_an_app(hosts: tuple[str, ...], host: str | None) -> None:
    assert concrete_host(hosts) == host


def test_priority_is_within_the_limits_of_traefik() -> None:
    assert Rule((), "/").priority > 0, "0 would mean Traefik's own default, the length of the rule"
    assert Rule(("a" * 253,) * 32, "/" + "a" * 255).priority < HIGHEST
