"""DoubledPrefix: the schema is served under the doubled prefix."""

import pytest

from proxiedapp.verify.codes import Code
from tests.support.evidence import (
    DOUBLED,
    PREFIX,
    SCHEMA,
    an_answer,
    app_404,
    assert_wrong,
    docs_answer,
    every_path_returns,
    evidence,
    finding_of,
    redirects_to,
    schema_answer,
    with_root_path,
)

WRONG = {
    "root path is set, but the proxy strips the prefix": evidence(
        doubled_schema=schema_answer(PREFIX), schema_slash=None, docs_slash=None, route_slash=None
    ),
    "openapi_url contains the prefix": evidence(
        schema=app_404(SCHEMA),
        docs=docs_answer(DOUBLED),
        docs_schema=schema_answer(PREFIX, path=DOUBLED),
        doubled_schema=schema_answer(PREFIX, path=DOUBLED),
        schema_slash=app_404(f"{SCHEMA}/"),
        forged_slash=app_404(f"{SCHEMA}/"),
        forged_schema=None,
    ),
    "all paths in the code contain the prefix": every_path_returns(
        app_404(""), doubled_schema=schema_answer(PREFIX, path=DOUBLED, paths=[f"{PREFIX}/items/"])
    ),
}


TWICE = f"{PREFIX}{PREFIX}"
USED_TWICE = {
    "a page that loads its files there": (
        evidence(doubled_link=app_404(f"{TWICE}/static/app.js")),
        Code.DOUBLED_PREFIX,
    ),
    "the schema's servers, the docs page and redirects": (
        with_root_path(TWICE),
        Code.OPENAPI_SERVERS,
    ),
    "redirects": (evidence(**redirects_to(f"https://example.com{TWICE}")), Code.REDIRECT_PREFIX),
    "the docs page": (
        evidence(docs=docs_answer(f"{TWICE}/openapi.json"), docs_schema=app_404(f"{TWICE}/openapi.json")),
        Code.DOCS_SCHEMA_URL,
    ),
}


@pytest.mark.parametrize("name", USED_TWICE)
def test_app_that_gets_the_prefix_from_two_sources_is_told_to_ignore_the_header(name: str) -> None:
    given, code = USED_TWICE[name]
    assert "twice: once from the server's root path, and once from X-Forwarded-Prefix" in finding_of(given, code).fix


def test_app_that_serves_the_doubled_prefix_is_right() -> None:
    """An app at /shop may have a route /shop of its own."""
    served = evidence(doubled_link=an_answer(f"{TWICE}/items", kind="text/html"))
    assert finding_of(served, Code.DOUBLED_PREFIX).ok


@pytest.mark.parametrize("name", WRONG)
def test_schema_under_the_doubled_prefix_is_a_fault(name: str) -> None:
    assert_wrong(WRONG[name], [Code.DOUBLED_PREFIX])
