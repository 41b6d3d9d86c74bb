"""The text of a rule, and its priority."""

import itertools
import re

import pytest

from proxiedapp.routing.rule import Rule

HIGHEST = 9223372036854774784
"""The highest priority that Traefik's CRD accepts (measured with Traefik 3.7.15)."""


@pytest.mark.parametrize(
    ("hosts", "prefix", "written"),
    [
        pytest.param((), "/", "PathPrefix(`/`)", id="everything"),
        pytest.param(("a.b",), "/", "Host(`a.b`)", id="one host"),
        pytest.param(("a.b", "c"), "/", "(Host(`a.b`) || Host(`c`))", id="several hosts"),
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
    "host", ["", "A.b", "a.b.", "-a", "a_b", "*", "*.a", "a b", 'a"', "a`", "a\\", "a)", "a@b", "a\n", "é", "a:80"]
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


def test_rules_with_hosts_come_first_then_longer_prefixes() -> None:
    ordered = [
        Rule(("a.b",), "/api/v1"),
        Rule(("a-very-long-name.example.com",), "/api"),
        Rule(("a.b",), "/"),
        Rule((), "/" + "a" * 255),
        Rule((), "/api/v1"),
        Rule((), "/api"),
        Rule((), "/"),
    ]
    for higher, lower in itertools.pairwise(ordered):
        assert higher.priority > lower.priority


def test_priority_is_within_the_limits_of_traefik() -> None:
    assert Rule((), "/").priority > 0, "0 would mean Traefik's own default, the length of the rule"
    assert Rule(("a" * 253,) * 32, "/" + "a" * 255).priority < HIGHEST
