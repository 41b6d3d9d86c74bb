"""Parses a server's arguments as the server itself does: options with their values, and positional arguments."""

from collections.abc import Sequence
from dataclasses import dataclass

from proxiedapp.servers.command.environment import Value
from proxiedapp.servers.server import Grammar


@dataclass(frozen=True, slots=True)
class Option:
    """One option as given: its full name, its value, and the indices of its first and last argument."""

    name: str
    value: Value | None
    first: int
    last: int


@dataclass(frozen=True, slots=True)
class ParsedArguments:
    """The arguments as the server's own parser sees them."""

    options: tuple[Option, ...]
    positionals: tuple[int, ...]
    """Indices of the arguments that are neither an option nor its value."""

    def values(self, names: Sequence[str]) -> list[Value]:
        """Return the values of an option, in order and under any of its names.

        Servers use the last one, except for options that they collect, such as gunicorn's and hypercorn's `--bind`.
        `tests/unit/servers/test_launch_properties.py` and `test_launch_properties_with_adapter.py` compare with the
        servers' own parsers.
        """
        return [option.value for option in self.options if option.name in names and option.value is not None]

    def in_force(self) -> set[str]:
        """Return the names of the options given; of `--x` and `--no-x` only the later one."""
        given: set[str] = set()
        for option in self.options:
            given.discard("--no-" + option.name.removeprefix("--"))
            given.discard("--" + option.name.removeprefix("--no-"))
            given.add(option.name)
        return given


def parse_arguments(arguments: Sequence[Value], grammar: Grammar) -> ParsedArguments:
    """Parse arguments; after a bare `--` all of them are positional."""
    options: list[Option] = []
    positionals: list[int] = []
    at = 0
    while at < len(arguments):
        text = arguments[at].text
        if text == "--":
            positionals += range(at + 1, len(arguments))
            break
        if text.startswith("--"):
            options.append(_long_option(arguments, at, grammar))
        elif text.startswith("-") and text != "-":
            options += _short_options(arguments, at, grammar)
        else:
            positionals.append(at)
            at += 1
            continue
        at = options[-1].last + 1
    return ParsedArguments(tuple(options), tuple(positionals))


def _long_option(arguments: Sequence[Value], at: int, grammar: Grammar) -> Option:
    given, equals, value = arguments[at].text.partition("=")
    name = grammar.abbreviations.get(given, given)
    if equals:
        return Option(name, Value(value, arguments[at].known), at, at)
    next_is_option = arguments[at + 1 : at + 2] and arguments[at + 1].text.startswith("-")
    if name in grammar.switches or (name in grammar.optional and next_is_option):
        return Option(name, None, at, at)
    return _with_next(name, arguments, at)


def _short_options(arguments: Sequence[Value], at: int, grammar: Grammar) -> list[Option]:
    """Parse `-x value`, `-xvalue`, and switches joined as in `-vx value`; a switch that is repeated counts once."""
    argument = arguments[at]
    letters = argument.text[1:]
    rest = letters.lstrip(grammar.switch_letters)
    switches = dict.fromkeys(letters[: len(letters) - len(rest)])
    found = [Option(f"-{letter}", None, at, at) for letter in switches]
    if not rest:
        return found
    name, attached = f"-{rest[0]}", rest[1:]
    value = Value(attached.removeprefix("="), argument.known)
    return [*found, Option(name, value, at, at) if attached else _with_next(name, arguments, at)]


def _with_next(name: str, arguments: Sequence[Value], at: int) -> Option:
    following = arguments[at + 1] if at + 1 < len(arguments) else None
    return Option(name, following, at, at if following is None else at + 1)
