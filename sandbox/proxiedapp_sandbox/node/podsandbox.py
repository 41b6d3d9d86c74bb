"""A pod's sandbox in the sense of the CRI: its network and its folder, which its containers share."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field

import httpx

from proxiedapp.kube.client import Api
from proxiedapp.kube.manifest import Manifest
from proxiedapp_sandbox.node.config import NodeConfig
from proxiedapp_sandbox.node.container import ContainerProcess
from proxiedapp_sandbox.node.containerconfig import ContainerConfig, PodFolder, container_config
from proxiedapp_sandbox.node.environment import PodFields, environment, environment_sources
from proxiedapp_sandbox.node.errors import NetworkError, NotStartableError
from proxiedapp_sandbox.node.handlers import HandlerTarget, named_ports
from proxiedapp_sandbox.node.images import find_image
from proxiedapp_sandbox.node.network import AddressPool, PodNetwork, attach, detach
from proxiedapp_sandbox.node.podfolder import make_folder, make_mount_sources, remove_folder
from proxiedapp_sandbox.node.sources import read_sources
from proxiedapp_sandbox.node.volumes import volume_sources

_HOST_NAMESPACES = ("hostNetwork", "hostPID", "hostIPC")


@dataclass(frozen=True, slots=True)
class NodeContext:
    """What all pods of the node share."""

    config: NodeConfig
    api: Api
    http: httpx.AsyncClient
    addresses: AddressPool
    allocatable: Mapping[str, str]
    host_path: str
    services: Mapping[str, str] = field(default_factory=dict)
    """Environment variables with the address of the API server."""


class PodSandbox:
    """The sandbox of one pod: call `set_up` before its first container, and `tear_down` after its last."""

    def __init__(self, pod: Manifest, node: NodeContext, address: str | None) -> None:
        """Keep the address that the pod had before, if any: an EndpointSlice may still contain it."""
        self._pod = pod
        self._node = node
        self._folder = node.config.volumes.resolve() / pod["metadata"]["uid"]
        self._network: PodNetwork | None = node.addresses.allocate(address) if address else None
        self._made: PodFolder | None = None

    @property
    def address(self) -> str | None:
        """Return the pod's address; None before `set_up`, unless it had one before."""
        return str(self._network.address) if self._network else None

    async def set_up(self) -> None:
        """Make the network and the folder; raises NotStartableError, after which it may be called again."""
        for key in _HOST_NAMESPACES:
            if self._pod["spec"].get(key):
                raise NotStartableError(
                    "CreateContainerError", f"spec.{key} is not supported by the sandbox: remove it"
                )
        try:
            self._network = self._network or self._node.addresses.allocate(None)
            await attach(self._network)
        except NetworkError as error:
            raise NotStartableError("CreatePodSandboxError", str(error)) from error
        sources = {source for volume in self._pod["spec"].get("volumes") or [] for source in volume_sources(volume)}
        contents = await read_sources(self._node.api, self._pod, sources)
        self._made = make_folder(
            self._folder, self._network.file, self._fields(), contents, self._node.config.claims.resolve()
        )

    async def container_config(self, container: Manifest) -> ContainerConfig:
        """Return what is needed to start a container; raises NotStartableError."""
        if self._made is None:
            raise RuntimeError("container_config was called before set_up")
        image = find_image(container["image"], self._node.config.images)
        contents = await read_sources(self._node.api, self._pod, environment_sources(container))
        made = container_config(
            container,
            self._pod,
            image,
            environment(container, self._fields(), contents),
            self._made,
            default_bin=self._node.config.default_bin,
            host_path=self._node.host_path,
        )
        make_mount_sources(made.isolation.mounts)
        return made

    def handler_target(self, container: Manifest, process: ContainerProcess) -> HandlerTarget:
        """Return where the container's probes and hooks are sent."""
        return HandlerTarget(self.address or "", named_ports(container), self._node.http, process.execute)

    async def tear_down(self) -> None:
        """Remove the network and the folder, and release the address. It may be called again."""
        if self._network is not None:
            await detach(self._network)
            self._node.addresses.release(self._network)
            self._network = None
        await asyncio.to_thread(remove_folder, self._folder)

    def _fields(self) -> PodFields:
        node = self._node
        gateway = node.config.network.gateway
        return PodFields(self._pod, self.address or "", gateway, node.allocatable, node.services)
