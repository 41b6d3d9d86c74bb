"""The text of a file, which may be of any kind and size: a device, a pipe, a folder, or another program's output."""

import sys
from pathlib import Path
from typing import Final

from proxiedapp.local.errors import LocalError

MAX_FILE_BYTES: Final = 16 * 1024 * 1024
"""Bytes of one file; beyond it, the file is not read. etcd accepts objects of up to 1.5 MiB."""


def name_of(file: Path) -> str:
    """Return how messages name a file; `-` is standard input."""
    return "standard input" if str(file) == "-" else str(file)


def read_text(file: Path) -> str:
    """Return the text of a file, or of standard input for `-`; raises LocalError if it cannot be read."""
    try:
        if str(file) == "-":
            content = sys.stdin.buffer.read(MAX_FILE_BYTES + 1)
        else:
            with file.open("rb") as opened:  # nothing reports the size of a device or a pipe
                content = opened.read(MAX_FILE_BYTES + 1)
        text = content.decode("utf-8-sig")
    except OSError as error:
        raise LocalError(f"{name_of(file)}: cannot read it: {(error.strerror or str(error)).lower()}") from error
    except UnicodeDecodeError as error:
        raise LocalError(f"{name_of(file)}: it is not text in UTF-8. Leave it out, or convert it") from error
    if len(content) > MAX_FILE_BYTES:
        limit = MAX_FILE_BYTES // 1024**2
        raise LocalError(f"{name_of(file)}: it is larger than {limit} MiB. Leave it out, or split it")
    return text.replace("\r\n", "\n").replace("\r", "\n")
