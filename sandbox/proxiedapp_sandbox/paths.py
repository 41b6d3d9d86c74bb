"""The folders of the sandbox: the cache of built programs, and the files of the running sandbox."""

import os
from pathlib import Path


def cache_dir() -> Path:
    """Return the cache folder of this user, which PROXIEDAPP_CACHE_DIR overrides."""
    given = os.environ.get("PROXIEDAPP_CACHE_DIR")
    if given:
        return Path(given)
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "proxiedapp"


def sandbox_dir() -> Path:
    """Return the folder of this user's one sandbox, which PROXIEDAPP_SANDBOX_DIR overrides (tests run a second one)."""
    given = os.environ.get("PROXIEDAPP_SANDBOX_DIR")
    return Path(given) if given else cache_dir() / "sandbox"


def manifests_dir() -> Path:
    """Return the folder of the manifests for clusters: the one in the wheel, or else the one of the repository."""
    packed = Path(__file__).parent / "manifests"
    folder = packed if packed.is_dir() else Path(__file__).parents[2] / "manifests"
    return folder / "base"
