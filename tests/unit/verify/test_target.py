"""Which targets are valid, and the public address that an app should know."""

import re

import pytest

from proxiedapp.verify.target import AppAddress, InvalidTargetError, VerifyOptions, VerifyTarget, parse_target


@pytest.mark.parametrize(
    ("url", "origin", "prefix"),
    [
        ("https://example.com/api/v1", "https://example.com", "/api/v1"),
        ("https://example.com/api/v1/", "https://example.com", "/api/v1"),
        ("https://example.com/", "https://example.com", ""),
        ("https://example.com", "https://example.com", ""),
        ("http://127.0.0.1:8080/a", "http://127.0.0.1:8080", "/a"),
        ("http://[::1]:8080/a", "http://[::1]:8080", "/a"),
        ("HTTP://Example.com/A", "http://Example.com", "/A"),
        ("http://example.com/a%20b", "http://example.com", "/a%20b"),
        ("http://example.com/%61%2f%7E%c3%a9", "http://example.com", "/a%2F~%C3%A9"),
        ("http://my_host/a", "http://my_host", "/a"),
    ],
)
def test_url_has_origin_and_prefix(url: str, origin: str, prefix: str) -> None:
    address = parse_target(VerifyTarget(url))
    assert (address.origin, address.prefix) == (origin, prefix)


@pytest.mark.parametrize(
    ("url", "problem"),
    [
        ("example.com/api", "write scheme, host and prefix"),
        ("ftp://example.com/api", "write scheme, host and prefix"),
        ("ws://example.com/api", "write scheme, host and prefix"),
        ("https:///api", "write scheme, host and prefix"),
        ("", "write scheme, host and prefix"),
        ("https://example.com:http/", "is not a valid URL"),
        ("https://example.com:99999/", "is not a valid URL"),
        ("https://[::1/", "is not a valid URL"),
        ("https://user:word@example.com/", "credentials"),
        ("https://example.com/api?x=1", "query or fragment"),
        ("https://example.com/api?", "query or fragment"),
        ("https://example.com/api#top", "query or fragment"),
        ("https://example.com//api", "is not a valid prefix"),
        ("https://example.com/api/../x", "is not a valid prefix"),
        ("https://example.com/api/%2e%2E/x", "is not a valid prefix"),
        ("https://example.com/a b", "is not a valid prefix"),
        ("https://example.com/é", "is not a valid prefix"),
        ("https://exämple.com/", "ASCII"),
        ("https://exa mple.com/", "ASCII"),
    ],
)
def test_invalid_url_is_rejected_in_one_line(url: str, problem: str) -> None:
    with pytest.raises(InvalidTargetError, match=re.escape(problem)) as raised:
        parse_target(VerifyTarget(url))
    assert "\n" not in str(raised.value)
    assert "word" not in str(raised.value), "the message must not repeat a password"


@pytest.mark.parametrize("host", ["", "a b", "a/b", "a\r\nX: y", "user@host", "http://a", "a:b"])
def test_invalid_host_is_rejected(host: str) -> None:
    with pytest.raises(InvalidTargetError, match="is not a valid host"):
        parse_target(VerifyTarget("https://example.com/", host=host))


@pytest.mark.parametrize(
    "headers", [{"X-A": "a\r\nX-B: b"}, {"X A": "a"}, {"": "a"}, {"X-A": "é"}, {"host": "a"}, {"X-A:": "a"}]
)
def test_invalid_header_is_rejected(headers: dict[str, str]) -> None:
    with pytest.raises(InvalidTargetError):
        parse_target(VerifyTarget("https://example.com/", headers=headers))


@pytest.mark.parametrize("path", ["", "/", "x", "/a/", "//a", "/a?b", "/a b", "http://a/", "/é", "/a\n"])
def test_invalid_path_is_rejected(path: str) -> None:
    with pytest.raises(InvalidTargetError):
        VerifyOptions(openapi_path=path)
    with pytest.raises(InvalidTargetError):
        VerifyOptions(docs_path=path)


@pytest.mark.parametrize("path", ["", "x", "ws:", "ws:x", "http://a/", "/a b", "/a#b", "/é", "wss:/a"])
def test_invalid_extra_path_is_rejected(path: str) -> None:
    with pytest.raises(InvalidTargetError, match="is not a valid path"):
        VerifyOptions(extra_paths=("/right", path))


@pytest.mark.parametrize("path", ["/", "/a", "/a/", "/a?b=c&d", "ws:/ws", "ws:/ws?token=1", "//a", "/a%20b"])
def test_extra_path_is_accepted(path: str) -> None:
    VerifyOptions(extra_paths=(path,))


@pytest.mark.parametrize(
    ("target", "header", "server_name", "hosts"),
    [
        (VerifyTarget("https://example.com/"), "example.com", "example.com", ("example.com",)),
        (VerifyTarget("https://Example.com:443/"), "Example.com:443", "example.com", ("example.com",)),
        (VerifyTarget("https://example.com:8443/"), "example.com:8443", "example.com", ("example.com:8443",)),
        (VerifyTarget("http://example.com:80/"), "example.com:80", "example.com", ("example.com",)),
        (VerifyTarget("https://127.0.0.1:8443/", "a.example"), "a.example", "a.example", ("a.example",)),
        (VerifyTarget("https://127.0.0.1/", "a.example:8443"), "a.example:8443", "a.example", ("a.example:8443",)),
        (VerifyTarget("https://[::1]:8443/"), "[::1]:8443", "::1", ("[::1]:8443",)),
        (VerifyTarget("https://127.0.0.1/", "[::1]:8443"), "[::1]:8443", "::1", ("[::1]:8443",)),
    ],
)
def test_host_is_sent_as_header_and_server_name(
    target: VerifyTarget, header: str, server_name: str, hosts: tuple[str, ...]
) -> None:
    address = parse_target(target)
    assert (address.host_header, address.server_name, address.hosts) == (header, server_name, hosts)


def a_direct_address(url: str = "http://10.0.0.7:8000/api", *, strips: bool = True, **headers: str) -> AppAddress:
    sent = {name.replace("_", "-"): value for name, value in headers.items()}
    return parse_target(VerifyTarget(url, "example.com", direct=True, strips=strips, headers=sent))


def test_scheme_of_a_direct_target_is_the_one_that_the_proxy_reports() -> None:
    assert a_direct_address(X_Forwarded_Proto="https").public_url("/x") == "https://example.com/x"
    assert a_direct_address().public_url("/x") == "http://example.com/x"
    with pytest.raises(InvalidTargetError, match="X-Forwarded-Proto"):
        a_direct_address(X_Forwarded_Proto="gopher")


def test_scheme_behind_a_proxy_is_that_of_the_url() -> None:
    assert parse_target(VerifyTarget("http://a.example/", headers={"X-Forwarded-Proto": "https"})).scheme == "http"


@pytest.mark.parametrize(
    ("strips", "public", "requested"),
    [
        (True, "/api/docs", "http://10.0.0.7:8000/docs"),
        (True, "/api", "http://10.0.0.7:8000/"),
        (True, "/api/api/docs", "http://10.0.0.7:8000/api/docs"),
        (True, "/docs", None),
        (True, "/apidocs", None),
        (False, "/api/docs", "http://10.0.0.7:8000/api/docs"),
        (False, "/docs", "http://10.0.0.7:8000/docs"),
    ],
)
def test_direct_request_is_what_a_stripping_proxy_would_send(strips: bool, public: str, requested: str | None) -> None:
    assert a_direct_address(strips=strips).request_url(public) == requested


def test_only_a_direct_target_strips_the_prefix() -> None:
    assert (
        parse_target(VerifyTarget("http://a.example/api", strips=True)).request_url("/api/docs")
        == "http://a.example/api/docs"
    )


@pytest.mark.parametrize(
    ("reference", "same_host", "path"),
    [
        ("/api/openapi.json", True, "/api/openapi.json"),
        ("openapi.json", True, "/api/openapi.json"),
        ("../x", True, "/x"),
        ("https://EXAMPLE.com:443/x", True, "/x"),
        ("//example.com/x", True, "/x"),
        ("https://user@example.com/x", False, "/x"),
        ("https://example.com:8443/x", False, "/x"),
        ("https://example.com.evil/x", False, "/x"),
        ("//elsewhere/x", False, "/x"),
        ("/a b/é%2f%7e", True, "/a%20b/%C3%A9%2F~"),
    ],
)
def test_reference_is_resolved_as_browsers_do(reference: str, same_host: bool, path: str) -> None:
    address = parse_target(VerifyTarget("https://example.com/api"))
    url = address.resolve(reference, "/api/docs")
    assert url is not None
    assert (address.is_same_host(url), url.path) == (same_host, path)


def test_invalid_reference_is_not_resolved() -> None:
    assert parse_target(VerifyTarget("https://example.com/api")).resolve("http://[", "/api/docs") is None
