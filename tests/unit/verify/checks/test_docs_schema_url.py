"""DocsSchemaURL: the docs page loads its schema from a URL that does not return it."""

import pytest

from proxiedapp.verify.codes import Code
from proxiedapp.verify.evidence import Cause
from tests.support.evidence import (
    DOCS,
    HTML,
    NEED_SCHEMA,
    PREFIX,
    SCHEMA,
    a_docs_page,
    an_answer,
    app_404,
    assert_right,
    assert_wrong,
    docs_answer,
    evidence,
    finding_of,
    no_answer,
    schema_answer,
)

WRONG = {
    "the schema of another app": evidence(
        docs=docs_answer("/openapi.json"), docs_schema=schema_answer(path="/openapi.json", title="Other")
    ),
    "a URL with scheme http": evidence(docs=docs_answer(f"http://example.com{SCHEMA}")),
    "a URL that returns 404": evidence(docs=docs_answer(SCHEMA), schema=app_404(SCHEMA), docs_schema=app_404(SCHEMA)),
    "docs page fails": evidence(docs=an_answer(DOCS, 500), docs_schema=None),
}

DOCS_OFF = evidence(docs=app_404(DOCS), docs_schema=None, forged_docs=None)
RIGHT = {
    "docs page is off": (DOCS_OFF, {Code.DOCS_SCHEMA_URL}),
    "a relative URL": (evidence(docs=docs_answer("openapi.json")), set()),
    "another path of the app": (
        evidence(
            schema=app_404(SCHEMA),
            docs=docs_answer(f"{PREFIX}/schema.json"),
            docs_schema=schema_answer(PREFIX, path=f"{PREFIX}/schema.json"),
            forged_schema=None,
        ),
        set(),
    ),
    "another host": (
        evidence(docs=docs_answer("https://cdn.example/openapi.json"), docs_schema=None),
        {Code.DOCS_SCHEMA_URL},
    ),
    "a page without a schema": (
        evidence(docs=an_answer(DOCS, body="<h1>Read</h1>", kind=HTML)),
        {Code.DOCS_SCHEMA_URL},
    ),
    "docs page is public, but the schema is not": (
        evidence(schema=an_answer(SCHEMA, 401), docs_schema=an_answer(SCHEMA, 401), forged_schema=None),
        NEED_SCHEMA | {Code.DOCS_SCHEMA_URL},
    ),
    "no time to request what the page loads": (
        evidence(docs=docs_answer(f"{PREFIX}/s.json"), docs_schema=no_answer(f"{PREFIX}/s.json", Cause.LATE)),
        {Code.DOCS_SCHEMA_URL},
    ),
}


@pytest.mark.parametrize("name", WRONG)
def test_url_that_does_not_return_the_schema_is_a_fault(name: str) -> None:
    assert_wrong(WRONG[name], [Code.DOCS_SCHEMA_URL])


@pytest.mark.parametrize("name", RIGHT)
def test_docs_page_may_be_the_choice_of_the_app(name: str) -> None:
    assert_right(*RIGHT[name])


def test_finding_without_a_verdict_gives_the_reason() -> None:
    finding = finding_of(DOCS_OFF, Code.DOCS_SCHEMA_URL)
    assert (finding.ok, finding.judged) == (True, False)
    assert finding.seen == f"not judged: GET {DOCS} returned 404: it is disabled or served at another path"
    assert finding.fix == ""


@pytest.mark.parametrize("page", ["<redoc spec-url='{}'></redoc>", None], ids=["redoc", "swagger"])
def test_redoc_is_judged_like_swagger_ui(page: str | None) -> None:
    body = a_docs_page(SCHEMA) if page is None else page.format(SCHEMA)
    assert finding_of(evidence(docs=an_answer(DOCS, body=body, kind=HTML)), Code.DOCS_SCHEMA_URL).judged
