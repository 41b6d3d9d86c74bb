"""Finding the server in a container's command: past wrappers, into shell scripts, told apart by its arguments.

A command is never guessed at: what is not recognised gives None, and the caller says what to set.
"""

import shlex
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import PurePosixPath
from typing import Final

from proxiedapp.servers.command import shell
from proxiedapp.servers.command.arguments import read_arguments
from proxiedapp.servers.command.invocation import Invocation, WordPosition
from proxiedapp.servers.command.variables import Variables, Word, expand_kubernetes
from proxiedapp.servers.command.wrappers import ASSIGNMENT, PYTHON, SHELLS, WRAPPERS, look_past
from proxiedapp.servers.server import Server
from proxiedapp.servers.table import PROGRAMS, servers_of

_RESERVED: Final = frozenset({"{", "}", "!", "if", "then", "elif", "else", "do", "while", "until", "time"})
_EXPORTS: Final = frozenset({"export", "readonly", "declare", "typeset"})
_WORKER_CLASS: Final = ("--worker-class", "-k")


def find_server(
    command: Sequence[str] | None, args: Sequence[str] | None, variables: Variables, kind: str = "auto"
) -> Invocation | None:
    """Find the server that a container's command and args start.

    `kind` is what the user calls the server; it decides where the command alone is ambiguous. Raises
    UnreadableScriptError if a shell script on the way cannot be read with certainty, or if it is ambiguous where
    arguments must be added.
    """
    words = [expand_kubernetes(word, variables.values, variables.hidden) for word in [*(command or ()), *(args or ())]]
    found = _locate(words, in_shell=False)
    if found is None:
        return None
    kept = (None if command is None else tuple(command), None if args is None else tuple(args))
    if isinstance(found, _Script):
        return _in_script(found, words, variables, kind, *kept)
    own = words[found.end :]
    places = [WordPosition(index) for index in range(found.end, len(words))]
    return _invocation(found, own, places, WordPosition(found.end + _end(own)), variables, kind, kept)


def _invocation(
    program: "_Program",
    arguments: Sequence[Word],
    places: Sequence[WordPosition],
    end: WordPosition,
    variables: Variables,
    kind: str,
    kept: tuple[tuple[str, ...] | None, tuple[str, ...] | None],
) -> Invocation | None:
    """Tell servers of one program apart by their worker class, and put the invocation together."""
    for server in servers_of(program.program):
        inherited = _inherited(server, program.assignments, variables)
        classes = read_arguments((*inherited, *arguments), server.grammar).values(_WORKER_CLASS)
        told_apart = not server.worker_classes or (classes and classes[-1].text in server.worker_classes)
        named = server.name == kind and not classes  # the class may stand in a file that cannot be seen here
        if told_apart or named:
            return Invocation(
                server,
                program.subcommand,
                tuple(arguments),
                tuple(places),
                inherited,
                program.assignments,
                *kept,
                end=end,
            )
    return None


def _inherited(server: Server, assignments: Mapping[str, Word], variables: Variables) -> tuple[Word, ...]:
    """Return the arguments that a server takes from a variable; those that cannot be seen are left out."""
    name = server.arguments_variable or ""
    text = assignments[name].text if name in assignments else variables.values.get(name, "")
    try:
        return tuple(Word(word) for word in shlex.split(text))
    except ValueError:
        return ()


@dataclass(frozen=True, slots=True)
class _Program:
    """A server's program and where its own arguments begin."""

    program: str
    subcommand: str | None
    end: int
    assignments: Mapping[str, Word]


@dataclass(frozen=True, slots=True)
class _Script:
    """A shell script and where it stands among the words."""

    at: int
    assignments: Mapping[str, Word]


def _locate(words: Sequence[Word], *, in_shell: bool) -> _Program | _Script | None:
    """Look past wrappers, and in a shell past assignments and reserved words, until a server or a shell is found."""
    at, module = 0, False
    assignments: dict[str, Word] = {}
    while at < len(words):
        text = words[at].text
        name = PurePosixPath(text).name
        if in_shell and not module and (match := ASSIGNMENT.match(text)):
            assignments[match.group(1)] = Word(match.group(2), words[at].known)
            at += 1
            continue
        if (program := text if module else name) in PROGRAMS:
            return _program(program, words, at + 1, assignments)
        if module:
            return None
        if name in SHELLS:
            script = _script_index(words, at + 1)
            return None if script is None else _Script(script, assignments)
        if in_shell and name in _RESERVED:
            at += 1
            continue
        wrapper = WRAPPERS.get("python" if PYTHON.match(name) else name)
        past = None if wrapper is None else look_past(wrapper, words, at + 1)
        if past is None:
            return None
        assignments |= past.assignments
        at, module = past.index, past.module
    return None


def _program(program: str, words: Sequence[Word], start: int, assignments: Mapping[str, Word]) -> _Program | None:
    subcommands = servers_of(program)[0].subcommands
    if not subcommands:
        return _Program(program, None, start, assignments)
    for at in range(start, len(words)):
        text = words[at].text
        if text in subcommands:
            return _Program(program, text, at + 1, assignments)
        if not text.startswith("-"):
            return None  # a subcommand that serves nothing, like `fastapi login`
    return None


def _script_index(words: Sequence[Word], start: int) -> int | None:
    """Return where the script of `sh -c` stands; None if the shell runs a file or reads its input.

    Single-letter options may be joined (`-euo pipefail -c`), and of these `o` and `O` take a word more each.
    """
    at, runs_script = start, False
    while at < len(words) and (text := words[at].text).startswith(("-", "+")) and text != "-":
        at += 1
        if text == "--":
            break
        if not text.startswith("--"):
            runs_script = runs_script or "c" in text
            at += text.count("o") + text.count("O")
    return at if runs_script and at < len(words) else None


def _in_script(
    script: _Script,
    words: Sequence[Word],
    variables: Variables,
    kind: str,
    command: tuple[str, ...] | None,
    args: tuple[str, ...] | None,
) -> Invocation | None:
    source = [*(command or ()), *(args or ())][script.at]
    commands = _commands(source, variables)
    found = []
    for number, placed in enumerate(commands):
        located = _locate([one.word for one in placed], in_shell=True)
        if isinstance(located, _Script):
            raise shell.UnreadableScriptError("it starts another shell")
        if located is not None:
            found.append((number, located))
    if not found:
        return None
    if len(found) > 1:
        raise shell.UnreadableScriptError("it starts more than one server")
    if "$$" in source:
        raise shell.UnreadableScriptError("it holds $$, which Kubernetes turns into $ before the shell sees it")
    ((number, program),) = found
    own = commands[number][program.end :]
    arguments, places, end = _with_passed_on(own, words, script.at)
    assignments = {**script.assignments, **_set_before(commands[:number]), **program.assignments}
    last = commands[number][program.end + end - 1]
    return _invocation(
        replace(program, assignments=assignments),
        arguments,
        places,
        WordPosition(script.at, (last.start, last.end)),
        variables,
        kind,
        (command, args),
    )


def _with_passed_on(
    own: Sequence[shell.Placed], words: Sequence[Word], script: int
) -> tuple[list[Word], list[WordPosition], int]:
    """Put the words after a script, but for the first, in the place of `"$@"`.

    Returns the server's arguments, where they stand, and how many of its own words come before the place for new
    options.
    """
    after = words[script + 1 :]
    takes_args = any(one.word.text in shell.ALL_ARGUMENTS for one in own)
    option_lost = after[:1] and after[0].text.startswith("-") and after[0].text not in {"-", "--"}
    if not takes_args and (after[1:] or option_lost):
        raise shell.UnreadableScriptError('words after it never reach the server: end the server\'s command with "$@"')
    if option_lost:
        raise shell.UnreadableScriptError("the first word after it becomes the shell's own name: put sh in front")
    arguments: list[Word] = []
    places: list[WordPosition] = []
    end: int | None = None
    for at, one in enumerate(own):
        if one.word.text in shell.ALL_ARGUMENTS:
            passed = [(word, WordPosition(script + 2 + number)) for number, word in enumerate(after[1:])]
        else:
            passed = [(one.word, WordPosition(script, (one.start, one.end)))]
        for word, place in passed:
            if word.text == "--" and end is None:
                end = at
            arguments.append(word)
            places.append(place)
    end = len(own) if end is None else end
    if end < len(own) and own[end].word.text in shell.ALL_ARGUMENTS:
        end = 0  # not just before "$@": the word there may be an option whose value is passed on
    return arguments, places, end


def _set_before(commands: Iterable[Sequence[shell.Placed]]) -> dict[str, Word]:
    """Return the variables that a script sets for what comes after, by an assignment that stands alone or `export`."""
    found: dict[str, Word] = {}
    for placed in commands:
        words = [one.word for one in placed]
        matches = [(ASSIGNMENT.match(word.text), word.known) for word in words]
        if words[0].text in _EXPORTS or all(match for match, _ in matches):
            found |= {match.group(1): Word(match.group(2), known) for match, known in matches if match}
    return found


def _commands(source: str, variables: Variables) -> list[list[shell.Placed]]:
    """Read a script; a variable that the script itself sets is unknown, whatever the container's environment says."""
    commands = shell.simple_commands(source, variables.values)
    names = {match.group(1) for words in commands for one in words if (match := ASSIGNMENT.match(one.word.text))}
    if names & variables.values.keys():
        commands = shell.simple_commands(source, {k: v for k, v in variables.values.items() if k not in names})
    return commands


def _end(arguments: Sequence[Word]) -> int:
    """Return where new options go: at the end, or before a bare `--`, after which nothing is an option."""
    texts = [word.text for word in arguments]
    return texts.index("--") if "--" in texts else len(texts)
