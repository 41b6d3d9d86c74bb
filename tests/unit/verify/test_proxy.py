"""Fixes in the words of the proxy in front of the app, where a response shows which one that is."""

from dataclasses import replace
from typing import Any, Final

import pytest

from proxiedapp.verify.codes import Code
from proxiedapp.verify.evidence import Answer, Evidence
from proxiedapp.verify.proxy import Proxy, proxy_of
from tests.support.evidence import (
    HTML,
    NEIGHBOUR,
    ORIGIN,
    OUTSIDE,
    PREFIX,
    app_404,
    docs_answer,
    every_path_returns,
    evidence,
    finding_of,
    proxy_404,
    redirects_to,
    requested_directly,
    with_extra,
    with_root_path,
    wrong_codes,
)

NGINX_404: Final = Answer(OUTSIDE, 404, content_type="text/html", server="nginx/1.31.3", body=b"<center>nginx</center>")
CADDY_404: Final = Answer(OUTSIDE, 404, server="Caddy")
HAPROXY_503: Final = Answer(
    OUTSIDE, 503, content_type="text/html", body=b"<h1>503</h1>\nNo server is available to handle this request.\n"
)
PAGES: Final = {
    Proxy.NGINX: NGINX_404,
    Proxy.CADDY: CADDY_404,
    Proxy.HAPROXY: HAPROXY_503,
    Proxy.TRAEFIK: proxy_404(OUTSIDE),
    None: app_404(OUTSIDE),
}


@pytest.mark.parametrize(("proxy", "page"), PAGES.items(), ids=str)
def test_proxy_is_recognized_by_its_own_page(proxy: Proxy | None, page: Answer) -> None:
    assert proxy_of(evidence(outside_prefix=page)) is proxy


@pytest.mark.parametrize(
    ("headers", "proxy"),
    [
        ({"server": "nginx"}, Proxy.NGINX),
        ({"server": "openresty/1.27"}, Proxy.NGINX),
        ({"via": "1.1 Caddy"}, Proxy.CADDY),
    ],
)
def test_proxy_is_recognized_by_what_it_adds_to_the_app(headers: dict[str, Any], proxy: Proxy) -> None:
    passed_on = replace(docs_answer(f"{PREFIX}/openapi.json"), **headers)
    assert proxy_of(evidence(outside_prefix=app_404(OUTSIDE), docs=passed_on)) is proxy


def test_app_that_is_requested_directly_has_no_proxy() -> None:
    assert proxy_of(requested_directly(docs=replace(docs_answer(f"{PREFIX}/openapi.json"), server="nginx"))) is None


DOUBLED_REDIRECTS: Final = redirects_to(f"{ORIGIN}{PREFIX}{PREFIX}")
"""nginx without `proxy_set_header Host` and with its default `proxy_redirect` in front of a right uvicorn."""


def behind(page: Answer, **changes: Any) -> Evidence:
    return evidence(outside_prefix=page, **changes)


TABLE: Final[list[tuple[str, Evidence, Code, str]]] = [
    ("nginx without Host", behind(NGINX_404, **DOUBLED_REDIRECTS), Code.REDIRECT_PREFIX, "`proxy_redirect off;`"),
    ("unknown without Host", behind(app_404(OUTSIDE), **DOUBLED_REDIRECTS), Code.REDIRECT_PREFIX, "X-Forwarded-Prefix"),
    (
        "location without a slash sends //x",
        every_path_returns(replace(app_404(""), server="nginx"), outside_prefix=NGINX_404, neighbouring_path=NGINX_404),
        Code.NOT_SERVED,
        f"`location {PREFIX}/ {{ proxy_pass http://app/; }}`",
    ),
    *(
        (
            f"{proxy.value} changes the host",
            behind(page, **redirects_to(f"https://app{PREFIX}")),
            Code.REDIRECT_HOST,
            fix,
        )
        for proxy, page, fix in (
            (Proxy.NGINX, NGINX_404, "`proxy_set_header Host $http_host;`"),
            (Proxy.CADDY, CADDY_404, "`header_up Host`"),
            (Proxy.HAPROXY, HAPROXY_503, "`http-request set-header Host`"),
            (Proxy.TRAEFIK, proxy_404(OUTSIDE), "passHostHeader: false"),
        )
    ),
    *(
        (
            f"{proxy.value} matches characters",
            behind(page, neighbouring_path=app_404(NEIGHBOUR)),
            Code.NEIGHBOUR_PREFIX,
            fix,
        )
        for proxy, page, fix in (
            (Proxy.NGINX, NGINX_404, f"`location {PREFIX}/ "),
            (Proxy.CADDY, CADDY_404, f"`@app path {PREFIX} {PREFIX}/*`"),
            (Proxy.HAPROXY, HAPROXY_503, f"path_beg {PREFIX}/"),
            (Proxy.TRAEFIK, proxy_404(OUTSIDE), f"PathPrefix(`{PREFIX}/`)"),
        )
    ),
    *(
        (f"{proxy.value} sends no scheme", behind(page, **redirects_to(f"http://example.com{PREFIX}")), code, fix)
        for code in (Code.REDIRECT_SCHEME,)
        for proxy, page, fix in (
            (Proxy.NGINX, NGINX_404, "`proxy_set_header X-Forwarded-Proto $scheme;`"),
            (Proxy.HAPROXY, HAPROXY_503, "`http-request set-header X-Forwarded-Proto"),
            (Proxy.CADDY, CADDY_404, "Configure the server to trust the proxy"),
        )
    ),
    *(
        (
            f"{proxy.value} strips for a server that needs the prefix",
            with_root_path(PREFIX, redirected_to="", outside_prefix=page),
            Code.REDIRECT_PREFIX,
            fix,
        )
        for proxy, page, fix in (
            (Proxy.NGINX, NGINX_404, f"end proxy_pass with {PREFIX} in the first"),
            (Proxy.CADDY, CADDY_404, f"`uri strip_prefix {PREFIX}` or handle_path, and keeps it without"),
            (Proxy.HAPROXY, HAPROXY_503, f"`http-request replace-path {PREFIX}/?(.*) /\\1` in the backend"),
        )
    ),
    (
        "nginx drops the upgrade",
        with_extra("ws:/ws", app_404(f"{PREFIX}/ws"), outside_prefix=NGINX_404),
        Code.WEBSOCKET,
        "`proxy_set_header Upgrade $http_upgrade;`",
    ),
    *(
        (
            f"{proxy.value} passes forged headers",
            behind(page, forged_docs=docs_answer("/forged-x-script-name")),
            code,
            fix,
        )
        for code in (Code.FORGED_HEADERS,)
        for proxy, page, fix in (
            (Proxy.NGINX, NGINX_404, "`proxy_set_header Forwarded"),
            (Proxy.CADDY, CADDY_404, "`header_up -Forwarded`"),
            (Proxy.HAPROXY, HAPROXY_503, "`http-request del-header Forwarded`"),
        )
    ),
]


@pytest.mark.parametrize(("given", "code", "fix"), [row[1:] for row in TABLE], ids=[row[0] for row in TABLE])
def test_fix_is_in_the_words_of_the_proxy(given: Evidence, code: Code, fix: str) -> None:
    assert wrong_codes(given)[0] is code
    assert fix in finding_of(given, code).fix


def test_right_root_path_is_not_advised_again() -> None:
    """The app behind nginx without Host was told to set the root path that it had."""
    assert "--root-path" not in finding_of(behind(NGINX_404, **DOUBLED_REDIRECTS), Code.REDIRECT_PREFIX).fix


REJECTIONS: Final = {
    "Starlette": (400, "Invalid host header"),
    "MCP": (421, "Invalid Host header"),
    "Django": (400, "<title>DisallowedHost at /</title>Invalid HTTP_HOST header: 'x'."),
    "Werkzeug": (400, "<p>Host &#39;x&#39; is not trusted</p>"),
    "Vite": (403, 'Blocked request. This host ("example.com") is not allowed.'),
}


@pytest.mark.parametrize("framework", REJECTIONS)
def test_app_that_rejects_the_host_is_reported_as_that(framework: str) -> None:
    """TrustedHostMiddleware got advice about strip modes."""
    status, body = REJECTIONS[framework]
    given = every_path_returns(Answer("", status, content_type=HTML, body=body.encode()))
    assert wrong_codes(given) == [Code.NOT_SERVED]
    finding = finding_of(given, Code.NOT_SERVED)
    assert finding.seen.endswith("the app rejects the host example.com")
    assert "spec.route.hosts" in finding.fix
    assert 'allowed_hosts=["example.com"]' in finding.fix
    assert "strip" not in finding.fix + finding.fix_in_app


def test_other_bad_request_is_not_about_the_host() -> None:
    finding = finding_of(every_path_returns(Answer("", 400, body=b"Bad Request")), Code.NOT_SERVED)
    assert "spec.route.hosts" not in finding.fix
