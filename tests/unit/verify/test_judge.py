"""All checks together: apps without a fault, the order of findings, and findings for any evidence."""

from dataclasses import fields
from typing import Any, Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxiedapp.verify.codes import Code
from proxiedapp.verify.evidence import Answer, Cause, Evidence, Extra, NoAnswer, Reply
from proxiedapp.verify.judge import judge
from proxiedapp.verify.target import VerifyOptions, VerifyTarget
from tests.support.evidence import (
    ALL_REDIRECTS,
    DOCS,
    DOUBLED,
    HTML,
    JSON,
    ORIGIN,
    PREFIX,
    SCHEMA,
    a_docs_page,
    a_redirect,
    a_schema,
    an_answer,
    assert_right,
    docs_answer,
    evidence,
    finding_of,
    no_answer,
    requested_directly,
    schema_answer,
    without_prefix,
)

NO_TIME: Final[dict[str, Any]] = {
    **dict.fromkeys(
        ("docs", "unknown_path", "outside_prefix", "doubled_schema", "neighbouring_path", "schema_slash"),
        no_answer("", Cause.LATE),
    ),
    **dict.fromkeys(("docs_schema", "docs_slash", "route_slash", "forged_docs", "forged_slash", "forged_schema")),
}

RIGHT = {
    "everything is right": (evidence(), set()),
    "everything is right without a prefix": (without_prefix(), set()),
    "requested without a proxy": (requested_directly(), {Code.NEIGHBOUR_PREFIX, Code.FORGED_HEADERS}),
    "no time for anything but the schema": (
        evidence(**NO_TIME),
        ALL_REDIRECTS | {Code.DOCS_SCHEMA_URL, Code.DOUBLED_PREFIX, Code.NEIGHBOUR_PREFIX, Code.FORGED_HEADERS},
    ),
    "a prefix that is spelled in two ways": (
        evidence(
            VerifyTarget(f"{ORIGIN}/a%20%7eb"),
            schema=schema_answer("/a ~b", path="/a%20~b/openapi.json"),
            docs=docs_answer("/a ~b/openapi.json", "/a%20~b/docs"),
            docs_schema=schema_answer("/a ~b", path="/a%20~b/openapi.json"),
            schema_slash=a_redirect("/a%20~b/openapi.json/", f"{ORIGIN}/a%20~b/openapi.json"),
            docs_slash=None,
            route_slash=None,
        ),
        set(),
    ),
}


@pytest.mark.parametrize("name", RIGHT)
def test_right_app_has_no_fault(name: str) -> None:
    assert_right(*RIGHT[name])


LONG = "/" + "<x>" * 500
CONTROL = "\x1b]0;x\x07\u202e"


@pytest.mark.parametrize(
    ("long", "code"),
    [
        (evidence(schema=schema_answer(LONG), docs=None, docs_schema=None), Code.OPENAPI_SERVERS),
        (evidence(schema=schema_answer(CONTROL + LONG), docs=None, docs_schema=None), Code.OPENAPI_SERVERS),
        (evidence(docs=an_answer(DOCS, body=a_docs_page(LONG), kind=HTML)), Code.DOCS_SCHEMA_URL),
        (evidence(docs=an_answer(DOCS, body=a_docs_page(CONTROL + LONG), kind=HTML)), Code.DOCS_SCHEMA_URL),
        (evidence(schema=schema_answer(PREFIX, paths=[PREFIX + LONG])), Code.PREFIX_IN_PATHS),
        (evidence(schema_slash=a_redirect(f"{SCHEMA}/", f"https://{'x' * 500}/openapi.json")), Code.REDIRECT_HOST),
        (
            evidence(schema_slash=a_redirect(f"{SCHEMA}/", f"https://example.com{LONG}/openapi.json")),
            Code.REDIRECT_PREFIX,
        ),
    ],
    ids=range(7),
)
def test_findings_quote_little_of_a_response(long: Evidence, code: Code) -> None:
    seen = finding_of(long, code).seen
    assert seen.isprintable()
    assert "x" * 120 not in seen
    assert seen.count("<x>") <= 40


replies: st.SearchStrategy[Reply] = st.builds(
    Answer,
    path=st.sampled_from([SCHEMA, DOCS, f"{SCHEMA}/", f"{PREFIX}/x", "/x", DOUBLED]),
    status=st.sampled_from([101, 200, 204, 301, 307, 400, 401, 403, 404, 429, 500, 502]),
    location=st.one_of(
        st.just(""),
        st.text(),
        st.sampled_from(
            ["/openapi.json", "//x", "http://[", f"https://example.com{SCHEMA}", "http://e:x/openapi.json"]
        ),
    ),
    content_type=st.sampled_from([JSON, HTML, ""]),
    body=st.one_of(
        st.binary(),
        st.text().map(lambda text: a_docs_page(text).encode()),
        st.lists(st.text() | st.just(PREFIX)).map(lambda urls: a_schema(*urls, paths=urls).encode()),
    ),
    complete=st.booleans(),
) | st.builds(NoAnswer, path=st.just(SCHEMA), cause=st.sampled_from(Cause), detail=st.text())
OPTIONAL = [field.name for field in fields(Evidence) if field.default is None]


@given(
    st.fixed_dictionaries({"schema": replies}, optional={name: st.none() | replies for name in OPTIONAL}),
    st.lists(st.tuples(st.sampled_from(["/a", "/a/docs", "/a/openapi.json", "ws:/a"]), replies, st.none() | replies)),
)
def test_any_evidence_gives_valid_findings_faults_first(
    changes: dict[str, Any], extras: list[tuple[str, Reply, Reply | None]]
) -> None:
    options = VerifyOptions(extra_paths=tuple(path for path, _, _ in extras))
    findings = judge(evidence(options=options, extras=tuple(Extra(*extra) for extra in extras), **changes))
    assert [finding.ok for finding in findings] == sorted(finding.ok for finding in findings), "faults come first"
    for finding in findings:
        assert finding.as_text().isprintable()
        assert bool(finding.fix) is not finding.ok
        assert finding.judged or finding.seen.startswith("not judged: ")
        assert len(finding.as_text()) < 1024, "longer text is cut in a condition's message"
