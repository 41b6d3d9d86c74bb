"""For users who are not root: the same sandbox inside a user namespace, in which they are.

The namespace has a network of its own, so nothing outside could reach the sandbox's ports on loopback. Sockets belong
to the network in which they were opened, though: so they are opened first, outside, handed in, and what they accept is
passed on to the same port inside.
"""

import asyncio
import json
import os
import shutil
import socket
import subprocess
import sys
from dataclasses import dataclass
from typing import Final, NoReturn

from proxiedapp_sandbox.errors import SandboxError
from proxiedapp_sandbox.forward import forward_connection

_INHERITED: Final = "PROXIEDAPP_SANDBOX_SOCKETS"
_FORCED: Final = "PROXIEDAPP_SANDBOX_ROOTLESS"
"""Lets root take this way too, as the tests do."""


@dataclass(frozen=True, slots=True)
class Ports:
    """The ports of loopback at which the sandbox is reached, but for those of the proxy."""

    api_server: int
    traefik_api: int
    operator_health: int


def needed() -> bool:
    """Whether this process must enter a user namespace first."""
    return _INHERITED not in os.environ and (os.geteuid() != 0 or bool(os.environ.get(_FORCED)))


def enter(ports: Ports, *proxy_ports: int) -> NoReturn:
    """Start this very command again inside a user namespace; raises SandboxError where the kernel does not allow it."""
    unshare = shutil.which("unshare")
    if unshare is None:
        raise SandboxError("the program `unshare` is missing: install the package util-linux, or become root")
    namespaces = ["--user", "--map-root-user", "--net", "--mount"]
    probe = subprocess.run([unshare, *namespaces, "true"], capture_output=True, text=True, check=False)
    if probe.returncode:
        said = probe.stderr.strip().splitlines() or ["no reason given"]
        raise SandboxError(
            f"this machine does not let you make a user namespace ({said[-1]}): "
            "become root, or ask its administrator to allow them"
        )
    listeners = {}
    for port in (ports.api_server, ports.traefik_api, ports.operator_health, *proxy_ports):
        listener = socket.create_server(("127.0.0.1", port))
        listeners[port] = listener.detach()
        os.set_inheritable(listeners[port], True)
    handed_in = {"ports": [ports.api_server, ports.traefik_api, ports.operator_health], "listeners": listeners}
    env = os.environ | {_INHERITED: json.dumps(handed_in)}
    inside = [sys.executable, "-m", "proxiedapp_sandbox.rootless", *sys.orig_argv]
    os.execve(unshare, [unshare, *namespaces, "--propagation", "private", *inside], env)


def given_ports() -> Ports | None:
    """Return the ports that were opened outside; None if this process did not come by `enter`."""
    handed_in = os.environ.get(_INHERITED)
    return Ports(*json.loads(handed_in)["ports"]) if handed_in else None


async def forward_ports() -> None:
    """Pass what arrives at the handed-in sockets on to the same ports inside, until cancelled."""
    handed_in = json.loads(os.environ[_INHERITED])
    servers = []
    for port, descriptor in handed_in["listeners"].items():

        async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, port: int = int(port)) -> None:
            await forward_connection(reader, writer, port)

        servers.append(await asyncio.start_server(connected, sock=socket.socket(fileno=descriptor)))
    try:
        await asyncio.Event().wait()
    finally:
        for server in servers:
            server.close()


def main() -> NoReturn:
    """Furnish the namespace, and go on with the command that was given."""
    for command in (["ip", "link", "set", "lo", "up"], ["mount", "-t", "tmpfs", "tmpfs", "/run"]):
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            sys.exit(f"proxiedapp: `{' '.join(command)}` failed in the user namespace: {done.stderr.strip()}")
    os.execv(sys.argv[1], sys.argv[1:])


if __name__ == "__main__":
    main()
