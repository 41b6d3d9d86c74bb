"""A server as a container starts it: its arguments, its environment, and where arguments can be added."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Final, Self

from proxiedapp.servers.command.arguments import ParsedArguments, parse_arguments
from proxiedapp.servers.command.container import ContainerCommand
from proxiedapp.servers.command.environment import Value
from proxiedapp.servers.command.wrappers import is_removed
from proxiedapp.servers.server import Server

STEPS_PER_ARGUMENT: Final = 8
"""Steps of a budget that one argument of a server takes, however it is given."""


@dataclass(frozen=True, slots=True)
class Position:
    """A position in command + args: a whole element, or the part [start, end) of a shell script."""

    index: int
    part: tuple[int, int] | None = None


@dataclass(frozen=True, slots=True)
class Argument:
    """An argument of the server, and where the spec has it."""

    value: Value
    position: Position


@dataclass(frozen=True)
class Invocation:
    """A container's command and environment, with all that is known of the server which it starts."""

    container: ContainerCommand
    server: Server
    subcommand: str | None = None
    arguments: tuple[Argument, ...] = ()
    """The server's arguments, without the subcommand."""
    inherited: tuple[Value, ...] = ()
    """Arguments from a variable; those of the command line have precedence."""
    assignments: Mapping[str, Value] = field(default_factory=dict)
    """Variables that the command sets for the server; they have precedence over the container's."""
    removed: frozenset[str] = frozenset()
    """Variables of the container that the command keeps from the server; ALL_VARIABLES for every one."""
    insertion: Position | None = None
    """The element before which new arguments go, or the part of a script after which they go; None if nowhere."""
    shell_stays: bool = False
    """Whether a shell stays between the kubelet and the server, and keeps signals from it."""

    @classmethod
    def opaque(cls, container: ContainerCommand, server: Server) -> Self:
        """Return the invocation of a server whose command the operator does not read."""
        return cls(container, server)

    @cached_property
    def parsed(self) -> ParsedArguments:
        """The arguments of the command line, as the server parses them."""
        return parse_arguments([argument.value for argument in self.arguments], self.server.grammar)

    @cached_property
    def parsed_inherited(self) -> ParsedArguments:
        """The arguments from a variable, as the server parses them."""
        return parse_arguments(self.inherited, self.server.grammar)

    @property
    def app(self) -> Argument | None:
        """The argument that names the app: the first positional one."""
        positionals = self.parsed.positionals
        return self.arguments[positionals[0]] if positionals else None

    @cached_property
    def options(self) -> set[str]:
        """The names of all options; of `--x` and `--no-x` only the one that has precedence."""
        return ParsedArguments((*self.parsed_inherited.options, *self.parsed.options), ()).in_force()

    def variable(self, name: str) -> Value | None:
        """Return a variable as the server gets it; None if neither the command nor `spec.env` sets it."""
        if self.sets_in_command(name):
            return self.assignments[name]
        return None if self.removes(name) else self.container.environment.get(name)

    def sets_in_command(self, name: str) -> bool:
        """Return whether the command itself sets a variable, as in `env NAME=value uvicorn`."""
        return name in self.assignments

    def removes(self, name: str) -> bool:
        """Return whether the command keeps a variable of the container from the server."""
        return is_removed(name, self.removed)

    def field_of_variable(self, name: str) -> str:
        """Return the field of the spec that sets a variable."""
        return "spec.command" if self.sets_in_command(name) else "spec.env"
