"""Reading a server's arguments as the server itself does: options with their values, and the words between them."""

from collections.abc import Sequence
from dataclasses import dataclass

from proxiedapp.servers.command.variables import Word
from proxiedapp.servers.server import Grammar


@dataclass(frozen=True, slots=True)
class Option:
    """One option as given: its full name, its value, and the indices of its first and last word."""

    name: str
    value: Word | None
    first: int
    last: int


@dataclass(frozen=True, slots=True)
class ParsedArguments:
    """What a server makes of its arguments."""

    options: tuple[Option, ...]
    positionals: tuple[int, ...]
    """Indices of the words that are neither an option nor its value."""

    def values(self, names: Sequence[str]) -> list[Word]:
        """Return the values of an option, whatever its spelling, in order; of most the server takes the last."""
        return [each.value for each in self.options if each.name in names and each.value is not None]

    def in_force(self) -> set[str]:
        """Return the options given; of `--x` and `--no-x` the later one counts."""
        given: set[str] = set()
        for each in self.options:
            given.discard("--no-" + each.name.removeprefix("--"))
            given.add(each.name)
        return given


def read_arguments(arguments: Sequence[Word], grammar: Grammar) -> ParsedArguments:
    """Read arguments; after a bare `--` nothing is an option."""
    options: list[Option] = []
    positionals: list[int] = []
    at = 0
    while at < len(arguments):
        word = arguments[at]
        if word.text == "--":
            positionals += range(at + 1, len(arguments))
            break
        if word.text.startswith("--"):
            options.append(_long(arguments, at, grammar))
        elif word.text.startswith("-") and word.text != "-":
            options += _short(arguments, at, grammar)
        else:
            positionals.append(at)
            at += 1
            continue
        at = options[-1].last + 1
    return ParsedArguments(tuple(options), tuple(positionals))


def _long(arguments: Sequence[Word], at: int, grammar: Grammar) -> Option:
    given, equals, value = arguments[at].text.partition("=")
    name = _full_name(given, grammar)
    if equals:
        return Option(name, Word(value, arguments[at].known), at, at)
    next_is_option = arguments[at + 1 : at + 2] and arguments[at + 1].text.startswith("-")
    if name in grammar.switches or (name in grammar.optional and next_is_option):
        return Option(name, None, at, at)
    return _with_next(name, arguments, at)


def _full_name(given: str, grammar: Grammar) -> str:
    known = grammar.switches | grammar.valued | grammar.optional
    if not grammar.abbreviates or given in known:
        return given
    meant = [name for name in known if name.startswith(given)]
    return meant[0] if len(meant) == 1 else given


def _short(arguments: Sequence[Word], at: int, grammar: Grammar) -> list[Option]:
    """Read `-x value`, `-xvalue`, and switches joined as in `-vx value`."""
    word = arguments[at]
    found: list[Option] = []
    for index, letter in enumerate(word.text[1:], start=1):
        name = f"-{letter}"
        if name in grammar.switches:
            found.append(Option(name, None, at, at))
            continue
        glued = word.text[index + 1 :]
        value = Word(glued.removeprefix("="), word.known)
        return [*found, Option(name, value, at, at) if glued else _with_next(name, arguments, at)]
    return found


def _with_next(name: str, arguments: Sequence[Word], at: int) -> Option:
    following = arguments[at + 1] if at + 1 < len(arguments) else None
    return Option(name, following, at, at if following is None else at + 1)
