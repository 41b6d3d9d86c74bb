"""Processes that do not outlive the tool, however it ends.

A watchdog, which is a small shell script, reads the process groups of all processes from a pipe. The pipe ends with the
tool, also if it is killed; then the watchdog kills the groups that are left, and removes the tool's folder. Each
process registers itself before it becomes the program that it should run, so there is no moment in which it could be
forgotten. This needs a POSIX shell only: neither /proc nor a parent-death signal, which macOS does not have.
"""

import asyncio
import os
import signal
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Final, Self

_WATCHDOG: Final = """
trap '' INT TERM HUP
groups=
while read -r verb group; do
  case $verb in
    +) groups="$groups $group" ;;
    -) left=; for each in $groups; do [ "$each" = "$group" ] || left="$left $each"; done; groups=$left ;;
  esac
done
for each in $groups; do kill -s KILL -- "-$each" 2>/dev/null; done
rm -rf -- "$1" 2>/dev/null || rm -rf -- "$1"
"""
_REGISTER: Final = 'echo "+ $$" >&0; exec "$@" </dev/null'
"""Standard input is the watchdog's pipe: dash redirects only descriptors of one digit, so the pipe needs a low one."""
_LINE_MAX: Final = 64 * 1024
"""Bytes of one line of output that are passed on; the rest of the line is left out."""


class Watchdog:
    """Kills what is left when the tool has ended, and removes its folder."""

    def __init__(self, process: asyncio.subprocess.Process, pipe: int) -> None:
        self._process = process
        self.pipe = pipe
        """The writing end of the pipe from which it reads process groups."""

    @classmethod
    async def start(cls, folder: Path) -> Self:
        """Start the watchdog of a folder."""
        reading, writing = os.pipe()
        process = await asyncio.create_subprocess_exec(
            "/bin/sh", "-c", _WATCHDOG, "proxiedapp-watchdog", str(folder), stdin=reading, start_new_session=True
        )
        os.close(reading)
        return cls(process, writing)

    def forget(self, group: int) -> None:
        """Record that no process of a group is left."""
        os.write(self.pipe, f"- {group}\n".encode())

    async def close(self) -> None:
        """Let it kill what is left, and wait until the folder is removed."""
        os.close(self.pipe)
        await self._process.wait()


class Child:
    """A program in a process group of its own, which Ctrl-C on the terminal does not reach."""

    def __init__(self, process: asyncio.subprocess.Process, watchdog: Watchdog, on_line: Callable[[str], None]) -> None:
        self._process = process
        self._watchdog = watchdog
        self._reading = asyncio.create_task(self._read(on_line))

    @classmethod
    async def start(
        cls,
        command: Sequence[str],
        watchdog: Watchdog,
        *,
        folder: Path,
        variables: Mapping[str, str],
        on_line: Callable[[str], None],
    ) -> Self:
        """Start a program in a folder; `on_line` gets each line that it prints."""
        process = await asyncio.create_subprocess_exec(
            *("/bin/sh", "-c", _REGISTER, "proxiedapp-start", *command),
            stdin=watchdog.pipe,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
            cwd=folder,
            env=dict(variables),
            start_new_session=True,
            limit=_LINE_MAX,
        )
        return cls(process, watchdog, on_line)

    @property
    def ended(self) -> bool:
        """Whether the program has ended."""
        return self._process.returncode is not None

    async def wait(self) -> int:
        """Wait until the program has ended and all that it printed is read; return its exit status."""
        status = await self._process.wait()
        self._kill_group()  # processes that it started would keep its output open
        await self._reading
        return status

    async def stop(self, grace: float) -> None:
        """Send SIGTERM, wait up to `grace` seconds, and kill all that is left of the group."""
        if not self.ended:
            with suppress(ProcessLookupError):
                self._process.terminate()
            with suppress(TimeoutError):
                await asyncio.wait_for(self._process.wait(), grace)
        self._kill_group()
        await self.wait()
        self._watchdog.forget(self._process.pid)

    def _kill_group(self) -> None:
        with suppress(ProcessLookupError, PermissionError):  # macOS returns the latter for a group of zombies
            os.killpg(self._process.pid, signal.SIGKILL)

    async def _read(self, on_line: Callable[[str], None]) -> None:
        output = self._process.stdout
        is_rest = False  # of a line whose beginning was passed on
        while output is not None:
            try:
                line, is_cut = await output.readuntil(b"\n"), False
            except asyncio.IncompleteReadError as error:
                line, is_cut = error.partial, False
            except asyncio.LimitOverrunError as error:
                line, is_cut = await output.read(error.consumed), True
            if not line:
                return
            if not is_rest:
                on_line(line.decode(errors="replace").rstrip("\r\n"))
            is_rest = is_cut
