"""A server as a container's command starts it, and how words are put into that command."""

import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from proxiedapp.servers.command.arguments import ParsedArguments, read_arguments
from proxiedapp.servers.command.variables import Word
from proxiedapp.servers.server import Server


@dataclass(frozen=True, slots=True)
class WordPosition:
    """Where something stands in command + args: a whole word, or a part [start, end) of a script."""

    index: int
    part: tuple[int, int] | None = None


@dataclass(frozen=True)
class Invocation:
    """A server found in a container's command: what it is told there, and where more can be said."""

    server: Server
    subcommand: str | None
    arguments: tuple[Word, ...]
    """What the server's own parser reads."""
    places: tuple[WordPosition, ...]
    """Where each of them stands."""
    inherited: tuple[Word, ...]
    """Arguments from a variable, which those of the command line beat."""
    assignments: Mapping[str, Word]
    """Variables set in front of the server, which beat the container's."""
    command: tuple[str, ...] | None
    args: tuple[str, ...] | None
    end: WordPosition
    """The word before which new words go, or the part of a script after which they do."""

    @cached_property
    def reading(self) -> ParsedArguments:
        """What the server makes of all its arguments."""
        return read_arguments((*self.inherited, *self.arguments), self.server.grammar)

    @cached_property
    def app(self) -> int | None:
        """Return the index of the argument that names the app: the first that is no option."""
        own = read_arguments(self.arguments, self.server.grammar)
        return own.positionals[0] if own.positionals else None

    def with_words(
        self, extra: Sequence[str], app: str | None = None
    ) -> tuple[tuple[str, ...] | None, tuple[str, ...] | None]:
        """Return command and args with words added in the right place, and another app in the place of the user's.

        Nothing else of the user's is moved or changed.
        """
        words = [*(self.command or ()), *(self.args or ())]
        split = len(self.command or ())
        parts: list[tuple[int, int, int, str]] = []
        if app is not None and self.app is not None:
            place = self.places[self.app]
            if place.part is None:
                words[place.index] = app
            else:
                parts.append((place.index, *place.part, shlex.quote(app)))
        if extra and self.end.part is not None:
            added = "".join(f" {shlex.quote(word)}" for word in extra)
            parts.append((self.end.index, self.end.part[1], self.end.part[1], added))
        for index, start, stop, text in sorted(parts, reverse=True):  # from behind, so that the places still hold
            words[index] = words[index][:start] + text + words[index][stop:]
        if extra and self.end.part is None:
            words[self.end.index : self.end.index] = extra
            split += len(extra) if self.end.index < split or not self.args else 0
        return (
            None if self.command is None else tuple(words[:split]),
            None if self.args is None else tuple(words[split:]),
        )
