"""The kubectl on PATH, which is used instead of a built one if its version fits the API server's."""

import json
import shutil
import subprocess
from pathlib import Path
from typing import Final

_SKEW: Final = 1
"""Minor versions between kubectl and the API server that are supported (kubernetes.io/releases/version-skew-policy)."""


def kubectl_on_path(version: str) -> Path | None:
    """Return the kubectl on PATH if it fits an API server of this version, such as v1.36.3."""
    found = shutil.which("kubectl")
    if not found:
        return None
    command = [found, "version", "--client", "--output=json"]
    try:
        done = subprocess.run(command, check=True, capture_output=True, text=True, timeout=30)
        client = str(json.loads(done.stdout)["clientVersion"]["gitVersion"])
        return Path(found) if fits(client, version) else None
    except (OSError, subprocess.SubprocessError, ValueError, KeyError, TypeError):
        return None  # a wrapper, or a program of another name: one is built


def fits(client: str, server: str) -> bool:
    """Return whether kubectl supports an API server; raises ValueError if a version is not one."""
    (major, minor), (server_major, server_minor) = _minor(client), _minor(server)
    return major == server_major and abs(minor - server_minor) <= _SKEW


def _minor(version: str) -> tuple[int, int]:
    major, minor, *_ = version.removeprefix("v").split(".")
    return int(major), int(minor)
