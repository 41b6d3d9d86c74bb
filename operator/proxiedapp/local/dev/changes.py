"""Notices changed files by comparing their modification times. This needs no library, and works on every system."""

import os
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Final

_SKIPPED: Final = frozenset({"__pycache__", "node_modules", "site-packages", "venv"})
"""Folders without code of the app, apart from those whose name begins with a dot."""
_MAX_FILES: Final = 20_000
"""Files that are compared; the rest of a larger folder is not, since reading it would keep a core busy."""


def snapshot(folders: Iterable[Path], files: Iterable[Path]) -> Mapping[str, int]:
    """Return the modification times, in nanoseconds, of these files and of all Python and .env files below folders."""
    found: dict[str, int] = {}
    for folder in dict.fromkeys(folders):
        for path, modified in _below(str(folder)):
            found[path] = modified
            if len(found) >= _MAX_FILES:
                break
    for file in files:
        try:
            found[str(file)] = file.stat().st_mtime_ns
        except OSError:
            continue
    return found


def changed(before: Mapping[str, int], after: Mapping[str, int]) -> list[str]:
    """Return the files that were changed, created or deleted between two snapshots."""
    return sorted(path for path in before.keys() | after.keys() if before.get(path) != after.get(path))


def extended(before: Mapping[str, int], now: Mapping[str, int]) -> Mapping[str, int]:
    """Return a snapshot with the files that only a later one has; a change of the others is still to be noticed."""
    return {**now, **before}


def _below(folder: str) -> Iterator[tuple[str, int]]:
    try:
        entries = list(os.scandir(folder))
    except OSError:
        return
    for entry in entries:
        try:
            if entry.is_dir(follow_symlinks=False):
                if not entry.name.startswith(".") and entry.name not in _SKIPPED:
                    yield from _below(entry.path)
            elif entry.name.endswith(".py") or entry.name == ".env":
                yield entry.path, entry.stat().st_mtime_ns
        except OSError:
            continue  # deleted in the meantime
