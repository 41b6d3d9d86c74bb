"""A bridge for the tests, and whether this machine can create one."""

import os
import secrets
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import Final

import pytest

from proxiedapp_sandbox.node.config import NetworkConfig


@cache
def _can_make_namespaces() -> bool:
    if os.geteuid() != 0 or shutil.which("ip") is None or shutil.which("unshare") is None:
        return False
    return subprocess.run(["unshare", "--mount", "--net", "--pid", "--fork", "true"], check=False).returncode == 0


NEEDS_ROOT: Final = pytest.mark.skipif(
    not _can_make_namespaces(), reason="making namespaces needs root, and the programs ip and unshare"
)


@contextmanager
def a_network() -> Iterator[NetworkConfig]:
    """Make a bridge with a subnet that is kept for documentation, so that nothing real is there.

    Each worker of pytest-xdist has a subnet of its own: of two bridges with one subnet, the host uses the first.
    """
    name = secrets.token_hex(3)
    worker = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))
    gateway = f"198.51.100.{16 * (worker % 16) + 1}"
    network = NetworkConfig(id=name, bridge=f"pa{name}", gateway=gateway, prefix_length=28)
    ip("link", "add", network.bridge, "type", "bridge")
    try:
        ip("addr", "add", f"{network.gateway}/{network.prefix_length}", "dev", network.bridge)
        ip("link", "set", network.bridge, "up")
        yield network
    finally:
        ip("link", "delete", network.bridge)


def ip(*arguments: str) -> str:
    return subprocess.run(["ip", *arguments], check=True, capture_output=True, text=True, timeout=30).stdout


def left_of(network: NetworkConfig) -> list[str]:
    """Return the namespaces and links of pods that are there."""
    words = f"{ip('netns', 'list')} {ip('-brief', 'link', 'show')}".split()
    return [word for word in words if word.startswith((f"pa-{network.id}-", f"pa{network.id}-"))]
