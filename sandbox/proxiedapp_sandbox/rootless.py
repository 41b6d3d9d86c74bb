"""The sandbox for users who are not root: it runs as root of a user namespace.

The user namespace has a network namespace of its own, so its loopback cannot be reached from outside. A socket belongs
to the network namespace in which it was opened (`network_namespaces(7)`). So the sockets are opened before the
namespace is entered, inherited, and their connections forwarded to the same ports inside.
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
"""Set to make root use a user namespace as well, as the tests do."""


@dataclass(frozen=True, slots=True)
class Ports:
    """The ports of the sandbox on loopback, except those of the proxy."""

    api_server: int
    traefik_api: int
    operator_health: int


def needed() -> bool:
    """Whether this process must enter a user namespace first."""
    return _INHERITED not in os.environ and (os.geteuid() != 0 or bool(os.environ.get(_FORCED)))


def enter(ports: Ports, *proxy_ports: int) -> NoReturn:
    """Replace this process by the same command in a user namespace; raises SandboxError if the kernel refuses one."""
    unshare = shutil.which("unshare")
    if unshare is None:
        raise SandboxError("the program `unshare` is not installed: install the package util-linux, or run as root")
    namespaces = ["--user", "--map-root-user", "--net", "--mount"]
    probe = subprocess.run([unshare, *namespaces, "true"], capture_output=True, text=True, check=False)
    if probe.returncode:
        reason = probe.stderr.strip().splitlines() or ["no reason given"]
        raise SandboxError(
            f"this machine does not allow unprivileged user namespaces ({reason[-1]}): "
            "run as root, or ask the administrator to allow them"
        )
    listeners = {}
    for port in (ports.api_server, ports.traefik_api, ports.operator_health, *proxy_ports):
        listener = socket.create_server(("127.0.0.1", port))
        listeners[port] = listener.detach()
        os.set_inheritable(listeners[port], True)
    inherited = {"ports": [ports.api_server, ports.traefik_api, ports.operator_health], "listeners": listeners}
    env = os.environ | {_INHERITED: json.dumps(inherited)}
    inside = [sys.executable, "-m", "proxiedapp_sandbox.rootless", *sys.orig_argv]
    os.execve(unshare, [unshare, *namespaces, "--propagation", "private", *inside], env)


def inherited_ports() -> Ports | None:
    """Return the ports that `enter` opened outside; None if this process was not started by it."""
    inherited = os.environ.get(_INHERITED)
    return Ports(*json.loads(inherited)["ports"]) if inherited else None


async def forward_ports() -> None:
    """Forward connections from the inherited sockets to the same ports inside, until cancelled."""
    inherited = json.loads(os.environ[_INHERITED])
    servers = []
    for port, descriptor in inherited["listeners"].items():

        async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, port: int = int(port)) -> None:
            await forward_connection(reader, writer, port)

        servers.append(await asyncio.start_server(connected, sock=socket.socket(fileno=descriptor)))
    try:
        await asyncio.Event().wait()
    finally:
        for server in servers:
            server.close()


def main() -> NoReturn:
    """Set up the namespace, and execute the command in the arguments."""
    for command in (["ip", "link", "set", "lo", "up"], ["mount", "-t", "tmpfs", "tmpfs", "/run"]):
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            sys.exit(f"proxiedapp: `{' '.join(command)}` failed in the user namespace: {done.stderr.strip()}")
    os.execv(sys.argv[1], sys.argv[1:])


if __name__ == "__main__":
    main()
