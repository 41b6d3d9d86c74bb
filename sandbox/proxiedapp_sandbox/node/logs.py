"""The logs of containers: one file for each, with the output of all its runs."""

import asyncio
import os
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Final

_BLOCK: Final = 64 * 1024
_POLL_INTERVAL: Final = 0.2
"""Seconds between two reads of a log that is followed."""


def log_file(folder: Path, namespace: str, pod: str, container: str) -> Path:
    """Return the path of a container's log."""
    return folder / f"{namespace}_{pod}_{container}.log"


def offset_of_tail(path: Path, lines: int) -> int:
    """Return the offset at which the last `lines` lines begin; only the end of the file is read."""
    with path.open("rb") as log:
        end = position = log.seek(0, os.SEEK_END)
        if lines <= 0:
            return end
        wanted = lines + 1  # the newline before the first of the lines
        while position > 0:
            start = max(0, position - _BLOCK)
            log.seek(start)
            block = log.read(position - start)
            if position == end and not block.endswith(b"\n"):
                wanted -= 1
            found = len(block)
            while wanted > 0 and (found := block.rfind(b"\n", 0, found)) >= 0:
                wanted -= 1
            if wanted == 0:
                return start + found + 1
            position = start
        return 0


def tail(path: Path, lines: int, since: int = 0) -> str:
    """Return the last `lines` lines written after the offset `since`; an empty text if there is no log."""
    try:
        start = max(since, offset_of_tail(path, lines))
        with path.open("rb") as log:
            log.seek(start)
            return log.read(_BLOCK).decode(errors="replace").rstrip("\n")
    except FileNotFoundError:
        return ""


async def read(path: Path, start: int, more: Callable[[], bool]) -> AsyncIterator[bytes]:
    """Yield the log from the offset `start` on, and continue as long as `more` returns true."""
    position = start
    while True:
        growing = more()  # called before the file is read, so that the last lines of a container are not lost
        try:
            with path.open("rb") as log:
                log.seek(position)
                while block := log.read(_BLOCK):
                    position += len(block)
                    yield block
        except FileNotFoundError:
            pass
        if not growing:
            return
        await asyncio.sleep(_POLL_INTERVAL)
