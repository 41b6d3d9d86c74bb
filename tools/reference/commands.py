"""docs/reference/commands.md: the command line, from the same texts as `--help`."""

from collections.abc import Iterator

from typer.core import TyperArgument, TyperCommand, TyperGroup, TyperOption
from typer.main import get_command

from proxiedapp.cli import app
from proxiedapp.cli.lazy import loaded
from tools.reference.markdown import code, table

_PAGE = """\
# Commands

Generated from the code by `make generate`, from the same texts as `proxiedapp COMMAND --help`, or `-h`.
`proxiedapp run` needs the packages of `proxiedapp[operator]`; `proxiedapp sandbox` needs the package
`proxiedapp-sandbox`.

| exit status | meaning |
|---|---|
| 0 | The command did what it was asked to do, or a signal stopped it in order. |
| 1 | It could not, and one line on standard error says why; or `check`, `doctor` or `verify` found something wrong. |
| 2 | The command line is wrong. |
| 3 | `verify` found nothing wrong, but nothing could be judged either. |
| other | `restart`, `logs` and `open` have the exit status of kubectl. |

If `NO_COLOR` is set, no command prints colors.

{commands}
"""

_EXAMPLES = "\b\n"
"""What click takes for the beginning of a paragraph whose lines must not be joined."""


def commands() -> str:
    """Return the text of docs/reference/commands.md."""
    program = get_command(app)  # unlike get_group, with the options for shell completion
    sections = _sections(program, "proxiedapp") if isinstance(program, TyperGroup) else ()
    return _PAGE.format(commands="\n\n".join(sections))


def _sections(command: TyperCommand | TyperGroup, name: str) -> Iterator[str]:
    """Yield the section of a command, or of each command of a group."""
    if isinstance(command, TyperGroup):
        yield f"## `{name}`\n\n{command.help}"
        own = [one for one in command.params if isinstance(one, TyperOption)]
        if own:
            yield table(["option", "default", "meaning"], map(_row, own))
        for entry in command.commands.values():
            below = loaded(entry)
            if isinstance(below, TyperCommand | TyperGroup):  # typer makes nothing else
                yield from _sections(below, f"{name} {below.name}")
        return
    given = [one for one in command.params if isinstance(one, TyperArgument | TyperOption)]
    arguments = [one for one in given if isinstance(one, TyperArgument)]
    options = [one for one in given if isinstance(one, TyperOption)]
    usage = " ".join([name, *(["[OPTIONS]"] if options else []), *map(_usage, arguments)])
    yield f"### `{name}`\n\n{_help(command)}\n\n```text\n{usage}\n```"
    if given:
        yield table(["argument or option", "default", "meaning"], map(_row, given))


def _help(command: TyperCommand) -> str:
    """Return the help of a command, with its examples, which begin with a backspace, as blocks of code."""
    paragraphs = (command.help or "").split("\n\n")
    return "\n\n".join(
        f"```text\n{text.removeprefix(_EXAMPLES)}\n```" if text.startswith(_EXAMPLES) else text for text in paragraphs
    )


def _usage(argument: TyperArgument) -> str:
    name = f"{argument.name or ''}{'...' if argument.nargs < 0 else ''}".upper()
    return name if argument.required else f"[{name}]"


def _row(parameter: TyperArgument | TyperOption) -> tuple[str, str, str]:
    if isinstance(parameter, TyperArgument):
        names = [(parameter.name or "").upper()]
    else:
        names = [*parameter.opts, *parameter.secondary_opts]
    default = getattr(parameter.default, "value", parameter.default)
    flag = isinstance(parameter, TyperOption) and parameter.is_flag and not parameter.secondary_opts
    shown = "required" if parameter.required else "none" if default is None or flag else code(default)
    return ", ".join(map(code, names)), shown, parameter.help or ""
