"""The formats of commands that print for people and for programs."""

from enum import StrEnum

import typer


class Output(StrEnum):
    """How results are printed."""

    TEXT = "text"
    JSON = "json"


def say(text: str, *, err: bool = False) -> None:
    """Print a text for people; what is in it of files, apps and objects of others cannot control the terminal."""
    from proxiedapp.api.escaping import escaped  # noqa: PLC0415 - `--help` imports no package but this one

    typer.echo(escaped(text, "\n"), err=err)
