"""The commands of a script: their tokens, and whether the value of each is known."""

import pytest

from proxiedapp.api.budget import Budget
from proxiedapp.servers.command.environment import Value
from proxiedapp.servers.command.shell import UnreadableScriptError, simple_commands

ENV = {"PORT": "8000", "BLANKS": "a b", "EMPTY": "", "_x1": "y"}


def read(script: str) -> list[list[str]]:
    return [[token.value.text for token in tokens] for tokens in simple_commands(script, ENV, Budget())]


@pytest.mark.parametrize(
    ("script", "commands"),
    [
        pytest.param("", [], id="nothing"),
        pytest.param(" \t\n;;", [], id="blanks and operators only"),
        pytest.param("a b", [["a", "b"]], id="two arguments"),
        pytest.param(" a\t b ", [["a", "b"]], id="blanks around arguments"),
        pytest.param("a \\\n b", [["a", "b"]], id="a continued line"),
        pytest.param("a\\\nb", [["ab"]], id="a continued argument"),
        pytest.param("a\r\nb", [["a\r"], ["b"]], id="a carriage return is part of the argument"),
        pytest.param("a 'b c'\"d e\"f", [["a", "b cd ef"]], id="quotes within an argument"),
        pytest.param("a '' \"\"", [["a", "", ""]], id="empty arguments"),
        pytest.param(r"a\ b", [["a b"]], id="an escaped space"),
        pytest.param(r"a\;b \# \$PORT", [["a;b", "#", "$PORT"]], id="escaped specials"),
        pytest.param(r"""'a\b' "a\b" "a\"b\\c\$d\`e" """, [["a\\b", "a\\b", 'a"b\\c$d`e']], id="backslashes in quotes"),
        pytest.param('"a\\\nb"', [["ab"]], id="an escaped line end in quotes"),
        pytest.param('"a\nb"', [["a\nb"]], id="a line end in quotes"),
        pytest.param('"it\'s" \'say "x"\'', [["it's", 'say "x"']], id="quotes in other quotes"),
        pytest.param("a # b\nc", [["a"], ["c"]], id="a comment"),
        pytest.param("a#b #", [["a#b"]], id="a hash within an argument"),
        pytest.param("a;b&&c||d|e&f", [["a"], ["b"], ["c"], ["d"], ["e"], ["f"]], id="operators"),
        pytest.param("(a b);c", [["a", "b"], ["c"]], id="a subshell"),
        pytest.param("a >b c 2>&1 <d e>>f", [["a", "c", "e"]], id="redirections"),
        pytest.param("a > b > \\\n  c d", [["a", "d"]], id="a redirection on two lines"),
        pytest.param("a &>b &>>c >|d 3<>e", [["a"]], id="redirections of bash and rare ones"),
        pytest.param("a2>b", [["a2"]], id="a number at the end of an argument"),
        pytest.param("a $PORT ${PORT} p$PORT.x", [["a", "8000", "8000", "p8000.x"]], id="variables"),
        pytest.param('"$BLANKS" "$_x1"', [["a b", "y"]], id="variables in quotes"),
        pytest.param(
            "'$PORT' \"'$PORT'\"", [["$PORT", "'8000'"]], id="variables in single quotes, and quotes in double"
        ),
        pytest.param("a$ $/ b", [["a$", "$/", "b"]], id="a dollar sign that starts no expansion"),
        pytest.param("a $(b; c $(d)) e", [["a", "$(b; c $(d))", "e"]], id="a substitution is one argument"),
        pytest.param("a `b; c` $((1 + (2))) e", [["a", "`b; c`", "$((1 + (2)))", "e"]], id="backticks and arithmetic"),
        pytest.param('"${@}" ${*}', [["$@", "$*"]], id="all arguments in braces"),
    ],
)
def test_tokens_are_those_of_the_shell(script: str, commands: list[list[str]]) -> None:
    assert read(script) == commands


@pytest.mark.parametrize(
    "script",
    [
        pytest.param("$OTHER", id="a variable that the spec does not set"),
        pytest.param("${OTHER}", id="the same in braces"),
        pytest.param("$BLANKS", id="a value that becomes two arguments"),
        pytest.param("$EMPTY", id="a value that becomes no argument"),
        pytest.param("${OTHER:-1}", id="a default value of such a variable"),
        pytest.param("${EMPTY-1}", id="no default value for a variable that is empty"),
        pytest.param("${PORT:-$OTHER}", id="a default value that is an expansion"),
        pytest.param("${PORT:+1}", id="an alternative value"),
        pytest.param("$(cat port)", id="a substitution"),
        pytest.param("`cat port`", id="backticks"),
        pytest.param("$((PORT + 1))", id="arithmetic"),
        pytest.param("$1", id="an argument"),
        pytest.param('"$@"', id="all arguments"),
        pytest.param("$?", id="a special parameter"),
        pytest.param("8000$OTHER", id="an unknown part"),
    ],
)
def test_value_that_depends_on_the_shell_is_unknown(script: str) -> None:
    ((token,),) = simple_commands(script, ENV, Budget())
    assert not token.value.known


@pytest.mark.parametrize(
    ("script", "value"),
    [("${PORT:-1}", "8000"), ("${PORT-1}", "8000"), ("${EMPTY:-a.b:1}", "a.b:1"), ('"${EMPTY-1}"', "")],
)
def test_default_value_is_that_of_the_shell(script: str, value: str) -> None:
    ((token,),) = simple_commands(script, ENV, Budget())
    assert token.value == Value(value)


@pytest.mark.parametrize("script", ["$PORT", '"$BLANKS"', '"$EMPTY"', "'$OTHER'", r"\$OTHER", '"\\$OTHER"', "a$"])
def test_value_that_the_spec_contains_is_known(script: str) -> None:
    ((token,),) = simple_commands(script, ENV, Budget())
    assert token.value.known


def test_token_has_its_position_in_the_script() -> None:
    script = 'a "b c"d>e $PORT'
    ((_, quoted, variable),) = simple_commands(script, ENV, Budget())
    assert (script[quoted.start : quoted.end], quoted.value) == ('"b c"d', Value("b cd"))
    assert (script[variable.start : variable.end], variable.value) == ("$PORT", Value("8000"))


@pytest.mark.parametrize("script", ["'a", '"a', 'a"', "`a", "$(a", "${a", "a <<E", "a <<-E", "a\\", '"a\\'])
def test_incomplete_script_is_rejected(script: str) -> None:
    with pytest.raises(UnreadableScriptError):
        simple_commands(script, ENV, Budget())
