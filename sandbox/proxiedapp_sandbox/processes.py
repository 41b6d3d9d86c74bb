"""Processes that never outlive their parent, and that are stopped by PID and start time, not by name."""

import asyncio
import os
import signal
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Final, NamedTuple

DIE_WITH_PARENT: Final = ("setpriv", "--pdeathsig", "KILL", "--")
"""Prefix of a command: the kernel kills the command when the process that started it ends, even by SIGKILL."""


class ProcessId(NamedTuple):
    """A process: its PID and its start time in clock ticks, because PIDs are reused."""

    pid: int
    started: int

    @property
    def alive(self) -> bool:
        """Whether this process is still running."""
        return identity(self.pid) == self


def identity(pid: int) -> ProcessId | None:
    """Return the process that has this PID now; None if there is none, or if it is a zombie."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return None
    state, *fields = stat.rpartition(")")[2].split()  # the program's name before it may contain spaces and parentheses
    return None if state in {"Z", "X"} else ProcessId(pid, int(fields[18]))


def stop(process: ProcessId, grace: float) -> None:
    """Stop a process that need not be a child: send SIGTERM, wait `grace` seconds, send SIGKILL."""
    for signal_number, patience in ((signal.SIGTERM, grace), (signal.SIGKILL, 10.0)):
        if not process.alive:
            return
        try:
            os.kill(process.pid, signal_number)
        except ProcessLookupError:
            return
        deadline = time.monotonic() + patience
        while time.monotonic() < deadline and identity(process.pid) == process:
            time.sleep(0.02)


class ChildProcess:
    """A child process with all its output in one log file."""

    def __init__(self, process: asyncio.subprocess.Process, log: Path) -> None:
        self._process = process
        self.log = log
        # If the child has ended already, an impossible start time tells it apart from the next process with its PID.
        self.identity = identity(process.pid) or ProcessId(process.pid, -1)

    @classmethod
    async def start(
        cls, argv: Sequence[str | Path], *, log: Path, env: Mapping[str, str] | None = None, cwd: Path | None = None
    ) -> "ChildProcess":
        """Start a program and append its output to `log`."""
        with log.open("ab") as output:
            process = await asyncio.create_subprocess_exec(
                *DIE_WITH_PARENT,
                *map(str, argv),
                stdin=asyncio.subprocess.DEVNULL,
                stdout=output,
                stderr=asyncio.subprocess.STDOUT,
                env=env,
                cwd=cwd,
                start_new_session=True,  # Ctrl-C reaches the parent only, which stops its children in order
            )
        return cls(process, log)

    async def wait(self) -> int:
        """Wait until it ends; return the exit status, which is negative for a signal."""
        return await self._process.wait()

    @property
    def ended(self) -> bool:
        """Whether the program has ended."""
        return self._process.returncode is not None

    async def stop(self, grace: float) -> None:
        """Send SIGTERM, wait `grace` seconds, and kill all that is left of its process group.

        A server may leave a worker behind: granian 2.8.7 did so when it was stopped while a second worker was starting.
        """
        if self.ended:
            return
        self._process.terminate()
        with suppress(TimeoutError):
            await asyncio.wait_for(self._process.wait(), grace)
        with suppress(ProcessLookupError):  # nothing is left
            os.killpg(self._process.pid, signal.SIGKILL)
        await self._process.wait()

    def last_log_line(self) -> str:
        """Return the last line of its log, and the path of the log."""
        lines = self.log.read_text(errors="replace").splitlines() or [""]
        return f"{lines[-1]} ({self.log})"
