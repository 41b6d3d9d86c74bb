"""Addresses and ports of this machine that are free."""

import secrets
import socket
from dataclasses import dataclass

SHARED = "127.0.0.1"
"""The loopback address that every machine has, and that servers trust by default."""


@dataclass(frozen=True, slots=True)
class Loopback:
    """The addresses of one run: where requests to apps come from, and where the apps listen."""

    proxy: str
    network: str
    """The first three numbers of the apps' addresses; empty if there is only 127.0.0.1."""

    @property
    def tests_trust(self) -> bool:
        """Whether apps must trust the proxy explicitly; on 127.0.0.1 servers trust it by default."""
        return self.proxy != SHARED

    def of_app(self, number: int) -> str:
        """Return the address of the app with a number from 0 on."""
        return f"{self.network}.{number + 2}" if self.network else SHARED


def choose_loopback() -> Loopback:
    """Return addresses below 127.0.0.0/8 that no other run uses; Linux has all of them, macOS only 127.0.0.1."""
    network = f"127.{64 + secrets.randbelow(128)}.{secrets.randbelow(256)}"
    return Loopback(f"{network}.1", network) if is_free(f"{network}.1", 0) else Loopback(SHARED, "")


def is_free(address: str, port: int) -> bool:
    """Return whether a server could listen there now."""
    with socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((address, port))
        except OSError:
            return False
        return True


def free_port(address: str) -> int:
    """Return a port on which no server listens; another program may take it before it is used."""
    with socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET) as probe:
        probe.bind((address, 0))
        port: int = probe.getsockname()[1]
        return port
