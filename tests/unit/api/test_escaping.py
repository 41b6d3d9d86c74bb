"""Text of others cannot control a terminal, whatever it is written to."""

import pytest

from proxiedapp.api.escaping import escaped


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("plain é \N{FIRE}", "plain é \N{FIRE}"),
        ("a\x1b[31mb", r"a\x1b[31mb"),
        ("a\x9b31mb", r"a\x9b31mb"),
        ("a\u202eb\u2066c\ufeff", r"a\u202eb\u2066c\ufeff"),
        ("a\r\nb\u2028c", "a\\r\nb\\u2028c"),
        ("\ud800", r"\ud800"),
    ],
)
def test_what_cannot_be_printed_is_escaped(text: str, expected: str) -> None:
    assert escaped(text, "\n") == expected


def test_line_end_is_escaped_unless_it_is_kept() -> None:
    assert escaped("a\nb") == r"a\nb"
