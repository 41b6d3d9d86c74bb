"""What `proxiedapp dev` prints when no one reads it."""

import os
import signal
import sys
from contextlib import suppress

import pytest

from proxiedapp.cli import dev


def test_output_that_no_one_reads_is_dropped_while_the_run_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    reader, writer = os.pipe()
    os.set_blocking(writer, False)
    with suppress(BlockingIOError):
        while True:
            os.write(writer, bytes(4096))
    os.set_blocking(writer, True)
    with open(writer, "w") as full:  # noqa: PTH123 - a descriptor has no path
        monkeypatch.setattr(sys, "stdout", full)
        try:
            dev.unblock()
            assert signal.getitimer(signal.ITIMER_REAL)[0] > 0, "what is printed later may wait, too"
        finally:
            signal.setitimer(signal.ITIMER_REAL, 0)
        dev.write("x" * 100_000)
    os.close(reader)


def test_output_that_is_read_is_not_dropped(capfd: pytest.CaptureFixture[str]) -> None:
    try:
        dev.unblock()
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
    dev.write("read")
    assert capfd.readouterr().out == "read\n"
