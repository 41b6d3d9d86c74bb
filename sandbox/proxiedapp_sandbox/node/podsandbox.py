"""A pod's place on this machine: its network and its folder, and what they mean for each of its containers."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field

import httpx

from proxiedapp.kube.client import Api
from proxiedapp.kube.manifest import Manifest
from proxiedapp_sandbox.node.config import NodeConfig
from proxiedapp_sandbox.node.container import Runs
from proxiedapp_sandbox.node.environment import PodFields, environment, environment_sources
from proxiedapp_sandbox.node.errors import NetworkError, NotStartableError
from proxiedapp_sandbox.node.handlers import Target, named_ports
from proxiedapp_sandbox.node.images import find_image
from proxiedapp_sandbox.node.launch import Launch, PodFolder, launch
from proxiedapp_sandbox.node.network import Place, Places, attach, detach
from proxiedapp_sandbox.node.podfolder import make_folder, make_mount_sources, remove_folder
from proxiedapp_sandbox.node.sources import read_sources
from proxiedapp_sandbox.node.volumes import volume_sources

_HOST_NAMESPACES = ("hostNetwork", "hostPID", "hostIPC")


@dataclass(frozen=True, slots=True)
class Shared:
    """What all pods of the node use."""

    config: NodeConfig
    api: Api
    http: httpx.AsyncClient
    places: Places
    allocatable: Mapping[str, str]
    machine_path: str
    services: Mapping[str, str] = field(default_factory=dict)
    """Variables by which containers find the API server."""


class PodSandbox:
    """Made for one pod; `set_up` before the first container, `tear_down` after the last."""

    def __init__(self, pod: Manifest, shared: Shared, address: str | None) -> None:
        """Keep the address that the pod had before, if any: somebody's list of endpoints may still name it."""
        self._pod = pod
        self._shared = shared
        self._folder = shared.config.volumes.resolve() / pod["metadata"]["uid"]
        self._place: Place | None = shared.places.take(address) if address else None
        self._made: PodFolder | None = None

    @property
    def address(self) -> str | None:
        """Return the pod's address, once it has one."""
        return str(self._place.address) if self._place else None

    async def set_up(self) -> None:
        """Make the network and the folder; raises NotStartableError, and may then be tried again."""
        for key in _HOST_NAMESPACES:
            if self._pod["spec"].get(key):
                raise NotStartableError("CreateContainerError", f"the sandbox does not offer spec.{key}")
        try:
            self._place = self._place or self._shared.places.take(None)
            await attach(self._place)
        except NetworkError as error:
            raise NotStartableError("CreatePodSandboxError", str(error)) from error
        sources = {source for volume in self._pod["spec"].get("volumes") or [] for source in volume_sources(volume)}
        contents = await read_sources(self._shared.api, self._pod, sources)
        self._made = make_folder(self._folder, self._place.file, self._fields(), contents)

    async def launch_of(self, container: Manifest) -> Launch:
        """Return what is needed to start a container; raises NotStartableError."""
        if self._made is None:
            raise RuntimeError("a container before set_up")
        image = find_image(container["image"], self._shared.config.images)
        contents = await read_sources(self._shared.api, self._pod, environment_sources(container))
        made = launch(
            container,
            self._pod,
            image,
            environment(container, self._fields(), contents),
            self._made,
            default_bin=self._shared.config.default_bin,
            machine_path=self._shared.machine_path,
        )
        make_mount_sources(made.box.mounts)
        return made

    def target_of(self, container: Manifest, process: Runs) -> Target:
        """Return where the container's probes and hooks go."""
        return Target(self.address or "", named_ports(container), self._shared.http, process.execute)

    async def tear_down(self) -> None:
        """Remove the network and the folder; twice does no harm. The address is free for others from now on."""
        if self._place is not None:
            await detach(self._place)
            self._shared.places.give_back(self._place)
            self._place = None
        await asyncio.to_thread(remove_folder, self._folder)

    def _fields(self) -> PodFields:
        shared = self._shared
        gateway = shared.config.network.gateway
        return PodFields(self._pod, self.address or "", gateway, shared.allocatable, shared.services)
