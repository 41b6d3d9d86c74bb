"""Which requests reach an app: the vectors that were measured with a real Traefik."""

import pytest

from proxiedapp.routing.rule import Rule
from tests.support.traefik_rule import stripped, takes


def reached(prefix: str, path: str) -> str | None:
    """Return the path that the app sees, None if the request goes elsewhere."""
    return stripped(prefix, path) if takes(Rule(("shop.test",), prefix).format(), "shop.test", path) else None


@pytest.mark.parametrize(
    ("path", "seen"),
    [
        ("/api/v1", "/"),
        ("/api/v1/", "/"),
        ("/api/v1/app", "/app"),
        ("/%61pi/v1/app", "/app"),
        ("/x/../api/v1/app", "/app"),
        ("//api/v1/app", "/app"),
        ("/api//v1/app", "/app"),
        ("/api/v1//app", "/app"),
        ("/api/v1/api/v1/app", "/api/v1/app"),
        pytest.param("/api/v1/..%2fsecret", "/..%2Fsecret", id="only the encodedCharacters options stop this one"),
    ],
)
def test_request_under_the_prefix_reaches_the_app(path: str, seen: str) -> None:
    assert reached("/api/v1", path) == seen


@pytest.mark.parametrize(
    "path",
    [
        "/",
        "/api",
        "/api/v10",
        "/api/v10/x",
        "/api/v1x",
        "/api/v1.5/x",
        "/api/v1%2Fapp",
        "/API/V1/app",
        "/api%2Fv1/app",
        "/api/v1/../secret",
        "/api/v1/%2e%2e/secret",
        "/v1/app",
    ],
)
def test_request_beside_the_prefix_does_not(path: str) -> None:
    assert reached("/api/v1", path) is None


@pytest.mark.parametrize(
    ("path", "seen"),
    [
        ("/api", "/"),
        ("/api/", "/"),
        ("/api/x", "/x"),
        ("/%61pi/x", "/x"),
        ("//api/x", "/x"),
        ("/x/../api/y", "/y"),
        ("/api//y", "/y"),
        ("/api/api/x", "/api/x"),
        ("/api/ws", "/ws"),
        pytest.param("/api/%00", "/%00", id="only the encodedCharacters options stop NUL"),
        pytest.param("/api/%5c..", "/%5C..", id="only the encodedCharacters options stop a backslash"),
    ],
)
def test_request_under_a_short_prefix_reaches_the_app(path: str, seen: str) -> None:
    assert reached("/api", path) == seen


@pytest.mark.parametrize(
    "path",
    [
        "/apiadmin",
        "/api-v2/x",
        "/api10/x",
        "/api;x",
        "/API/x",
        "/api../admin",
        "/api%2e%2e/admin",
        "/api./x",
        "/api/../admin",
        "/api/%2e%2e/admin",
        "/api%2f..%2fadmin",
        "/api%2Fx",
    ],
)
def test_request_that_only_looks_alike_does_not(path: str) -> None:
    assert reached("/api", path) is None


@pytest.mark.parametrize(
    ("host", "taken"),
    [("shop.test", True), ("SHOP.test", True), ("shop.test.", False), ("other.test", False), ("a.shop.test", False)],
)
def test_only_the_named_hosts_are_served(host: str, taken: bool) -> None:
    assert takes(Rule(("shop.test", "www.test"), "/api").format(), host, "/api/x") is taken


@pytest.mark.parametrize(
    ("host", "taken"),
    [
        ("a.shop.test", True),
        ("A.Shop.test", True),
        ("shop.test", False),
        ("a.b.shop.test", False),
        ("ashop.test", False),
    ],
)
def test_wildcard_stands_for_one_label(host: str, taken: bool) -> None:
    assert takes(Rule(("*.shop.test",), "/api").format(), host, "/api/x") is taken


def test_rule_without_hosts_serves_any() -> None:
    assert takes(Rule((), "/api").format(), "any.test", "/api/x")
    assert takes(Rule((), "/").format(), "any.test", "/anything")
