"""What a container runs, as its spec gives it: command, args and environment."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from proxiedapp.servers.command.environment import Environment, Value


@dataclass(frozen=True)
class ContainerCommand:
    """The command, args and environment of a container. Kubernetes runs args as the end of the command."""

    command: tuple[str, ...] | None
    args: tuple[str, ...] | None
    environment: Environment

    @property
    def elements(self) -> list[str]:
        """Return command and args as one list, as the spec has them."""
        return [*(self.command or ()), *(self.args or ())]

    @cached_property
    def values(self) -> list[Value]:
        """Return command and args as one list, as the container gets them."""
        return [self.environment.expand(element) for element in self.elements]


def container_command(
    command: Sequence[str] | None, args: Sequence[str] | None, environment: Environment
) -> ContainerCommand:
    """Return a container's command; None, for the image's own, is not the same as an empty list."""
    return ContainerCommand(
        None if command is None else tuple(command), None if args is None else tuple(args), environment
    )
