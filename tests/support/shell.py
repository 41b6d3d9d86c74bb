"""A bash that runs commands one after the other, as if a reader typed them; it can have its own network."""

import os
import select
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from shlex import quote
from typing import Final

from tests.support.sandbox import eventually
from tests.support.walk import Ran

OWN_NETWORK: Final = (
    "unshare",
    *(("--user", "--map-root-user") if os.geteuid() else ()),
    *("--net", "--mount", "--propagation", "private"),
    *(sys.executable, "-m", "proxiedapp_sandbox.rootless"),  # loopback, and a /run of its own
)
"""A prefix for commands: all ports of loopback are free for the command, and no other host is reachable."""

_PATIENCE: Final = 300.0
"""Seconds after which a command counts as stuck."""


class Bash:
    """A bash without the user's configuration. Variables and the current folder persist between commands."""

    def __init__(self, process: subprocess.Popen[bytes], notes: Path, write_end: int, read_end: int) -> None:
        self._process = process
        self._stdin, self._stdout, self._stderr = (notes / name for name in ("stdin", "stdout", "stderr"))
        self._write_end = write_end
        self._read_end = read_end
        self._type("set -uo pipefail; trap : INT")  # Ctrl-C must stop the command, and not bash

    def run(self, command: str, *, stdin: str = "", until: str | None = None) -> Ran:
        """Run a command in the shell itself; when it has printed `until`, stop it with Ctrl-C."""
        self._stdin.write_text(stdin)
        self._stdout.write_text("")
        files = "<{} >{} 2>{}".format(*(quote(str(file)) for file in (self._stdin, self._stdout, self._stderr)))
        self._type(f"eval {quote(command)} {files} {self._write_end}>&-\necho $? >&{self._write_end}")
        if until is not None:
            eventually(lambda: until in self._stdout.read_text() or self._ended(0), until, _PATIENCE)
            os.killpg(self._process.pid, signal.SIGINT)
        if not self._ended(_PATIENCE):
            raise TimeoutError(f"`{command}` does not end; so far it printed: {self._stdout.read_text()}")
        status = os.read(self._read_end, 16)
        return Ran(int(status or self._process.wait()), self._stdout.read_text(), self._stderr.read_text())

    def _type(self, text: str) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(f"{text}\n".encode())
        self._process.stdin.flush()

    def _ended(self, seconds: float) -> bool:
        """Wait up to `seconds`, and return whether the command or bash itself has ended."""
        return bool(select.select([self._read_end], [], [], seconds)[0])


@contextmanager
def bash(notes: Path, cwd: Path, env: Mapping[str, str], within: Sequence[str] = ()) -> Iterator[Bash]:
    """Run a bash, with the command `within` before it, until the block ends; its files are in `notes`."""
    notes.mkdir(exist_ok=True)
    read_end, write_end = os.pipe()
    # A process that a shell started in the background ignores SIGINT, and so do all processes that it starts.
    command = [*within, shutil.which("env") or "env", "--default-signal=INT", "bash", "--noprofile", "--norc"]
    with (notes / "bash.log").open("wb") as log:
        process = subprocess.Popen(
            command,
            cwd=cwd,
            env=env,
            stdin=subprocess.PIPE,
            stdout=log,
            stderr=log,
            pass_fds=[write_end],
            start_new_session=True,
        )
    os.close(write_end)
    try:
        with process:
            try:
                yield Bash(process, notes, write_end, read_end)
            except BaseException:
                if process.poll() is None:
                    os.killpg(process.pid, signal.SIGKILL)
                raise
    finally:
        os.close(read_end)
