"""What the evidence implies: whether the app knows its prefix, and where its schema is."""

from typing import Any, Final

import pytest

from proxiedapp.verify.evidence import Cause, Evidence
from proxiedapp.verify.facts import PrefixKnown, facts_of
from tests.support.evidence import (
    DOCS,
    NO_REDIRECTS,
    ORIGIN,
    PREFIX,
    SCHEMA,
    app_404,
    docs_answer,
    evidence,
    no_answer,
    prefix_in_code,
    redirects_to,
    schema_answer,
    with_root_path,
)

DOCS_OFF: Final[dict[str, Any]] = {"docs": app_404(DOCS), "docs_schema": None}


@pytest.mark.parametrize(
    ("given", "known"),
    [
        pytest.param(evidence(), PrefixKnown.RIGHT, id="docs page loads the schema"),
        pytest.param(with_root_path(""), PrefixKnown.WRONG, id="docs page loads a URL without the prefix"),
        pytest.param(evidence(**DOCS_OFF), PrefixKnown.RIGHT, id="no docs page, redirects keep the prefix"),
        pytest.param(
            evidence(**DOCS_OFF, **redirects_to(ORIGIN)),
            PrefixKnown.WRONG,
            id="no docs page, redirects lose the prefix",
        ),
        pytest.param(evidence(**DOCS_OFF, **NO_REDIRECTS), PrefixKnown.UNKNOWN, id="neither docs page nor redirects"),
        pytest.param(
            evidence(
                docs=docs_answer("/s.json"),
                docs_schema=no_answer("/s.json", Cause.LATE),
                **NO_REDIRECTS,
            ),
            PrefixKnown.UNKNOWN,
            id="no time for the URL that the docs page loads",
        ),
    ],
)
def test_prefix_is_known_from_docs_page_or_redirects(given: Evidence, known: PrefixKnown) -> None:
    assert facts_of(given).prefix_known is known


@pytest.mark.parametrize(
    ("server", "path"),
    [
        (PREFIX, PREFIX),
        (f"{ORIGIN}{PREFIX}/", PREFIX),
        ("/", ""),
        ("https://a.example/api", None),
        (None, None),
    ],
)
def test_first_server_path_is_that_of_a_server_on_this_host(server: str | None, path: str | None) -> None:
    servers = [] if server is None else [server]
    assert facts_of(evidence(schema=schema_answer(*servers))).first_server_path == path


def test_schema_is_found_through_the_docs_page() -> None:
    moved = schema_answer(PREFIX, path=f"{PREFIX}/s.json")
    facts = facts_of(evidence(schema=app_404(SCHEMA), docs=docs_answer(f"{PREFIX}/s.json"), docs_schema=moved))
    assert facts.schema_at_path is None
    assert facts.schema is facts.docs_schema


def test_schema_outside_the_prefix_is_not_that_of_the_app() -> None:
    other = schema_answer(path="/openapi.json", title="Other")
    facts = facts_of(evidence(schema=app_404(SCHEMA), docs=docs_answer("/openapi.json"), docs_schema=other))
    assert facts.schema is None


def test_app_declares_the_prefix_if_its_routes_are_served_as_listed() -> None:
    assert facts_of(prefix_in_code()).app_declares_prefix
    assert not facts_of(evidence(schema=schema_answer(PREFIX, paths=[f"{PREFIX}/items/"]))).app_declares_prefix
