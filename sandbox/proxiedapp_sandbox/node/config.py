"""The node's configuration: one JSON file."""

import ipaddress
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field


class NetworkConfig(BaseModel):
    """A private subnet on an existing bridge; the bridge has the first address."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    id: Annotated[str, Field(pattern=r"^[0-9a-f]{6}$")]
    """Part of the name of everything that the node creates in the kernel, so that it can be found and removed."""
    bridge: str
    """Name of the bridge."""
    gateway: str
    """Address of the bridge: the pods' gateway, and the node's own address."""
    prefix_length: Annotated[int, Field(ge=16, le=29)]
    """Prefix length of the subnet; the number of an address must fit into the 15 characters of a link's name."""

    @property
    def subnet(self) -> ipaddress.IPv4Network:
        """Return the pods' subnet."""
        return ipaddress.IPv4Network(f"{self.gateway}/{self.prefix_length}", strict=False)


class NodeConfig(BaseModel):
    """The settings of one node."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    kubeconfig: Path
    """Kubeconfig of an account that may read everything and write nodes, leases and pods."""
    name: str
    """Name of the Node object."""
    network: NetworkConfig
    """The pods' network."""
    images: Path
    """Folder of the images: the image `sandbox.local/NAME:TAG` is the folder NAME in it, whatever the tag."""
    default_bin: Path
    """Folder of programs for images whose own `.venv/bin` does not exist or lacks the program."""
    logs: Path
    """Folder for the containers' logs."""
    volumes: Path
    """Folder for volumes and scratch files. The node owns it and empties it at its start."""
    claims: Path
    """Folder for the data of PersistentVolumeClaims, which outlives the node."""
    kubelet_port: Annotated[int, Field(ge=1, le=65535)]
    """Port of the kubelet API at the gateway's address, from which the API server reads logs."""
    proxy_ports: tuple[Annotated[int, Field(ge=1, le=65535)], ...] = ()
    """Ports of the proxy on loopback; pods reach it at the same ports of the gateway."""
    backoff_seconds: Annotated[float, Field(gt=0)] = 1.0
    """Seconds before the first restart of a container; doubled for each further restart."""
    backoff_max_seconds: Annotated[float, Field(gt=0)] = 30.0
    """Longest wait in seconds before a restart."""
