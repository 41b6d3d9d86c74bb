"""OpenAPIServers: the first server in the schema is not the prefix, although the app should know it."""

from dataclasses import replace

import pytest

from proxiedapp.verify.codes import Code
from tests.support.evidence import (
    ALL_REDIRECTS,
    DOCS,
    NEED_SCHEMA,
    NO_REDIRECTS,
    ORIGIN,
    PREFIX,
    SCHEMA,
    an_answer,
    app_404,
    assert_right,
    assert_wrong,
    docs_answer,
    evidence,
    finding_of,
    proxy_404,
    redirects_to,
    schema_answer,
    with_root_path,
    without_prefix,
)

EVERYWHERE = [Code.OPENAPI_SERVERS, Code.DOCS_SCHEMA_URL, Code.REDIRECT_PREFIX]
LARGE = replace(schema_answer(), complete=False)

WRONG = {
    "no root path": (with_root_path(""), EVERYWHERE),
    "another root path": (with_root_path("/api/v2"), EVERYWHERE),
    "no root path, no docs page": (
        evidence(schema=schema_answer(), docs=app_404(DOCS), docs_schema=None, **redirects_to(ORIGIN)),
        [Code.OPENAPI_SERVERS, Code.REDIRECT_PREFIX],
    ),
    "another root path, neither docs page nor redirects": (
        evidence(
            schema=schema_answer("/api/v2"),
            docs=None,
            docs_schema=None,
            schema_slash=None,
            docs_slash=None,
            route_slash=None,
        ),
        [Code.OPENAPI_SERVERS],
    ),
    "own servers, no root path": (
        evidence(
            schema=schema_answer("https://prod.example.com"),
            docs=docs_answer("/openapi.json"),
            docs_schema=proxy_404("/openapi.json"),
            **redirects_to(ORIGIN),
        ),
        EVERYWHERE,
    ),
    "schema fails": (
        evidence(schema=an_answer(SCHEMA, 500), docs_schema=an_answer(SCHEMA, 500)),
        [Code.OPENAPI_SERVERS, Code.DOCS_SCHEMA_URL],
    ),
    "not an OpenAPI document": (
        evidence(schema=an_answer(SCHEMA, body="[]"), docs=app_404(DOCS), docs_schema=None),
        [Code.OPENAPI_SERVERS],
    ),
}

RIGHT = {
    "own servers after the prefix": (evidence(schema=schema_answer(PREFIX, "https://a.example")), set()),
    "own servers before the prefix": (
        evidence(schema=schema_answer("https://a.example", PREFIX)),
        {Code.OPENAPI_SERVERS},
    ),
    "the prefix in an absolute URL": (evidence(schema=schema_answer(ORIGIN + PREFIX)), set()),
    "root_path_in_servers is off": (evidence(schema=schema_answer()), {Code.OPENAPI_SERVERS}),
    "root_path_in_servers is off, own servers": (
        evidence(schema=schema_answer("https://a.example")),
        {Code.OPENAPI_SERVERS},
    ),
    "root_path_in_servers is off, own server with another path": (
        evidence(schema=schema_answer("/v2")),
        {Code.OPENAPI_SERVERS},
    ),
    "root_path_in_servers is off, no docs page": (
        evidence(schema=schema_answer(), docs=app_404(DOCS), docs_schema=None, forged_docs=None),
        {Code.OPENAPI_SERVERS, Code.DOCS_SCHEMA_URL},
    ),
    "root_path_in_servers is off, neither docs page nor redirects": (
        evidence(schema=schema_answer(), docs=app_404(DOCS), docs_schema=None, forged_docs=None, **NO_REDIRECTS),
        {Code.OPENAPI_SERVERS, Code.DOCS_SCHEMA_URL, *ALL_REDIRECTS},
    ),
    "own servers, no prefix": (
        without_prefix(schema=schema_answer("https://a.example", path="/openapi.json")),
        {Code.OPENAPI_SERVERS},
    ),
    "the schema is too large": (
        evidence(schema=LARGE, docs_schema=LARGE),
        NEED_SCHEMA | {Code.DOCS_SCHEMA_URL},
    ),
}


@pytest.mark.parametrize("name", WRONG)
def test_servers_without_the_prefix_are_a_fault(name: str) -> None:
    assert_wrong(*WRONG[name])


@pytest.mark.parametrize("name", RIGHT)
def test_servers_may_be_the_choice_of_the_app(name: str) -> None:
    assert_right(*RIGHT[name])


@pytest.mark.parametrize("advice", ["--root-path /api/v1", "--url-path-prefix /api/v1"], ids=["uvicorn", "granian"])
def test_fix_names_the_flag_of_each_server(advice: str) -> None:
    assert advice in finding_of(with_root_path(""), Code.OPENAPI_SERVERS).fix
