"""Commands which are listed by name and summary, and imported only when one of them is used.

`proxiedapp --help` would otherwise import every library of every command: a second of CPU for five lines of text.
"""

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any, cast

import typer
from typer.core import TyperCommand, TyperGroup
from typer.main import get_command, get_group

if TYPE_CHECKING:
    from typing_extensions import override
else:  # importing it takes a fifth of the time of --help

    def override(method: Any) -> Any:
        """Do what `typing.override` does, which Python 3.11 does not have."""
        return method


Loader = Callable[[], typer.Typer | Callable[..., None]]
"""Import a command and return its function, or a Typer with commands of its own."""


class LazyCommand(TyperCommand):
    """The entry of a command in the help of its group; `load` returns the command itself."""

    def __init__(self, name: str, summary: str, load: Loader) -> None:
        super().__init__(name, short_help=summary, rich_markup_mode=None)
        self._load = load

    def load(self) -> TyperCommand | TyperGroup:
        """Import the command. Raises whatever the import raises."""
        program = self._load()
        command: Any
        if isinstance(program, typer.Typer):
            command = get_group(program)
        else:
            single = typer.Typer(add_completion=False, rich_markup_mode=None, pretty_exceptions_enable=False)
            single.command()(program)
            command = get_command(single)
        command.name = self.name
        return cast("TyperCommand | TyperGroup", command)


def group_of(commands: Iterable[LazyCommand]) -> type[TyperGroup]:
    """Return the class to give to `typer.Typer(cls=...)` for a group of these commands."""
    by_name = {command.name: command for command in commands}

    class LazyGroup(TyperGroup):
        def __init__(self, **attributes: Any) -> None:
            super().__init__(**(attributes | {"commands": dict(by_name)}))

        @override
        def resolve_command(self, ctx: Any, args: list[str]) -> Any:
            """Import the command which the arguments name; typer calls this neither for help nor for a wrong name."""
            name, command, rest = super().resolve_command(ctx, args)
            return name, loaded(command), rest

        @override
        def invoke(self, ctx: Any) -> Any:
            """Parse the arguments of a command and run it."""
            try:
                return super().invoke(ctx)
            except typer.BadParameter as error:
                _reword(error)
                raise

    return LazyGroup


def _reword(error: typer.BadParameter) -> None:
    """Replace the words of pydantic, by which typer parses values, by ours."""
    from pydantic import ValidationError  # noqa: PLC0415 - imported already if it is the cause, and slow if not

    from proxiedapp.api.problems import problems_of  # noqa: PLC0415 - see above

    if isinstance(error.__cause__, ValidationError):
        ((_, problem), *_) = problems_of(error.__cause__)
        error.message = f"{problem.removesuffix('.')}."


def loaded(command: Any) -> Any:
    """Return the command itself in place of its entry in the help."""
    return command.load() if isinstance(command, LazyCommand) else command
