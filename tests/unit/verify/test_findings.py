"""What leaves the check: codes that conditions can carry, and text that is safe to print whatever was answered."""

import ast
import inspect
import re
from dataclasses import fields
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxiedapp.api.status import Condition
from proxiedapp.verify import codes
from proxiedapp.verify.codes import Code
from proxiedapp.verify.evidence import Answer, Cause, Evidence, Extra, NoAnswer, Reply
from proxiedapp.verify.finding import excerpt, not_judged, right, wrong
from proxiedapp.verify.judge import judge
from proxiedapp.verify.target import VerifyOptions
from tests.support.evidence import (
    DOCS,
    HTML,
    JSON,
    PREFIX,
    SCHEMA,
    a_docs_page,
    a_redirect,
    a_schema,
    an_answer,
    evidence,
    found,
    the_schema,
)


@pytest.mark.parametrize("code", Code)
def test_a_code_can_be_a_conditions_reason(code: Code) -> None:
    pattern = next(each.pattern for each in Condition.model_fields["reason"].metadata if hasattr(each, "pattern"))
    assert re.fullmatch(pattern, code.value)
    assert re.fullmatch(r"[A-Z][A-Za-z]+", code.value)


def test_every_code_is_explained() -> None:
    (body,) = [node.body for node in ast.parse(inspect.getsource(codes)).body if isinstance(node, ast.ClassDef)]
    members = [at for at, node in enumerate(body) if isinstance(node, ast.Assign)]
    assert len(members) == len(Code)
    for at in members:
        explained = body[at + 1]
        assert isinstance(explained, ast.Expr)
        assert isinstance(explained.value, ast.Constant)


def test_json_has_five_fields() -> None:
    finding = wrong(Code.NOT_SERVED, "a", "b", "c")
    assert finding.as_json() == {"code": "NotServed", "ok": False, "seen": "a", "expected": "b", "fix": "c"}
    assert "judged" not in not_judged(Code.NOT_SERVED, "a", "b").as_json()


def test_text_is_one_line_a_finding() -> None:
    assert wrong(Code.NOT_SERVED, "a", "b", "c").as_text() == "WRONG NotServed: a; expected: b; fix: c"
    assert right(Code.NOT_SERVED, "a", "b").as_text() == "ok    NotServed: a"
    assert not_judged(Code.NOT_SERVED, "a", "b").as_text() == "-     NotServed: not judged: a"


@pytest.mark.parametrize(
    ("said", "printed"),
    [
        ("/api", "/api"),
        ("a\x1b[31mb\x07\r\nc", "a [31mb   c"),
        ("a\u202eb\u2066c\u200d", "a b c"),
        ("\ud800", ""),
        ("x" * 121, "x" * 119 + "…"),
        ("x" * 120, "x" * 120),
        ("\x00" * 1_000_000, ""),
    ],
)
def test_what_others_say_is_made_printable(said: str, printed: str) -> None:
    assert excerpt(said) == printed


LONG = "/" + "<x>" * 500
STEERING = "\x1b]0;x\x07\u202e"


@pytest.mark.parametrize(
    ("given_", "code"),
    [
        (evidence(schema=the_schema(LONG), docs=None, docs_schema=None), Code.OPENAPI_SERVERS),
        (evidence(schema=the_schema(STEERING + LONG), docs=None, docs_schema=None), Code.OPENAPI_SERVERS),
        (evidence(docs=an_answer(DOCS, body=a_docs_page(LONG), kind=HTML)), Code.DOCS_SCHEMA_URL),
        (evidence(docs=an_answer(DOCS, body=a_docs_page(STEERING + LONG), kind=HTML)), Code.DOCS_SCHEMA_URL),
        (evidence(schema=the_schema(PREFIX, paths=[PREFIX + LONG])), Code.PREFIX_IN_PATHS),
        (evidence(schema_slash=a_redirect(f"{SCHEMA}/", f"https://{'x' * 500}/openapi.json")), Code.REDIRECT_HOST),
        (
            evidence(schema_slash=a_redirect(f"{SCHEMA}/", f"https://example.com{LONG}/openapi.json")),
            Code.REDIRECT_PREFIX,
        ),
    ],
    ids=range(7),
)
def test_no_answer_is_copied_at_length(given_: Evidence, code: Code) -> None:
    seen = found(given_, code).seen
    assert seen.isprintable()
    assert "x" * 120 not in seen
    assert seen.count("<x>") <= 40


replies: st.SearchStrategy[Reply] = st.builds(
    Answer,
    path=st.sampled_from([SCHEMA, DOCS, f"{SCHEMA}/", f"{PREFIX}/x", "/x", PREFIX + SCHEMA]),
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
REPLIES = [field.name for field in fields(Evidence) if field.default is None]


@given(
    st.fixed_dictionaries({"schema": replies}, optional={name: st.none() | replies for name in REPLIES}),
    st.lists(st.tuples(st.sampled_from(["/a", "/a/docs", "/a/openapi.json", "ws:/a"]), replies, st.none() | replies)),
)
def test_any_answers_give_orderly_findings(
    changes: dict[str, Any], extras: list[tuple[str, Reply, Reply | None]]
) -> None:
    options = VerifyOptions(extra_paths=tuple(path for path, _, _ in extras))
    findings = judge(evidence(options=options, extras=tuple(Extra(*extra) for extra in extras), **changes))
    assert [finding.ok for finding in findings] == sorted(finding.ok for finding in findings), (
        "what is wrong comes first"
    )
    for finding in findings:
        assert finding.as_text().isprintable()
        assert bool(finding.fix) is not finding.ok
        assert finding.judged or finding.seen.startswith("not judged: ")
        assert len(finding.as_text()) < 1024, "a condition's message is not cut"
