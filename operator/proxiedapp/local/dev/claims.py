"""Claims of runs on ports, so that two runs which start at once choose different ones.

A run chooses the port of its proxy before it starts the proxy, which listens on it up to a second later. Until then,
another run finds the port free; and two Caddys even listen on one port together, because Caddy sets SO_REUSEPORT, so
each would get requests of the other. A claim is a lock on a part of one file in the user's cache folder: the kernel
removes it with the process, however it ends. Other programs and other users do not see it.
"""

import fcntl
import os
from errno import EACCES, EAGAIN
from typing import Final
from zlib import crc32

from proxiedapp.local.dev.cachefolder import cache_folder

_FILE: Final = "dev-ports"
_PORTS: Final = 65536


class Claims:
    """What this process has claimed. Locks of POSIX belong to a process: a second object gets the same ones."""

    def __init__(self) -> None:
        """Open the file of claims; without a folder that can be written to, every claim succeeds."""
        try:
            cache_folder().mkdir(parents=True, exist_ok=True)
            self._file: int | None = os.open(cache_folder() / _FILE, os.O_RDWR | os.O_CREAT, 0o600)
        except OSError:
            self._file = None

    def add(self, host: str, port: int) -> bool:
        """Claim a port of an address; return False if another process has claimed it."""
        if self._file is None:
            return True
        try:
            fcntl.lockf(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB, 1, crc32(host.encode()) * _PORTS + port)
        except OSError as error:
            return error.errno not in {EACCES, EAGAIN}  # POSIX allows either; any other: a file system without locks
        return True

    def close(self) -> None:
        """Give up all claims."""
        if self._file is not None:
            os.close(self._file)
            self._file = None
