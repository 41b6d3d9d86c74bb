"""Where the sandbox keeps things: built programs in the cache, the running sandbox's files in one folder of it."""

import os
from pathlib import Path


def cache_dir() -> Path:
    """Return the cache folder of this user; PROXIEDAPP_CACHE_DIR names another."""
    given = os.environ.get("PROXIEDAPP_CACHE_DIR")
    if given:
        return Path(given)
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "proxiedapp"


def sandbox_dir() -> Path:
    """Return the folder of this user's one sandbox; PROXIEDAPP_SANDBOX_DIR names another, for a second one in tests."""
    given = os.environ.get("PROXIEDAPP_SANDBOX_DIR")
    return Path(given) if given else cache_dir() / "sandbox"


def manifests_dir() -> Path:
    """Return the folder of the manifests that a cluster gets: packed into the wheel, or the repository's own."""
    packed = Path(__file__).parent / "manifests"
    folder = packed if packed.is_dir() else Path(__file__).parents[2] / "manifests"
    return folder / "base"
