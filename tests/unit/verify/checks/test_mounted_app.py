"""MountedApp: the schema or docs page of a mounted app is missing, or has the wrong root path."""

from typing import Any

import pytest

from proxiedapp.verify.codes import Code
from proxiedapp.verify.evidence import Evidence
from tests.support.evidence import (
    HTML,
    ORIGIN,
    PREFIX,
    a_docs_page,
    an_answer,
    app_404,
    assert_right,
    extra_answer,
    finding_of,
    schema_answer,
    with_extra,
    wrong_codes,
)

MOUNT = f"{PREFIX}/subapi"
MOUNTED_SCHEMA = f"{MOUNT}/openapi.json"


def mounted(*servers: str) -> Evidence:
    return with_extra("/subapi/openapi.json", schema_answer(*servers, path=MOUNTED_SCHEMA))


def mounted_docs(url: str, docs_schema: Any) -> Evidence:
    return with_extra("/subapi/docs", an_answer(f"{MOUNT}/docs", body=a_docs_page(url), kind=HTML), docs_schema)


@pytest.mark.parametrize(
    "given",
    [
        pytest.param(mounted(MOUNT), id="schema"),
        pytest.param(mounted(MOUNT, "https://a.example"), id="own servers after the mount"),
        pytest.param(mounted(ORIGIN + MOUNT), id="absolute URL"),
        pytest.param(
            with_extra("/docs/openapi.json", schema_answer(f"{PREFIX}/docs", path=f"{PREFIX}/docs/openapi.json")),
            id="mounted at /docs",
        ),
        pytest.param(mounted_docs(MOUNTED_SCHEMA, schema_answer(MOUNT, path=MOUNTED_SCHEMA)), id="docs page"),
        pytest.param(
            mounted_docs(f"{MOUNT}/s.json", schema_answer(MOUNT, path=f"{MOUNT}/s.json")), id="another schema path"
        ),
    ],
)
def test_mounted_app_that_knows_its_path_is_right(given: Evidence) -> None:
    assert_right(given, set())


@pytest.mark.parametrize(
    "given",
    [
        pytest.param(mounted(), id="root_path_in_servers is off"),
        pytest.param(mounted("https://a.example"), id="own servers"),
        pytest.param(mounted("https://a.example", MOUNT), id="own servers before the mount"),
        pytest.param(mounted_docs("https://a.example/x.json", None), id="docs page loads from another host"),
        pytest.param(extra_answer("/subapi/docs", 401), id="authentication required"),
        pytest.param(extra_answer("/subapi/openapi.json", body="[]"), id="not an OpenAPI document"),
    ],
)
def test_mounted_app_without_proof_is_not_judged(given: Evidence) -> None:
    assert_right(given, {Code.MOUNTED_APP})


@pytest.mark.parametrize(
    ("given", "advice"),
    [
        pytest.param(mounted("/subapi"), "root-path", id="no prefix"),
        pytest.param(mounted(f"{PREFIX}//subapi"), "root-path", id="two slashes"),
        pytest.param(with_extra("/subapi/openapi.json", app_404(MOUNTED_SCHEMA)), "remove the strip", id="404"),
        pytest.param(mounted_docs("/subapi/openapi.json", None), "remove the strip", id="docs page without the prefix"),
        pytest.param(
            mounted_docs(MOUNTED_SCHEMA, app_404(MOUNTED_SCHEMA)), "strip", id="docs page loads a URL that returns 404"
        ),
    ],
)
def test_mounted_app_with_another_path_is_a_fault(given: Evidence, advice: str) -> None:
    assert wrong_codes(given) == [Code.MOUNTED_APP]
    assert advice in finding_of(given, Code.MOUNTED_APP).fix
