"""The pods' network: one bridge on this machine, whose address is the proxy's as the pods see it.

Pods cannot live on loopback: the API server refuses such addresses in EndpointSlices, and servers trust loopback by
default, so that every test of trust would pass falsely.
"""

import ipaddress
import json
import random
import subprocess
from dataclasses import dataclass
from typing import Final

from proxiedapp_sandbox.errors import SandboxError

_PREFIX_LENGTH: Final = 20


@dataclass(frozen=True, slots=True)
class Network:
    """A private subnet on a bridge; everything that belongs to it is named after `id`."""

    id: str
    subnet: ipaddress.IPv4Network

    @property
    def bridge(self) -> str:
        """Return the bridge's name."""
        return f"pa{self.id}"

    @property
    def gateway(self) -> ipaddress.IPv4Address:
        """Return the bridge's address."""
        return self.subnet.network_address + 1

    def up(self) -> None:
        """Make the bridge; from then on the subnet's addresses stay on this machine."""
        _ip("link", "add", self.bridge, "type", "bridge")
        _ip("addr", "add", f"{self.gateway}/{self.subnet.prefixlen}", "dev", self.bridge)
        _ip("link", "set", self.bridge, "addrgenmode", "none")
        _ip("link", "set", self.bridge, "up")


def free_subnet() -> ipaddress.IPv4Network:
    """Return a private subnet that no route of this machine touches."""
    routes = json.loads(_ip("-j", "-4", "route", "show", "table", "all"))
    taken = [ipaddress.ip_network(route["dst"], strict=False) for route in routes if route["dst"] != "default"]
    candidates = [
        subnet
        for block in range(200, 251)
        for subnet in ipaddress.ip_network(f"10.{block}.0.0/16").subnets(new_prefix=_PREFIX_LENGTH)
    ]
    free = [subnet for subnet in candidates if not any(subnet.overlaps(network) for network in taken)]
    if not free:
        raise SandboxError("no private subnet from 10.200.0.0 to 10.250.255.255 is free for the pods")
    return ipaddress.IPv4Network(random.choice(free))


def remove(network_id: str) -> None:
    """Remove what is left of a network: processes in its namespaces, the namespaces, the bridge. Twice does no harm."""
    for entry in json.loads(_ip("-j", "netns", "list") or "[]"):
        namespace = entry["name"]
        if namespace.startswith(f"pa-{network_id}-"):
            for pid in _ip("netns", "pids", namespace).split():
                subprocess.run(["kill", "-KILL", pid], check=False, capture_output=True)
            _ip("netns", "delete", namespace)
    links = {link["ifname"] for link in json.loads(_ip("-j", "link", "show"))}
    if f"pa{network_id}" in links:
        _ip("link", "delete", f"pa{network_id}")


def _ip(*arguments: str) -> str:
    try:
        done = subprocess.run(["ip", *arguments], check=True, capture_output=True, text=True, timeout=30)
    except FileNotFoundError:
        raise SandboxError("the program `ip` is missing: install the package iproute2") from None
    except subprocess.CalledProcessError as error:
        raise SandboxError(f"`ip {' '.join(arguments)}` failed: {error.stderr.strip()}") from error
    return done.stdout
