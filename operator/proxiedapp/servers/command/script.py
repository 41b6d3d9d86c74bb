"""Finds the one server that a shell script starts, its arguments, and where the script can be extended."""

import re
from collections.abc import Container, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from proxiedapp.api.budget import Budget, BudgetError
from proxiedapp.servers.command.container import ContainerCommand
from proxiedapp.servers.command.environment import Environment, Value
from proxiedapp.servers.command.invocation import STEPS_PER_ARGUMENT, Argument, Position
from proxiedapp.servers.command.locate import RESERVED, Program, Script, locate, locate_by_name
from proxiedapp.servers.command.shell import ALL_ARGUMENTS, Token, UnreadableScriptError, simple_commands
from proxiedapp.servers.command.wrappers import ASSIGNMENT, is_removed

_APP: Final = re.compile(r"[\w./]+(:[\w.]+|\.py)")
"""What distinguishes a command that starts a server from one that installs it, such as `pip install uvicorn`."""
_PARAMETER: Final = re.compile(r"\$\{[^{}]*\}")
_NOT_SIMPLE: Final = frozenset("<>|&(){}`#")
"""Characters of redirections, pipes, compound commands, substitutions and comments."""
_EXPORTS: Final = frozenset({"export", "readonly", "declare", "typeset"})


@dataclass(frozen=True, slots=True)
class ScriptedServer:
    """A server that a script starts."""

    program: Program
    arguments: tuple[Argument, ...]
    insertion: Position
    """The part of the script after which new arguments go."""
    shell_stays: bool
    """Whether the shell keeps running, and keeps the signals of the kubelet from the server."""


def read_script(
    script: Script, container: ContainerCommand, programs: Container[str], budget: Budget
) -> ScriptedServer | None:
    """Find the server that a script starts; None if it starts none.

    An unknown program may start one of the `programs`, which the user names in the spec. Raises UnreadableScriptError
    if the script cannot be read, or cannot be extended, with certainty.
    """
    try:
        return _read(script, container, programs, budget)
    except BudgetError as error:
        raise UnreadableScriptError(
            f"it is too long, or becomes too long when its variables are replaced (reading it takes {error})"
        ) from error


def _read(
    script: Script, container: ContainerCommand, programs: Container[str], budget: Budget
) -> ScriptedServer | None:
    source = container.elements[script.index]
    commands = _simple_commands(source, container.environment, budget)
    found: list[tuple[int, Program]] = []
    for number, tokens in enumerate(commands):
        values = [token.value for token in tokens]
        located = locate(values, in_script=True)
        if isinstance(located, Script):
            raise UnreadableScriptError("it starts another shell")
        if located is not None:
            found.append((number, located))
    found = found or _found_by_name(commands, programs)
    if not found:
        return None
    if len(found) > 1:
        raise UnreadableScriptError("it starts more than one server")
    if "$$" in source:
        raise UnreadableScriptError("it contains $$, which Kubernetes replaces by $ before the shell reads it")
    ((number, program),) = found
    own = commands[number][program.arguments :]
    arguments, before_insertion = _with_script_arguments(own, container, script.index, budget)
    last = commands[number][program.arguments + before_insertion - 1]
    set_before, unset_before = _variables_before(commands[:number])
    before = {**script.assignments, **set_before}
    kept = {name: value for name, value in before.items() if not is_removed(name, program.removed)}
    removed = script.removed | unset_before | program.removed
    words = {token.value.text for token in commands[number][: program.arguments]}
    handles_signals = (
        "exec" in words
        or any(tokens[0].value.text == "trap" for tokens in commands)
        or (script.becomes_command and len(commands) == 1 and _is_simple(source, commands[0][0].value.text))
    )
    return ScriptedServer(
        replace(program, assignments={**kept, **program.assignments}, removed=removed),
        tuple(arguments),
        Position(script.index, (last.start, last.end)),
        shell_stays=not handles_signals,
    )


def _is_simple(source: str, first: str) -> bool:
    """Return whether a script of one command, with this first word, is a simple command without redirections."""
    return first not in RESERVED and not _NOT_SIMPLE & set(_PARAMETER.sub("", source))


def _found_by_name(commands: Sequence[Sequence[Token]], programs: Container[str]) -> list[tuple[int, Program]]:
    """Return the commands in which an unknown program starts one of these servers: its name, then an app's."""
    found: list[tuple[int, Program]] = []
    for number, tokens in enumerate(commands):
        located = locate_by_name([token.value for token in tokens], programs)
        if located is not None and any(_APP.fullmatch(token.value.text) for token in tokens[located.arguments :]):
            found.append((number, located))
    return found


def _simple_commands(source: str, environment: Environment, budget: Budget) -> list[list[Token]]:
    """Read a script; the value of a variable that the script itself sets is unknown."""
    values = environment.values
    commands = simple_commands(source, values, budget)
    tokens = [token for command in commands for token in command]
    assigned = {match.group(1) for token in tokens if (match := ASSIGNMENT.match(token.value.text))}
    assigned |= {token.value.text for command in commands if command[0].value.text == "unset" for token in command}
    if assigned & values.keys():
        others = {name: text for name, text in values.items() if name not in assigned}
        commands = simple_commands(source, others, budget)
    return commands


def _with_script_arguments(
    own: Sequence[Token], container: ContainerCommand, script: int, budget: Budget
) -> tuple[list[Argument], int]:
    """Return the server's arguments, and how many of its own tokens come before the position for new ones.

    `"$@"` is replaced by the arguments of the script, which are the elements after it except the first: that one is
    `$0`, the name of the shell (POSIX `sh -c`).
    """
    after = container.values[script + 1 :]
    passes_on = any(token.value.text in ALL_ARGUMENTS for token in own)
    option_as_name = after[:1] and after[0].text.startswith("-") and after[0].text not in {"-", "--"}
    if after and _APP.fullmatch(after[0].text) and "$0" not in container.elements[script]:
        raise UnreadableScriptError(
            f"the shell takes the argument after it, {after[0].text}, as its own name, $0; write the server's whole "
            "command in one element"
        )
    if not passes_on and (after[1:] or option_as_name):
        raise UnreadableScriptError(
            'it does not pass the arguments after it to the server; end the server\'s command with "$@"'
        )
    if option_as_name:
        raise UnreadableScriptError(
            "the shell takes the first argument after it as its own name, $0; put sh in front of it"
        )
    arguments: list[Argument] = []
    insertion: int | None = None
    for at, token in enumerate(own):
        if token.value.text in ALL_ARGUMENTS:
            budget.spend(STEPS_PER_ARGUMENT * len(after))
            passed = [Argument(value, Position(script + 2 + number)) for number, value in enumerate(after[1:])]
        else:
            passed = [Argument(token.value, Position(script, (token.start, token.end)))]
        if insertion is None and any(argument.value.text == "--" for argument in passed):
            insertion = at
        arguments += passed
    insertion = len(own) if insertion is None else insertion
    if insertion < len(own) and own[insertion].value.text in ALL_ARGUMENTS:
        insertion = 0  # not just before "$@": the token there may be an option whose value is passed on
    return arguments, insertion


def _variables_before(commands: Iterable[Sequence[Token]]) -> tuple[Mapping[str, Value], frozenset[str]]:
    """Return the variables that a script sets before the server, and those that it unsets."""
    found: dict[str, Value] = {}
    unset: set[str] = set()
    for tokens in commands:
        matches = [(ASSIGNMENT.match(token.value.text), token.value.known) for token in tokens]
        if tokens[0].value.text == "unset":
            unset |= {token.value.text for token in tokens[1:]}
            found = {name: value for name, value in found.items() if name not in unset}
        elif tokens[0].value.text in _EXPORTS or all(match for match, _ in matches):
            found |= {match.group(1): Value(match.group(2), known) for match, known in matches if match}
    return found, frozenset(unset)
