"""Findings as text and as JSON, and excerpts that are safe to print."""

import pytest

from proxiedapp.verify.codes import Code
from proxiedapp.verify.finding import excerpt, not_judged, right, wrong


def test_json_has_five_fields() -> None:
    finding = wrong(Code.NOT_SERVED, "a", "b", "c")
    assert finding.as_json() == {"code": "NotServed", "ok": False, "seen": "a", "expected": "b", "fix": "c"}
    assert "judged" not in not_judged(Code.NOT_SERVED, "a", "b").as_json()


def test_text_has_one_line_for_each_finding() -> None:
    assert wrong(Code.NOT_SERVED, "a", "b", "c").as_text() == "WRONG NotServed: a; expected: b; fix: c"
    assert right(Code.NOT_SERVED, "a", "b").as_text() == "ok    NotServed: a"
    assert not_judged(Code.NOT_SERVED, "a", "b").as_text() == "-     NotServed: not judged: a"


@pytest.mark.parametrize(
    ("text", "printed"),
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
def test_excerpt_is_short_and_printable(text: str, printed: str) -> None:
    assert excerpt(text) == printed
