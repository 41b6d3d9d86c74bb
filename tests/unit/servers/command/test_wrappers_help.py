"""Options of wrappers that take a value, compared with what the installed programs say about themselves.

`make wrappers` does the same with those that are packages of Python.
"""

import re
import subprocess
import sys
from collections.abc import Sequence

import pytest

from proxiedapp.servers.command.wrappers import WRAPPERS

GNU = r"^ +(?:(-\w), )? *(--[\w-]+)=\w"
BASH = r"^ +(-\w)() [A-Za-z]+\t"
HELP: dict[str, tuple[Sequence[str], str, set[str]]] = {
    # -S is a command in one argument, behind which no server is looked for.
    "env": (["env", "--help"], GNU, {"-S", "--split-string"}),
    "nice": (["nice", "--help"], GNU, set()),
    "nohup": (["nohup", "--help"], GNU, set()),
    "exec": (["bash", "-c", "help exec"], BASH, set()),
    "command": (["bash", "-c", "help command"], BASH, set()),
    "builtin": (["bash", "-c", "help builtin"], BASH, set()),
    # -m names a module, and after -c no server follows.
    "python": ([sys.executable, "--help"], r"^(?:(-\w)|(--[\w-]+)) [a-z]+(?: +:|\|)", {"-c", "-m"}),
}


def options(command: Sequence[str], pattern: str) -> set[str]:
    """Return the options with a value in the help of a program."""
    text = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    return {option for found in re.findall(pattern, text, re.MULTILINE) for option in found if option}


@pytest.mark.parametrize("name", HELP)
def test_options_with_a_value_are_known(name: str) -> None:
    command, pattern, others = HELP[name]
    assert options(command, pattern) - others <= WRAPPERS[name].valued


@pytest.mark.parametrize("name", ["env", "nice", "exec", "python"])
def test_help_is_understood(name: str) -> None:
    command, pattern, others = HELP[name]
    found = options(command, pattern)
    assert found > others
    assert found & WRAPPERS[name].valued
