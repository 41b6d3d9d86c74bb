"""The folder for what stays between runs."""

import os
from pathlib import Path


def cache_folder() -> Path:
    """Return the folder below XDG_CACHE_HOME, or else ~/.cache. It may not exist."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "proxiedapp"
