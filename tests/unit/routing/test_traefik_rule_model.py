"""The model of Traefik that other tests rely on: it must read what Traefik reads, and detect injections."""

import pytest

from tests.support.traefik_rule import All, Either, Matcher, NotARuleError, parse, routed_path, stripped, takes

HOST, PATH = Matcher("Host", "a.b"), Matcher("PathPrefix", "/x")


@pytest.mark.parametrize(
    ("rule", "read"),
    [
        pytest.param('Host("a.b")', HOST, id="one matcher"),
        pytest.param('Host("a.b") && PathPrefix("/x")', All((HOST, PATH)), id="and"),
        pytest.param('Host("a.b")||PathPrefix("/x")', Either((HOST, PATH)), id="or"),
        pytest.param(
            'Host("a.b") && PathPrefix("/x") || Host("a.b")', Either((All((HOST, PATH)), HOST)), id="and before or"
        ),
        pytest.param(
            'Host("a.b") && (PathPrefix("/x") || Host("a.b"))', All((HOST, Either((PATH, HOST)))), id="parentheses"
        ),
        pytest.param("Host(`a.b`)", HOST, id="backticks"),
        pytest.param('Host("a`b")', Matcher("Host", "a`b"), id="a backtick in double quotes is plain text"),
    ],
)
def test_rules_are_read(rule: str, read: object) -> None:
    assert parse(rule) == read


@pytest.mark.parametrize(
    "rule",
    [
        "",
        "Host",
        'Host("a"',
        "Host('a')",
        'Host("a", "b")',
        'Host("a") Host("b")',
        '(Host("a")',
        'Host("a\\"b")',
        'Path("x")',
    ],
)
def test_invalid_rule_is_rejected(rule: str) -> None:
    with pytest.raises(NotARuleError):
        parse(rule)


def test_unescaped_prefix_is_an_injection() -> None:
    """As measured with Traefik 3.7.15: the app answers for any host."""
    prefix = "/inj`) || PathPrefix(`/zz"
    rule = f"Host(`only.test`) && PathPrefix(`{prefix}`)"
    assert takes(rule, "any.test", "/zz")


def test_bare_path_prefix_compares_characters() -> None:
    rule = 'PathPrefix("/api/v1")'
    assert takes(rule, "any", "/api/v10/x")
    assert stripped("/api/v1", "/api/v10/x") == "/0/x"
    assert takes(rule, "any", "/api/v1%2Fapp")


@pytest.mark.parametrize(
    ("path", "routed"),
    [
        ("/a", "/a"),
        ("/a/", "/a/"),
        ("//a//b", "/a/b"),
        ("/a/./b/../c", "/a/c"),
        ("/..", "/"),
        ("/a/..", "/"),
        ("/b/a/..", "/b/"),
        ("/%61%2fb%3a", "/a%2Fb%3A"),
        ("/a/%2e%2e/b", "/b"),
        ("/a/..%2fb", "/a/..%2Fb"),
    ],
)
def test_paths_are_normalised_and_sanitised_before_routing(path: str, routed: str) -> None:
    assert routed_path(path) == routed
