"""`proxiedapp dev` as a process of its own, with its events, and what it has left behind when it has ended."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx

from tests.support.sandbox import eventually

Event = dict[str, Any]
PROGRAM = Path(sys.executable).with_name("proxiedapp")
NO_LIMIT = httpx.Timeout(None)


@dataclass
class Dev:
    """A run; its temporary files are below a folder of its own."""

    process: subprocess.Popen[str]
    temporary: Path
    events: list[Event] = field(default_factory=list)

    def wait_for(self, name: str, matches: Callable[[Event], bool] = lambda _: True) -> Event:
        """Return the next event of this name that matches; fails if the run ends before."""
        assert self.process.stdout is not None
        for line in self.process.stdout:
            event: Event = json.loads(line)
            self.events.append(event)
            if event["event"] == name and matches(event):
                return event
        raise AssertionError(f"the run ended without {name}: {self.events} {self.errors()}")

    def errors(self) -> str:
        """Return what the run printed on standard error; waits until it has ended."""
        assert self.process.stderr is not None
        return self.process.stderr.read()

    def stop(self, number: signal.Signals = signal.SIGINT) -> int:
        """Send a signal, and return the exit status."""
        self.process.send_signal(number)
        assert self.process.stdout is not None
        for line in self.process.stdout:  # else the pipe could fill up
            self.events.append(json.loads(line))
        return self.process.wait()

    def processes(self) -> list[str]:
        """Return the command lines of all processes of the run, the watchdog's too."""
        return list(_with_text(str(self.temporary)))

    def files(self) -> list[str]:
        """Return the names of the temporary files."""
        return sorted(path.name for path in self.temporary.iterdir())

    def wait_until_nothing_is_left(self) -> None:
        """Return when no process and no file is left; the watchdog needs a moment after the tool was killed."""
        eventually(lambda: not self.processes() and not self.files(), "nothing is left")


def _with_text(text: str) -> Iterator[str]:
    """Yield the command lines of processes that have a text in their environment, command line or working directory.

    nginx writes its title over its command line and environment.
    """
    for folder in Path("/proc").iterdir():
        if folder.name.isdecimal():
            try:
                command = (folder / "cmdline").read_bytes()
                if text.encode() in command + (folder / "environ").read_bytes() + bytes((folder / "cwd").readlink()):
                    yield command.replace(b"\0", b" ").decode(errors="replace")
            except OSError:
                continue


@contextmanager
def running(temporary: Path, *arguments: str, folder: Path) -> Iterator[Dev]:
    """Run `proxiedapp dev --json` in a folder; kills it at the end if it still runs."""
    temporary.mkdir(exist_ok=True)
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    environment |= {"TMPDIR": str(temporary), "XDG_CACHE_HOME": str(temporary.parent / "cache")}
    with subprocess.Popen(
        [PROGRAM, "dev", "--json", *arguments],
        cwd=folder,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        run = Dev(process, temporary)
        try:
            yield run
        finally:
            if process.poll() is None:
                process.kill()


def rewrite(file: Path, text: str) -> None:
    """Replace a file at once: a program that watches it must not read the moment in which it is empty."""
    partial = file.with_suffix(".partial")
    partial.write_text(text)
    partial.replace(file)


def get(url: str, **headers: str) -> httpx.Response:
    """Return the response to a GET request; redirects are not followed."""
    names = {name.replace("_", "-"): value for name, value in headers.items()}
    with httpx.Client(verify=False, trust_env=False, timeout=NO_LIMIT) as client:
        return client.get(url, headers=names)
