"""The pods' network: one bridge on this host, whose address is the one from which the proxy reaches the pods.

Pods cannot be on loopback. The API server rejects loopback addresses in EndpointSlices (v1.36.3
`pkg/apis/discovery/validation/validation.go`), and ASGI servers trust loopback by default, so that each test of trusted
proxies would pass falsely.
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
    """A private subnet on a bridge; `id` is part of the name of everything that belongs to it."""

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
        """Create the bridge, and with it the route that keeps traffic to the subnet on this host."""
        _ip("link", "add", self.bridge, "type", "bridge")
        _ip("addr", "add", f"{self.gateway}/{self.subnet.prefixlen}", "dev", self.bridge)
        _ip("link", "set", self.bridge, "addrgenmode", "none")
        _ip("link", "set", self.bridge, "up")


def free_subnet() -> ipaddress.IPv4Network:
    """Return a private subnet that overlaps with no route of this host; raises SandboxError if there is none."""
    routes = json.loads(_ip("-j", "-4", "route", "show", "table", "all"))
    taken = [ipaddress.ip_network(route["dst"], strict=False) for route in routes if route["dst"] != "default"]
    candidates = [
        subnet
        for block in range(200, 251)
        for subnet in ipaddress.ip_network(f"10.{block}.0.0/16").subnets(new_prefix=_PREFIX_LENGTH)
    ]
    free = [subnet for subnet in candidates if not any(subnet.overlaps(network) for network in taken)]
    if not free:
        raise SandboxError(
            "no subnet for the pods is free between 10.200.0.0 and 10.250.255.255: remove a route from this range"
        )
    return ipaddress.IPv4Network(random.choice(free))


def remove(network_id: str) -> None:
    """Remove what is left of a network: its links, processes in its namespaces, and the namespaces, if they exist."""
    # Links first, because the kernel removes a namespace and its links with a delay.
    for link in json.loads(_ip("-j", "link", "show")):
        if link["ifname"] == f"pa{network_id}" or link["ifname"].startswith(f"pa{network_id}-"):
            _ip("link", "delete", link["ifname"])
    for entry in json.loads(_ip("-j", "netns", "list") or "[]"):
        namespace = entry["name"]
        if namespace.startswith(f"pa-{network_id}-"):
            for pid in _ip("netns", "pids", namespace).split():
                subprocess.run(["kill", "-KILL", pid], check=False, capture_output=True)
            _ip("netns", "delete", namespace)


def _ip(*arguments: str) -> str:
    try:
        done = subprocess.run(["ip", *arguments], check=True, capture_output=True, text=True, timeout=30)
    except FileNotFoundError:
        raise SandboxError("the program `ip` is not installed: install the package iproute2") from None
    except subprocess.CalledProcessError as error:
        raise SandboxError(f"`ip {' '.join(arguments)}` failed: {error.stderr.strip()}") from error
    return done.stdout
