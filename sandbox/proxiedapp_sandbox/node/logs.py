"""The containers' logs: one file for each, with the lines of all its runs as they were written."""

import asyncio
import os
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Final

_BLOCK: Final = 64 * 1024
_LOOK: Final = 0.2
"""Seconds between two looks for new lines."""


def log_file(folder: Path, namespace: str, pod: str, container: str) -> Path:
    """Return the file of one container's log."""
    return folder / f"{namespace}_{pod}_{container}.log"


def offset_of_tail(path: Path, lines: int) -> int:
    """Return where the last lines begin; reads no more of the file than these."""
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
    """Return the last lines of what was written from `since` on; nothing if there is no log."""
    try:
        start = max(since, offset_of_tail(path, lines))
        with path.open("rb") as log:
            log.seek(start)
            return log.read(_BLOCK).decode(errors="replace").rstrip("\n")
    except FileNotFoundError:
        return ""


async def read(path: Path, start: int, more: Callable[[], bool]) -> AsyncIterator[bytes]:
    """Yield the log from `start` on, and go on while `more` says that it may grow."""
    position = start
    while True:
        growing = more()  # asked before the file is read: what a container wrote last must not be lost
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
        await asyncio.sleep(_LOOK)
