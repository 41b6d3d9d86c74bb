"""The command line: one module a command, each imported only when its command is used."""

from proxiedapp.cli.program import app

__all__ = ["app"]
