"""Answers a line `[server, arguments]` by a line with the options that the server reads, or by what is wrong.

A process of its own, since importing daphne puts daphne's event loop under everything that runs later.
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
    """Catch the parser that hypercorn makes and does not give away."""
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
        except (SystemExit, Exception) as error:  # noqa: BLE001 - whatever it is, the test shall show it
            answer = f"{complaint.getvalue()} {error!r}"
        sys.stdout.write(json.dumps(answer, default=str) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
