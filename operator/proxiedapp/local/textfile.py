"""The text of a file, which may be of any kind and size: a device, a pipe, a folder, or another program's output."""

import sys
from pathlib import Path
from typing import Final

from proxiedapp.local.errors import LocalError, reason_of

MAX_FILE_BYTES: Final = 16 * 1024 * 1024
"""Bytes of one file; beyond it, the file is not read. etcd accepts objects of up to 1.5 MiB."""


class UnreadableError(LocalError):
    """A file has no text that can be read."""

    def __init__(self, name: str, problem: str, fix: str = "") -> None:
        super().__init__(f"{name}: {problem}. {fix}" if fix else f"{name}: {problem}")
        self.problem = problem
        self.fix = fix


def name_of(file: Path) -> str:
    """Return how messages name a file; `-` is standard input."""
    return "standard input" if str(file) == "-" else str(file)


def read_text(file: Path, name: str = "") -> str:
    """Return the text of a file, or of standard input for `-`; raises UnreadableError.

    Messages name the file as `name_of` does, or by `name`.
    """
    name = name or name_of(file)
    try:
        if str(file) == "-":
            content = sys.stdin.buffer.read(MAX_FILE_BYTES + 1)
        else:
            with file.open("rb") as opened:  # nothing reports the size of a device or a pipe
                content = opened.read(MAX_FILE_BYTES + 1)
        text = content.decode("utf-8-sig")
    except OSError as error:
        raise UnreadableError(name, f"cannot read it: {reason_of(error)}") from error
    except UnicodeDecodeError as error:
        raise UnreadableError(name, "it is not text in UTF-8", "Leave it out, or convert it") from error
    if len(content) > MAX_FILE_BYTES:
        raise UnreadableError(name, f"it is larger than {MAX_FILE_BYTES // 1024**2} MiB", "Leave it out, or split it")
    return text.replace("\r\n", "\n").replace("\r", "\n")
