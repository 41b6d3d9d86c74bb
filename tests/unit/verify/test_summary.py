"""What the findings of one check say together."""

import pytest

from proxiedapp.verify.codes import Code
from proxiedapp.verify.evidence import Evidence
from proxiedapp.verify.judge import judge
from proxiedapp.verify.summary import TITLES, counts, is_conclusive, judged_titles
from tests.support.evidence import (
    DOCS,
    HTML,
    NO_REDIRECTS,
    PREFIX,
    SCHEMA,
    an_answer,
    app_404,
    evidence,
    extra_answer,
    with_root_path,
)

WITHOUT_DOCS = evidence(
    schema=app_404(SCHEMA),
    docs=app_404(DOCS),
    docs_schema=None,
    prefix_root=an_answer(f"{PREFIX}/", body="<h1>Static</h1>", kind=HTML),
    forged_docs=None,
    forged_schema=None,
    forged_slash=app_404(f"{SCHEMA}/"),
    **NO_REDIRECTS,
)
"""A static site, or an app with its schema at another path."""


@pytest.mark.parametrize(
    ("given", "conclusive"),
    [
        pytest.param(evidence(), True, id="a right app"),
        pytest.param(with_root_path("/wrong"), True, id="a wrong app"),
        pytest.param(extra_answer("/app"), True, id="an extra path"),
        pytest.param(WITHOUT_DOCS, False, id="neither schema, docs page nor redirects"),
    ],
)
def test_right_is_only_what_was_judged(given: Evidence, conclusive: bool) -> None:
    assert is_conclusive(judge(given)) is conclusive


def test_counts_are_one_line() -> None:
    assert counts(judge(evidence())) == "10 right, 0 wrong, 0 not judged"
    assert counts(judge(WITHOUT_DOCS)).endswith("0 wrong, 7 not judged")


def test_each_code_has_a_title() -> None:
    assert set(TITLES) == set(Code)
    assert len(set(TITLES.values())) == len(Code)


def test_titles_are_listed_in_the_order_of_the_codes() -> None:
    findings = judge(WITHOUT_DOCS)
    assert judged_titles(findings, judged=True) == "any path, doubled prefix, neighbouring prefixes"
    assert judged_titles(findings, judged=False).startswith("paths in the schema, servers in the schema, docs page")
