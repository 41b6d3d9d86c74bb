"""Processes that never outlive us, and that are only ever stopped by who they are, not by their name."""

import asyncio
import os
import signal
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final, NamedTuple

DIE_WITH_PARENT: Final = ("setpriv", "--pdeathsig", "KILL", "--")
"""In front of a command: the kernel kills it once the process that started it is gone, however that came about."""


class ProcessId(NamedTuple):
    """A process: its number, and when it started, since numbers are used again."""

    pid: int
    started: int

    @property
    def alive(self) -> bool:
        """Whether this very process still runs."""
        return identity(self.pid) == self


def identity(pid: int) -> ProcessId | None:
    """Return who has this number now; None for nobody, or a zombie."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return None
    state, *fields = stat.rpartition(")")[2].split()  # the program's name before it may hold anything
    return None if state in {"Z", "X"} else ProcessId(pid, int(fields[18]))


def stop(process: ProcessId, grace: float) -> None:
    """Stop a process that need not be our child: ask, wait `grace` seconds, insist."""
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
    """A program that we started, with all its output in one log file."""

    def __init__(self, process: asyncio.subprocess.Process, log: Path) -> None:
        self._process = process
        self.log = log
        # A child that is gone already is told apart from its number's next holder by a start time that nobody has.
        self.identity = identity(process.pid) or ProcessId(process.pid, -1)

    @classmethod
    async def start(
        cls, argv: Sequence[str | Path], *, log: Path, env: Mapping[str, str] | None = None, cwd: Path | None = None
    ) -> "ChildProcess":
        """Start a program; raises FileNotFoundError where it does not exist."""
        with log.open("ab") as output:
            process = await asyncio.create_subprocess_exec(
                *DIE_WITH_PARENT,
                *map(str, argv),
                stdin=asyncio.subprocess.DEVNULL,
                stdout=output,
                stderr=asyncio.subprocess.STDOUT,
                env=env,
                cwd=cwd,
                start_new_session=True,  # Ctrl-C reaches us alone, and we stop them in order
            )
        return cls(process, log)

    async def wait(self) -> int:
        """Wait for the end; returns the exit status, negative for a signal."""
        return await self._process.wait()

    @property
    def ended(self) -> bool:
        """Whether the program has ended."""
        return self._process.returncode is not None

    async def stop(self, grace: float) -> None:
        """Ask it to end, wait `grace` seconds, insist."""
        if self.ended:
            return
        self._process.terminate()
        try:
            await asyncio.wait_for(self._process.wait(), grace)
        except TimeoutError:
            self._process.kill()
            await self._process.wait()

    def last_log_line(self) -> str:
        """Return the last line of its log, and where the log is."""
        lines = self.log.read_text(errors="replace").splitlines() or [""]
        return f"{lines[-1]} ({self.log})"
