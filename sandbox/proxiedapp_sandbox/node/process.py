"""One container's processes, as the node holds them: start, wait, signal, and run something beside."""

import asyncio
import json
import os
import signal
import socket
import sys
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from typing import Any, Final, NamedTuple

from proxiedapp_sandbox.node import launcher
from proxiedapp_sandbox.node.errors import StartError
from proxiedapp_sandbox.node.launch import Launch
from proxiedapp_sandbox.node.launcher import Command

_LAUNCHER: Final = (sys.executable, "-I", "-S", str(Path(launcher.__file__)))
"""Isolated and without site-packages: it needs neither, and starts in half the time."""
_OUTPUT_MAX: Final = 10 * 1024
"""Bytes of a command's output that are kept."""
_CANNOT_EXECUTE: Final = 126
"""Exit code of a command that could not be executed, as shells have it."""


class Result(NamedTuple):
    """How a command ended."""

    code: int
    output: str


class Process:
    """A container that runs, or ran. Made by `start`."""

    def __init__(self, pair: "_Pair", command: Command) -> None:
        self._pair = pair
        self._command = command

    @classmethod
    async def start(cls, launch: Launch, log: Path) -> "Process":
        """Start a container, its output appended to `log`; raises StartError."""
        with log.open("ab") as output:
            given = {"command": asdict(launch.command), "box": asdict(launch.box)}
            pair = await _Pair.start(given, stdout=output.fileno())
        if pair.problem:
            await pair.kill()
            raise StartError(pair.problem)
        return cls(pair, launch.command)

    async def wait(self) -> int:
        """Wait until it ends; returns the exit code, with 128 and its number for a signal."""
        code = await self._pair.keeper.wait()
        return code if code >= 0 else 128 - code

    def terminate(self) -> None:
        """Ask the container's first process to end."""
        with suppress(ProcessLookupError):
            self._pair.keeper.terminate()  # which passes it on

    async def kill(self) -> None:
        """End all processes of the container; when this returns, none is left."""
        await self._pair.kill()

    async def execute(self, argv: list[str]) -> Result:
        """Run a command in the container; if this is cancelled, the command is killed."""
        command = Command(argv, self._command.env, self._command.workdir)
        pair = await _Pair.start({"command": asdict(command)}, stdout=asyncio.subprocess.PIPE, beside=self._pair.inner)
        try:
            output, _ = await pair.keeper.communicate()
        finally:
            await pair.kill()
        if pair.problem:
            return Result(_CANNOT_EXECUTE, pair.problem)
        return Result(pair.keeper.returncode or 0, output[:_OUTPUT_MAX].decode(errors="replace").strip())


class _Pair:
    """A keeper and its inner process (launcher.py)."""

    def __init__(self, keeper: asyncio.subprocess.Process, report: str) -> None:
        """Read the keeper's report: the number of the inner process, and what went wrong, if anything did."""
        number, _, problem = report.partition("\n")
        self.keeper = keeper
        self.inner = int(number or 0)
        self.problem = problem if number else "the launcher ended before the command could start"

    @classmethod
    async def start(cls, given: dict[str, Any], *, stdout: int, beside: int | None = None) -> "_Pair":
        """Start a pair in a box of its own, or in the container of which process `beside` is one."""
        ours, theirs = socket.socketpair()
        stream, connection = await asyncio.open_connection(sock=ours)
        numbers = [theirs.fileno(), os.getpid(), *([] if beside is None else [beside])]
        try:
            # The command goes by a file in memory: secrets must not be seen in an argument list.
            with theirs, os.fdopen(os.memfd_create("launch"), "wb") as spec:
                spec.write(json.dumps(given).encode())
                spec.seek(0)
                keeper = await asyncio.create_subprocess_exec(
                    *_LAUNCHER,
                    *map(str, numbers),
                    stdin=spec.fileno(),
                    stdout=stdout,
                    stderr=asyncio.subprocess.STDOUT,
                    pass_fds=(theirs.fileno(),),
                    start_new_session=True,  # Ctrl-C on a terminal is for the sandbox, which then stops its pods
                )
            reading = asyncio.create_task(stream.read())
            try:
                report = await asyncio.shield(reading)
            except asyncio.CancelledError:
                await cls(keeper, (await reading).decode(errors="replace")).kill()  # it takes milliseconds
                raise
        finally:
            connection.close()
        return cls(keeper, report.decode(errors="replace"))

    async def kill(self) -> None:
        """Kill the inner process, and wait for its keeper, who ends when it and all that depend on it have ended.

        The keeper must not be killed: nobody else would clear the inner process away, save the machine's init, which
        takes its time, or never does. While the keeper is there, the number is nobody else's.
        """
        if self.keeper.returncode is None and self.inner:
            with suppress(ProcessLookupError):
                os.kill(self.inner, signal.SIGKILL)
        await self.keeper.wait()
