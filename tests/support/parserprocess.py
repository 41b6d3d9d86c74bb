"""Reads lines `[server, arguments]` and prints for each the options that the server parses, or the error, as JSON.

It is a process of its own because importing daphne installs daphne's event loop.
"""

import json
import sys
from argparse import ArgumentParser
from collections.abc import Callable
from contextlib import redirect_stderr, suppress
from io import StringIO
from typing import Any
from unittest.mock import patch

from daphne.cli import CommandLineInterface
from granian.cli import cli as granian
from gunicorn.config import Config
from hypercorn.__main__ import main as hypercorn

Reader = Callable[[list[str]], dict[str, Any]]


def of_hypercorn() -> ArgumentParser:
    """Return the parser that hypercorn creates inside its main function."""
    caught: list[ArgumentParser] = []

    def catch(parser: ArgumentParser, *_: Any) -> None:
        caught.append(parser)
        raise LookupError

    with patch.object(ArgumentParser, "parse_args", catch), suppress(LookupError):
        hypercorn(["main:app"])
    return caught[0]


def by_argparse(parser: ArgumentParser, app: str) -> Reader:
    def read(arguments: list[str]) -> dict[str, Any]:
        found = dict(vars(parser.parse_args(arguments)))
        found["app"] = found.pop(app)
        return found

    return read


def by_click(arguments: list[str]) -> dict[str, Any]:
    with granian.make_context("granian", arguments) as context:
        return dict(context.params)


def main() -> None:
    readers: dict[str, Reader] = {
        "hypercorn": by_argparse(of_hypercorn(), "application"),
        "daphne": by_argparse(CommandLineInterface().parser, "application"),
        "gunicorn": by_argparse(Config().parser(), "args"),
        "granian": by_click,
    }
    for line in sys.stdin:
        server, arguments = json.loads(line)
        complaint = StringIO()
        try:
            with redirect_stderr(complaint):
                answer: Any = readers[server](arguments)
        except (SystemExit, Exception) as error:  # noqa: BLE001 - any error must reach the test
            answer = f"{complaint.getvalue()} {error!r}"
        sys.stdout.write(json.dumps(answer, default=str) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
