"""The pods' network: for each pod an address, a network namespace, and a veth pair to the bridge."""

import asyncio
import ipaddress
import json
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import Final

from proxiedapp_sandbox.node.config import NetworkConfig
from proxiedapp_sandbox.node.errors import NetworkError

_NAMESPACES: Final = Path("/run/netns")
"""Folder of the namespaces' files (`ip-netns(8)`)."""


@dataclass(frozen=True, slots=True)
class PodNetwork:
    """One pod's part of the network. All names derive from the address, so those of two pods never collide."""

    network: NetworkConfig
    address: ipaddress.IPv4Address

    @property
    def namespace(self) -> str:
        """Return the name of the network namespace."""
        return f"pa-{self.network.id}-{self._number}"

    @property
    def file(self) -> Path:
        """Return the file by which a process enters the namespace."""
        return _NAMESPACES / self.namespace

    @property
    def link(self) -> str:
        """Return the name of the veth end on the bridge, of at most 15 characters (IFNAMSIZ in `<net/if.h>`)."""
        return f"pa{self.network.id}-{self._number:x}"

    @property
    def mac(self) -> str:
        """Return the MAC address: it derives from the IP address, so that ARP caches stay right when that is reused."""
        return ":".join(f"{octet:02x}" for octet in (0x02, 0x42, *self.address.packed))

    @property
    def _number(self) -> int:
        return int(self.address) - int(self.network.subnet.network_address)


class AddressPool:
    """Allocates the addresses of the subnet."""

    def __init__(self, network: NetworkConfig) -> None:
        self._network = network
        self._allocated = {ipaddress.IPv4Address(network.gateway)}
        self._last = ipaddress.IPv4Address(network.gateway)

    def allocate(self, wanted: str | None) -> PodNetwork:
        """Return the wanted address if it is free, else the one that has been free for longest.

        An address that was just released may still be in an EndpointSlice. Raises NetworkError if all are allocated.
        """
        subnet = self._network.subnet
        first, last = subnet.network_address + 1, subnet.broadcast_address - 1
        if (
            wanted is not None
            and (address := ipaddress.IPv4Address(wanted)) not in self._allocated
            and address in subnet
        ):
            self._allocated.add(address)
            return PodNetwork(self._network, address)
        candidates = chain(_addresses(self._last + 1, last), _addresses(first, self._last))
        address = next((each for each in candidates if each not in self._allocated), first)
        if address in self._allocated:
            raise NetworkError(f"no address of {subnet} is free: delete some pods")
        self._allocated.add(address)
        self._last = address
        return PodNetwork(self._network, address)

    def release(self, pod_network: PodNetwork) -> None:
        """Make an address available again."""
        self._allocated.discard(pod_network.address)


def _addresses(first: ipaddress.IPv4Address, last: ipaddress.IPv4Address) -> Iterator[ipaddress.IPv4Address]:
    return (ipaddress.IPv4Address(number) for number in range(int(first), int(last) + 1))


async def attach(pod_network: PodNetwork) -> None:
    """Create a pod's namespace and veth pair, in pod_network of any with the same names; raises NetworkError."""
    await detach(pod_network)
    network = pod_network.network
    await _ip("netns", "add", pod_network.namespace)
    outside = [
        f"link add {pod_network.link} type veth peer name eth0 address {pod_network.mac} netns {pod_network.namespace}",
        # Without a link-local address, which is not needed: Chromium closes its connections whenever an address of the
        # host is added or removed (`net/base/network_change_notifier.h`).
        f"link set {pod_network.link} addrgenmode none",
        f"link set {pod_network.link} master {network.bridge} up",
    ]
    inside = [
        "link set lo up",
        f"addr add {pod_network.address}/{network.prefix_length} dev eth0",
        "link set eth0 up",
        f"route add default via {network.gateway}",
    ]
    await _ip("-batch", "-", commands=outside)
    await _ip("-n", pod_network.namespace, "-batch", "-", commands=inside)


async def detach(pod_network: PodNetwork) -> None:
    """Kill all processes in a pod's namespace, and remove the namespace and the veth pair. It may be called again."""
    if await _exists(pod_network.link):
        await _ip(
            "link", "delete", pod_network.link
        )  # first, because the kernel removes a namespace and its links with a delay
    if pod_network.file.exists():
        await _remove(pod_network.namespace)


async def sweep(network: NetworkConfig) -> list[str]:
    """Remove the namespaces that a killed node left behind, with all processes in them; return their names."""
    listed: list[dict[str, str]] = json.loads(await _ip("-json", "netns", "list") or "[]")
    prefix = f"pa-{network.id}-"
    left = [entry["name"] for entry in listed if entry["name"].startswith(prefix)]
    for namespace in left:
        number = int(namespace.removeprefix(prefix))
        await detach(PodNetwork(network, network.subnet.network_address + number))
    return left


async def _remove(namespace: str) -> None:
    while pids := (await _ip("netns", "pids", namespace)).split():
        await _run("kill", "-KILL", *pids, check=False)
        await asyncio.sleep(0.01)
    await _ip("netns", "delete", namespace)


async def _exists(link: str) -> bool:
    return await asyncio.to_thread(Path(f"/sys/class/net/{link}").exists)


async def _ip(*arguments: str, commands: list[str] | None = None) -> str:
    return await _run("ip", *arguments, stdin="\n".join(commands or []))


async def _run(*argv: str, stdin: str = "", check: bool = True) -> str:
    process = await asyncio.create_subprocess_exec(
        *argv, stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE
    )
    output, errors = await process.communicate(stdin.encode())
    if check and process.returncode:
        what = " ".join(argv) + "".join(f"; {line}" for line in stdin.splitlines())
        raise NetworkError(f"`{what}` failed: {errors.decode(errors='replace').strip()}")
    return output.decode()
