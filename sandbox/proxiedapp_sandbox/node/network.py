"""The pods' network: for each pod an address, a network namespace, and a cable from it to the bridge."""

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
"""Where `ip netns` keeps them."""


@dataclass(frozen=True, slots=True)
class PodNetwork:
    """One pod's place in the network. All names come from the address, so two pods never fight for one."""

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
        """Return the name of the cable's end on the bridge: at most 15 characters."""
        return f"pa{self.network.id}-{self._number:x}"

    @property
    def mac(self) -> str:
        """Return the hardware address: always the same for an address, so that no neighbour remembers a wrong one."""
        return ":".join(f"{octet:02x}" for octet in (0x02, 0x42, *self.address.packed))

    @property
    def _number(self) -> int:
        return int(self.address) - int(self.network.subnet.network_address)


class AddressPool:
    """Which addresses of the subnet are taken."""

    def __init__(self, network: NetworkConfig) -> None:
        self._network = network
        self._taken = {ipaddress.IPv4Address(network.gateway)}
        self._last = ipaddress.IPv4Address(network.gateway)

    def allocate(self, wanted: str | None) -> PodNetwork:
        """Take the wanted address if it is free, else the one that has been free for longest.

        An address that was just given back may still be in somebody's list of endpoints. Raises NetworkError if all
        are taken.
        """
        subnet = self._network.subnet
        first, last = subnet.network_address + 1, subnet.broadcast_address - 1
        if wanted is not None and (address := ipaddress.IPv4Address(wanted)) not in self._taken and address in subnet:
            self._taken.add(address)
            return PodNetwork(self._network, address)
        candidates = chain(_addresses(self._last + 1, last), _addresses(first, self._last))
        address = next((each for each in candidates if each not in self._taken), first)
        if address in self._taken:
            raise NetworkError(f"all addresses of {subnet} are taken")
        self._taken.add(address)
        self._last = address
        return PodNetwork(self._network, address)

    def release(self, place: PodNetwork) -> None:
        """Free an address."""
        self._taken.discard(place.address)


def _addresses(first: ipaddress.IPv4Address, last: ipaddress.IPv4Address) -> Iterator[ipaddress.IPv4Address]:
    return (ipaddress.IPv4Address(number) for number in range(int(first), int(last) + 1))


async def attach(place: PodNetwork) -> None:
    """Make a pod's namespace and cable; what a pod before it left behind there is removed. Raises NetworkError."""
    await detach(place)
    network = place.network
    await _ip("netns", "add", place.namespace)
    outside = [
        f"link add {place.link} type veth peer name eth0 address {place.mac} netns {place.namespace}",
        # No address of its own, which is not needed: a browser drops its connections whenever the machine gets or
        # loses one.
        f"link set {place.link} addrgenmode none",
        f"link set {place.link} master {network.bridge} up",
    ]
    inside = [
        "link set lo up",
        f"addr add {place.address}/{network.prefix_length} dev eth0",
        "link set eth0 up",
        f"route add default via {network.gateway}",
    ]
    await _ip("-batch", "-", commands=outside)
    await _ip("-n", place.namespace, "-batch", "-", commands=inside)


async def detach(place: PodNetwork) -> None:
    """Kill whatever still runs in a pod's namespace, and remove it with its cable; twice does no harm."""
    if await _exists(place.link):
        await _ip("link", "delete", place.link)  # first: the kernel takes its time with a namespace and what is in it
    if place.file.exists():
        await _remove(place.namespace)


async def sweep(network: NetworkConfig) -> list[str]:
    """Remove the namespaces that a killed node left behind, with all that runs in them; returns their names."""
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
