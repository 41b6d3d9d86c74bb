"""A variable is split into arguments as `shlex.split` splits it, in time linear in its length."""

import shlex

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxiedapp.servers.command.split import split


@given(st.text(alphabet="ab \t\r\n\v\x00'\"\\\\#$\u00e9\N{FIRE}", max_size=30))
def test_text_is_split_as_by_shlex(text: str) -> None:
    try:
        expected = shlex.split(text)
    except ValueError:
        with pytest.raises(ValueError, match="is not closed"):
            split(text)
    else:
        assert split(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", []),
        ("-k asgi", ["-k", "asgi"]),
        ("--name 'a b'c\"d e\"", ["--name", "a bcd e"]),
        (r"a\ b \"c\" ", ["a b", '"c"']),
        ("'' \"\"", ["", ""]),
    ],
)
def test_arguments_are_found(text: str, expected: list[str]) -> None:
    assert split(text) == expected


@pytest.mark.parametrize("text", ["\N{FIRE}" * 8_000_000, '"' + "a" * 8_000_000 + '"'], ids=["plain", "quoted"])
def test_long_argument_takes_linear_time(text: str) -> None:
    """By the square of its length, this would take hours."""
    assert split(text) == [text.strip('"')]
