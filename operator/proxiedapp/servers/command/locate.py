"""Locates the program that a command line starts: past wrappers, up to a server or a shell script."""

import re
from collections.abc import Container, Mapping, Sequence
from dataclasses import dataclass
from posixpath import basename
from typing import Final

from proxiedapp.servers.command.environment import Value
from proxiedapp.servers.command.wrappers import ASSIGNMENT, PYTHON, SHELLS, WRAPPERS, find_wrapped
from proxiedapp.servers.table import PROGRAMS, program_of_module, servers_of

RESERVED: Final = frozenset({"{", "}", "!", "if", "then", "elif", "else", "do", "while", "until", "time"})
"""Reserved words of the shell that a command can follow (POSIX XCU 2.4); `time` is one in bash."""


_KEEPS_SHELL: Final = re.compile(r"--login$|-(?!-)\w*[il]")
"""Options of a shell that is interactive, or for a login."""


@dataclass(frozen=True, slots=True)
class Program:
    """A server's program, and the index at which its own arguments begin."""

    name: str
    subcommand: str | None
    arguments: int
    assignments: Mapping[str, Value]
    """Variables that the command line sets for it."""
    removed: frozenset[str] = frozenset()
    """Variables that the command line keeps from it; ALL_VARIABLES for every one."""


@dataclass(frozen=True, slots=True)
class Script:
    """A shell script, and its index in the command line."""

    index: int
    assignments: Mapping[str, Value]
    """Variables that the command line sets for it."""
    removed: frozenset[str] = frozenset()
    """Variables that the command line keeps from it; ALL_VARIABLES for every one."""
    becomes_command: bool = False
    """Whether the shell replaces itself by a script that is one simple command: bash does (5.2.15
    `builtins/evalstring.c`, ONESHOT) unless it is a login shell or interactive, and dash does not. Newer versions of
    bash do so for the last command of a list, too."""


def locate(arguments: Sequence[Value], *, in_script: bool) -> Program | Script | None:
    """Return the server or the script that a command line starts; None if it is neither.

    In a script, assignments and reserved words may precede the program.
    """
    at = 0
    assignments: dict[str, Value] = {}
    removed: frozenset[str] = frozenset()
    while at < len(arguments):
        text = arguments[at].text
        name = basename(text)
        if in_script and (match := ASSIGNMENT.match(text)):
            assignments[match.group(1)] = Value(match.group(2), arguments[at].known)
            at += 1
            continue
        if name in PROGRAMS:
            return _program(name, arguments, at + 1, assignments, removed)
        if name in SHELLS:
            script = _script_index(arguments, at + 1)
            if script is None:
                return None
            options = [argument.text for argument in arguments[at + 1 : script]]
            return Script(script, assignments, removed, name == "bash" and not any(map(_KEEPS_SHELL.match, options)))
        if in_script and name in RESERVED:
            at += 1
            continue
        wrapper = WRAPPERS.get("python" if PYTHON.match(name) else name)
        wrapped = None if wrapper is None else find_wrapped(wrapper, arguments, at + 1)
        if wrapped is None:
            return None
        assignments |= wrapped.assignments
        removed |= wrapped.removed
        at = wrapped.index
        if wrapped.module is not None:
            program = program_of_module(wrapped.module)
            return None if program is None else _program(program, arguments, at + 1, assignments, removed)
    return None


def locate_by_name(arguments: Sequence[Value], programs: Container[str]) -> Program | None:
    """Return the server of these names that an unknown program starts; None unless exactly one argument names it.

    Only for a server that the user names in the spec: an argument with this name could also be anything else.
    """
    named = [
        (at, name)
        for at, argument in enumerate(arguments)
        for name in [program_of_module(argument.text) or basename(argument.text)]
        if name in programs
    ]
    if len(named) != 1:
        return None
    ((at, program),) = named
    matches = [(ASSIGNMENT.match(argument.text), argument.known) for argument in arguments[:at]]
    assignments = {match.group(1): Value(match.group(2), known) for match, known in matches if match}
    return _program(program, arguments, at + 1, assignments)


def _program(
    program: str,
    arguments: Sequence[Value],
    start: int,
    assignments: Mapping[str, Value],
    removed: frozenset[str] = frozenset(),
) -> Program | None:
    subcommands = servers_of(program)[0].subcommands
    if not subcommands:
        return Program(program, None, start, assignments, removed)
    for at in range(start, len(arguments)):
        text = arguments[at].text
        if text in subcommands:
            return Program(program, text, at + 1, assignments, removed)
        if not text.startswith("-"):
            return None  # a subcommand that serves no app, such as `fastapi login`
    return None


def _script_index(arguments: Sequence[Value], start: int) -> int | None:
    """Return the index of the script of `sh -c`; None if the shell runs a file or reads its input.

    Options of one letter can be joined (`-euo pipefail -c`), and each `o` or `O` takes one more argument (POSIX `sh`,
    OPTIONS; bash has `-O`).
    """
    at, runs_script = start, False
    while at < len(arguments) and (text := arguments[at].text).startswith(("-", "+")) and text != "-":
        at += 1
        if text == "--":
            break
        if not text.startswith("--"):
            runs_script = runs_script or "c" in text
            at += text.count("o") + text.count("O")
    return at if runs_script and at < len(arguments) else None
