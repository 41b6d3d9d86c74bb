"""The parsers of servers that can run the adapter, in a process of their own (`parserprocess.py`)."""

import json
import subprocess
import sys
from typing import Any


class Parsers:
    """The process with the parsers."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.support.parserprocess"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def read(self, server: str, arguments: list[str]) -> dict[str, Any]:
        """Return the server's options by name, with `app`; raises AssertionError if it does not accept them."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        print(json.dumps([server, arguments]), file=self._process.stdin, flush=True)
        answer = json.loads(self._process.stdout.readline())
        assert isinstance(answer, dict), f"{server} {arguments}: {answer}"
        return answer

    def stop(self) -> None:
        """End the process and wait for it."""
        self._process.communicate()
