"""The schema URL that a docs page loads."""

import time

import pytest
from fastapi.openapi.docs import get_redoc_html, get_swagger_ui_html

from proxiedapp.verify.docspage import find_schema_url


@pytest.mark.parametrize("url", ["/api/v1/openapi.json", "openapi.json", "https://a.example/x.json?v=2"])
def test_schema_url_of_the_pages_that_fastapi_writes(url: str) -> None:
    swagger = get_swagger_ui_html(
        openapi_url=url,
        title="url: '/title' - Swagger UI",
        oauth2_redirect_url="/docs/oauth2-redirect",
        swagger_ui_parameters={"validatorUrl": None, "deepLinking": False},
    )
    assert find_schema_url(bytes(swagger.body)) == url
    assert find_schema_url(bytes(get_redoc_html(openapi_url=url, title="Docs").body)) == url


@pytest.mark.parametrize(
    ("page", "url"),
    [
        pytest.param("SwaggerUIBundle({url: '/a'})", "/a", id="swagger"),
        pytest.param('SwaggerUIBundle({ "dom_id": "#x", "url" : "/a" })', "/a", id="quoted key"),
        pytest.param("SwaggerUIBundle({urls: [{url: '/a', name: 'A'}, {url: '/b', name: 'B'}]})", "/a", id="several"),
        pytest.param("var url = '/no';SwaggerUIBundle({validatorUrl: '/no', url:\n'/a'})", "/a", id="other urls"),
        pytest.param(r"SwaggerUIBundle({url: '\/a\/b'})", "/a/b", id="escaped slashes"),
        pytest.param(r'SwaggerUIBundle({url: "\u002fa\x2fb\"c"})', '/a/b"c', id="escaped letters"),
        pytest.param("SwaggerUIBundle({url: window.location + '/a'})", None, id="computed"),
        pytest.param("SwaggerUIBundle({url: `/a`})", None, id="template"),
        pytest.param("SwaggerUIBundle({url: ''})", None, id="empty"),
        pytest.param("SwaggerUIBundle({url: '/a", None, id="unfinished"),
        pytest.param("SwaggerUIBundle({spec: {}})", None, id="schema inside"),
        pytest.param('<redoc spec-url="/a?x=1&amp;y=2"></redoc>', "/a?x=1&y=2", id="redoc"),
        pytest.param("<redoc theme='x'\n spec-url = '/a&#x27;b'></redoc>", "/a'b", id="redoc, single quotes"),
        pytest.param("Redoc.init('/a', {}, document.body)", "/a", id="redoc by script"),
        pytest.param('<rapi-doc spec-url="/a"></rapi-doc>', "/a", id="rapidoc"),
        pytest.param('<elements-api apiDescriptionUrl="/a" router="hash"/>', "/a", id="elements"),
        pytest.param('<script id="api-reference" data-url="/a"></script>', "/a", id="scalar"),
        pytest.param("<h1>url: '/a'</h1>", None, id="just text"),
        pytest.param("", None, id="nothing"),
    ],
)
def test_schema_url_of_other_pages(page: str, url: str | None) -> None:
    assert find_schema_url(page.encode()) == url


@pytest.mark.parametrize(
    "page",
    [
        bytes(range(256)) * 1000,
        b"SwaggerUIBundle(" + b"url:'" * 1_000_000,
        b"SwaggerUIBundle(" + b"url:" + b" " * 4_000_000,
        b"SwaggerUIBundle(" + b"url:'" + b"\\" * 4_000_000,
        b"<redoc " * 600_000,
        b" spec-url=" * 400_000,
        b" spec-url='" * 400_000,
        b"Redoc.init(" * 400_000,
        b"SwaggerUIBundle({url: '\\ud800'})",
    ],
    ids=range(9),
)
def test_no_page_takes_long_to_search(page: bytes) -> None:
    """A pattern that backtracks without bounds takes minutes. CPU time does not depend on the load of the machine."""
    before = time.process_time()
    find_schema_url(page)
    assert time.process_time() - before < 10.0
