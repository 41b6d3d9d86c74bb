"""What the node is told when it starts: one JSON file."""

import ipaddress
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field


class NetworkConfig(BaseModel):
    """A private subnet on a bridge that exists; the first address is the bridge's own."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    id: Annotated[str, Field(pattern=r"^[0-9a-f]{6}$")]
    """In the name of everything that the node makes in the kernel, so that it can be found and removed."""
    bridge: str
    """Name of the bridge."""
    gateway: str
    """Address of the bridge: the pods' gateway, and the node's own address."""
    prefix_length: Annotated[int, Field(ge=16, le=29)]
    """Size of the subnet; more than 2^16 addresses would not fit into the names of links."""

    @property
    def subnet(self) -> ipaddress.IPv4Network:
        """Return the pods' subnet."""
        return ipaddress.IPv4Network(f"{self.gateway}/{self.prefix_length}", strict=False)


class NodeConfig(BaseModel):
    """All that the node needs to know."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    kubeconfig: Path
    """How to reach the API server; the account may read everything and write nodes, leases and pods."""
    name: str
    """Name of the Node object."""
    network: NetworkConfig
    """Where the pods live."""
    images: Path
    """Folder of the images: `sandbox.local/NAME:anything` is its folder NAME."""
    default_bin: Path
    """Folder of programs for images that have no `.venv/bin`, or not the program in it."""
    logs: Path
    """Folder for the containers' logs."""
    volumes: Path
    """Folder for volumes and scratch files. It is the node's own: what is in it is removed at start."""
    kubelet_port: Annotated[int, Field(ge=1, le=65535)]
    """Port of the gateway's address on which the API server asks for logs."""
    proxy_ports: tuple[Annotated[int, Field(ge=1, le=65535)], ...] = ()
    """Ports of the proxy, which is on loopback; pods reach it at the same ports of the gateway."""
    backoff_seconds: Annotated[float, Field(gt=0)] = 1.0
    """Seconds before a container that ended is started again; doubled each time."""
    backoff_max_seconds: Annotated[float, Field(gt=0)] = 30.0
    """Longest wait between two starts."""
