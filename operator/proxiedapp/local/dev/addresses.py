"""Addresses and ports of this machine that are free."""

import secrets
import socket
from collections.abc import Callable
from dataclasses import dataclass
from errno import EADDRINUSE
from typing import Final

from proxiedapp.local.errors import LocalError, reason_of

SHARED = "127.0.0.1"
"""The loopback address that every machine has, and that servers trust by default."""
_TRIES: Final = 100
"""Free ports that are tried before a run gives up; one that another run has claimed is met rarely."""


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
    """Return whether a server could listen there now; port 0 asks for the address alone."""
    return why_not(address, port) is None


def why_not(address: str, port: int) -> Exception | None:
    """Return why no server could listen there now; None if one could."""
    with socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((address, port))
        except (OSError, UnicodeError) as error:  # UnicodeError: a name that IDNA cannot encode
            return error
    return None


def require_free(field: str, address: str, port: int) -> None:
    """Raise LocalError if a server could not listen on a port, which the user wrote in this field or flag."""
    error = why_not(address, port)
    if isinstance(error, PermissionError):  # below 1024, or below net.ipv4.ip_unprivileged_port_start
        raise LocalError(f"{field} {port}: only root may use this port of {address}. Choose a higher one, such as 8080")
    if isinstance(error, OSError) and error.errno != EADDRINUSE:
        problem = f"no program can listen on {address}: {reason_of(error)}"
        raise LocalError(f"{field} {port}: {problem}. Use an address of this machine, such as 127.0.0.1")
    if error is not None:
        raise LocalError(
            f"{field} {port}: another program uses this port of {address}. Stop it, or choose another port"
        )


def choose_port(host: str, port: int | None, usual: int, claim: Callable[[str, int], bool]) -> int:
    """Return the port on which the proxy listens: `port`, else the usual one if it is free, else any that is.

    `claim` returns whether no other run has chosen the same. Raises LocalError if the machine has no such address, or
    the port is not free.
    """
    if not is_free(host, 0):
        raise LocalError(
            f"--host {host}: this machine has no such address. Write one of its own, such as 127.0.0.1, or 0.0.0.0 for "
            "all"
        )
    if port is not None:
        require_free("--port", host, port)
        if not claim(host, port):
            raise LocalError(
                f"--port {port}: another run of proxiedapp dev uses this port of {host}. Choose another port"
            )
        return port
    tried = usual
    for _ in range(_TRIES):
        if is_free(host, tried) and claim(host, tried):
            return tried
        tried = free_port(host)
    raise LocalError(f"no free port of {host} was found in {_TRIES} tries. Choose one with --port")


def free_port(address: str) -> int:
    """Return a port on which no server listens; another program may take it before it is used."""
    with socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET) as probe:
        probe.bind((address, 0))
        port: int = probe.getsockname()[1]
        return port
