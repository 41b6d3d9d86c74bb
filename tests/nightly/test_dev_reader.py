"""`proxiedapp dev` ends although no one reads what it prints."""

import fcntl
import shutil
import signal
import sys
import termios
from pathlib import Path
from typing import IO

from tests.support.dev import running
from tests.support.sandbox import eventually

APPS = Path(__file__).parents[1] / "e2e" / "dev_apps"


def test_reader_that_stops_reading_does_not_keep_the_tool_from_ending(tmp_path: Path) -> None:
    """Its write was repeated after each signal, so that only SIGKILL ended the run."""
    folder = tmp_path / "app"
    shutil.copytree(APPS, folder, ignore=shutil.ignore_patterns("__pycache__"))
    main = folder / "main.py"
    main.write_text("for _ in range(100_000):\n    print('x' * 100)\n" + main.read_text())
    with running(tmp_path / "run", "main:app", folder=folder) as dev:
        eventually(lambda: _unread(dev.process.stdout) > 60_000, "the pipe is full")
        dev.process.send_signal(signal.SIGTERM)
        eventually(lambda: dev.process.poll() is not None, "the tool has ended")
        assert dev.process.returncode == 0
        dev.wait_until_nothing_is_left()


def _unread(pipe: IO[str] | None) -> int:
    """Return how many bytes wait in a pipe."""
    assert pipe is not None
    return int.from_bytes(fcntl.ioctl(pipe, termios.FIONREAD, bytes(4)), sys.byteorder)
