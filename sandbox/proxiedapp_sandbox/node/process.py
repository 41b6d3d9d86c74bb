"""The processes of one container: start it, wait for its end, signal it, and run further commands in it."""

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

from proxiedapp_sandbox.node import shim as shim_package
from proxiedapp_sandbox.node.containerconfig import ContainerConfig
from proxiedapp_sandbox.node.errors import StartError
from proxiedapp_sandbox.node.shim.spec import ProcessSpec

_SHIM: Final = (sys.executable, "-I", "-S", str(Path(shim_package.__file__).with_name("__main__.py")))
"""Isolated and without site-packages, it starts in half the time."""
_OUTPUT_MAX: Final = 10 * 1024
"""Bytes of a command's output that are kept."""
_CANNOT_EXECUTE: Final = 126
"""Exit code of a command that could not be executed, as in shells (POSIX.1-2024, Shell Command Language, 2.8.2)."""


class ExecResult(NamedTuple):
    """The exit code and the output of a command that ended."""

    code: int
    output: str


class ShimReport(NamedTuple):
    """The PID of a shim's inner process, and the reason why the command could not start, if there is one."""

    pid: int | None
    problem: str | None

    @classmethod
    def parse(cls, text: bytes) -> "ShimReport":
        """Parse the lines that `shim.keeper.main` describes, in any order."""
        facts: dict[str, Any] = {}
        for line in text.splitlines():
            facts |= json.loads(line)
        if not facts:
            return cls(None, "the shim ended before the command could start")
        return cls(facts.get("pid"), facts.get("problem"))


class Process:
    """A container that runs or has ended; `start` makes one."""

    def __init__(self, shim: "_Shim", spec: ProcessSpec) -> None:
        self._shim = shim
        self._spec = spec

    @classmethod
    async def start(cls, config: ContainerConfig, log: Path) -> "Process":
        """Start a container and append its output to `log`; raises StartError."""
        with log.open("ab") as output:
            given = {"process": asdict(config.process), "isolation": asdict(config.isolation)}
            shim = await _Shim.start(given, stdout=output.fileno())
        if shim.problem:
            await shim.kill()
            raise StartError(shim.problem)
        return cls(shim, config.process)

    async def wait(self) -> int:
        """Wait until it ends; return the exit code, which is 128 plus the signal's number after a signal."""
        code = await self._shim.keeper.wait()
        return code if code >= 0 else 128 - code

    def terminate(self) -> None:
        """Send SIGTERM to the container's first process."""
        with suppress(ProcessLookupError):
            self._shim.keeper.terminate()  # the keeper passes it on

    async def kill(self) -> None:
        """Kill all processes of the container; when this returns, none is left."""
        await self._shim.kill()

    async def execute(self, argv: list[str]) -> ExecResult:
        """Run a command in the container; if this is cancelled, the command is killed."""
        spec = ProcessSpec(argv, self._spec.env, self._spec.workdir)
        shim = await _Shim.start({"process": asdict(spec)}, stdout=asyncio.subprocess.PIPE, inside=self._shim.inner)
        try:
            output, _ = await shim.keeper.communicate()
        finally:
            await shim.kill()
        if shim.problem:
            return ExecResult(_CANNOT_EXECUTE, shim.problem)
        return ExecResult(shim.keeper.returncode or 0, output[:_OUTPUT_MAX].decode(errors="replace").strip())


class _Shim:
    """A keeper and its inner process (the package `shim`)."""

    def __init__(self, keeper: asyncio.subprocess.Process, report: ShimReport) -> None:
        self.keeper = keeper
        self.inner = report.pid
        self.problem = report.problem

    @classmethod
    async def start(cls, given: dict[str, Any], *, stdout: int, inside: int | None = None) -> "_Shim":
        """Start a shim for a new container, or for the running container that process `inside` belongs to."""
        ours, theirs = socket.socketpair()
        stream, connection = await asyncio.open_connection(sock=ours)
        numbers = [theirs.fileno(), os.getpid(), *([] if inside is None else [inside])]
        try:
            # Passed in a file in memory: every user can read argument lists, and the environment may contain secrets.
            with theirs, os.fdopen(os.memfd_create("shim"), "wb") as spec:
                spec.write(json.dumps(given).encode())
                spec.seek(0)
                keeper = await asyncio.create_subprocess_exec(
                    *_SHIM,
                    *map(str, numbers),
                    stdin=spec.fileno(),
                    stdout=stdout,
                    stderr=asyncio.subprocess.STDOUT,
                    pass_fds=(theirs.fileno(),),
                    start_new_session=True,  # Ctrl-C on a terminal reaches the sandbox only, which then stops its pods
                )
            reading = asyncio.create_task(stream.read())
            try:
                report = await asyncio.shield(reading)
            except asyncio.CancelledError:
                await cls(keeper, ShimReport.parse(await reading)).kill()  # the report takes milliseconds
                raise
        finally:
            connection.close()
        return cls(keeper, ShimReport.parse(report))

    async def kill(self) -> None:
        """Kill the inner process and wait for its keeper, which ends after the inner process and all its children.

        The keeper itself must not be killed: it is the only process that reaps the inner one, apart from the host's
        init, which may do so late or, in some containers, never. As long as the keeper runs, the PID is not reused.
        """
        if self.keeper.returncode is None and self.inner:
            with suppress(ProcessLookupError):
                os.kill(self.inner, signal.SIGKILL)
        await self.keeper.wait()
