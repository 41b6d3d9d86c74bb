"""How every command ends when it cannot do what it was asked to do."""

from typing import NoReturn

import typer

from proxiedapp.cli.output import say


def fail(message: str) -> NoReturn:
    """Print one line on standard error and end the command with exit status 1."""
    say(f"proxiedapp: {message}", err=True)
    raise typer.Exit(1)
