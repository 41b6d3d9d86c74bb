"""Compares the reader of scripts with `shlex` and with `sh`, which is dash 0.5.12 in Debian 12.

Left out are file name patterns, `~`, braces and `$'..'`, which dash and bash read differently.
"""

import os
import shlex
import subprocess
from typing import Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxiedapp.api.budget import Budget
from proxiedapp.servers.command.shell import UnreadableScriptError, simple_commands

ENV: Final = {"A": "plain", "B_2": "two words", "C": "  ", "D": "", "E": "*'\"\\$"}
PLAIN: Final = "abcXYZ019%+,-./:=@_^é\N{NO-BREAK SPACE}"
SPECIAL: Final = " \t'\"\\|&;<>()$`*?[]#~={}!\n"
BLANKS: Final = st.sampled_from([" ", "\t", "  ", " \\\n ", "\\\n\t "])


def texts(script: str) -> list[list[str]]:
    return [[token.value.text for token in tokens] for tokens in simple_commands(script, ENV, Budget())]


@given(st.text("ab1 \t'\"\\=-#/@", max_size=40).filter(lambda text: " #" not in f" {text}".replace("\t", " ")))
def test_simple_commands_are_those_of_shlex(script: str) -> None:
    try:
        expected = shlex.split(script)
    except ValueError:
        with pytest.raises(UnreadableScriptError):
            simple_commands(script, {}, Budget())
    else:
        assert texts(script) == ([expected] if expected else [])


@given(st.lists(st.text(), max_size=6))
def test_quoted_arguments_are_read_back(words: list[str]) -> None:
    assert texts(shlex.join(words)) == ([words] if words else [])


def _double_quoted(text: str) -> str:
    return '"' + "".join(f"\\{char}" if char in '$`"\\' else char for char in text) + '"'


_TEXT: Final = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=8)
_PIECES: Final = st.one_of(
    st.text(PLAIN, min_size=1, max_size=5),
    st.sampled_from(SPECIAL).map(lambda char: f"\\{char}"),
    _TEXT.map(lambda text: "'" + text.replace("'", "") + "'"),
    _TEXT.map(_double_quoted),
    st.text(PLAIN + "\\'|&;<>()#*~{}!\n", max_size=5).map(lambda text: f'"{text}x"'),
    st.sampled_from(sorted(ENV)).map(lambda name: f'"${name}"'),
    st.sampled_from(sorted(ENV)).map(lambda name: f'"x${{{name}}}y"'),
    st.sampled_from(["${A}", "$A.", "${A:-b}", '"${A-b}"']),
)
_WORDS: Final = st.lists(_PIECES, min_size=1, max_size=4).map("".join)


@st.composite
def scripts(draw: st.DrawFn) -> str:
    """Draw a `printf` of some arguments, with blanks, comments and redirections around them."""
    words = draw(st.lists(_WORDS, min_size=1, max_size=5))
    script = "printf '%s\\0' first"  # without an argument it would print an empty one
    for word in words:
        script += draw(BLANKS) + word
        if draw(st.integers(0, 9)) == 0:
            script += " 2>/dev/null"
    return script + draw(st.sampled_from(["", " # comment 'x", "\n", " ;", " 2>&1", " | cat", " &\nwait"]))


@given(scripts())
def test_tokens_are_those_of_sh(script: str) -> None:
    printed, *_ = simple_commands(script, ENV, Budget())
    environment = ENV | {"PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8"}
    printed_by_sh = subprocess.run(["sh", "-c", script], env=environment, capture_output=True, check=True).stdout
    assert all(token.value.known for token in printed)
    assert "".join(token.value.text + "\0" for token in printed[2:]).encode() == printed_by_sh


@given(scripts())
def test_position_of_a_token_contains_that_token(script: str) -> None:
    for token in simple_commands(script, ENV, Budget())[0]:
        assert texts(script[token.start : token.end]) == [[token.value.text]]
