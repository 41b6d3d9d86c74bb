"""What a container's spec means on this host: the process to start, and what isolates it. No I/O."""

import posixpath
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from proxiedapp.api.budget import Budget
from proxiedapp.kube.manifest import Manifest
from proxiedapp.servers.command.environment import MAX_EXPANSION
from proxiedapp_sandbox.node.environment import expanded
from proxiedapp_sandbox.node.errors import NotStartableError
from proxiedapp_sandbox.node.images import Image
from proxiedapp_sandbox.node.shim.spec import IsolationSpec, Mount, ProcessSpec
from proxiedapp_sandbox.node.volumes import writable_by_pod


@dataclass(frozen=True, slots=True)
class PodFolder:
    """What the containers of a pod share."""

    netns: Path
    """File of the network namespace."""
    hostname: str
    scratch: Path
    """An empty folder."""
    hosts: Path
    """File that becomes /etc/hosts."""
    resolver: Path
    """File that becomes /etc/resolv.conf. It is empty: pods have no DNS and no route to the outside."""
    volumes: Path
    """Folder with one folder for each volume."""


@dataclass(frozen=True, slots=True)
class ContainerConfig:
    """Everything that is needed to start a container."""

    image: Image
    process: ProcessSpec
    isolation: IsolationSpec


def container_config(
    container: Manifest,
    pod: Manifest,
    image: Image,
    variables: Mapping[str, str],
    folder: PodFolder,
    *,
    default_bin: Path,
    host_path: str,
) -> ContainerConfig:
    """Return what is needed to start a container.

    `variables` is its environment as `environment.environment` returns it, and `host_path` is PATH of the host. Raises
    NotStartableError if the spec lacks a command, which an image of the sandbox cannot supply, if a subPath leaves its
    volume, or if a value becomes too long.
    """
    arguments = [*(container.get("command") or []), *(container.get("args") or [])]
    if not arguments:
        raise NotStartableError(
            "CreateContainerError",
            "the container has no command, and an image of the sandbox is a folder that cannot supply one: "
            "set the container's command",
        )
    expansion = Budget(MAX_EXPANSION)
    env = {
        "PATH": image.search_path(default_bin, host_path),
        "HOME": "/",
        "HOSTNAME": folder.hostname,
        "LANG": "C.UTF-8",
        "PYTHONUNBUFFERED": "1",
        "PYTHONDONTWRITEBYTECODE": "1",
    }
    process = ProcessSpec(
        argv=[expanded(argument, variables, expansion) for argument in arguments],
        env=env | dict(variables),
        workdir=str(image.folder / (container.get("workingDir") or ".")),
    )
    isolation = IsolationSpec(
        netns=str(folder.netns),
        hostname=folder.hostname,
        scratch=str(folder.scratch),
        mounts=[
            Mount(str(folder.hosts), "/etc/hosts", read_only=True),
            Mount(str(folder.resolver), "/etc/resolv.conf", read_only=True),
            *_mounts(container, pod, variables, folder.volumes, expansion),
        ],
        visible=[str(path) for path in (image.folder, default_bin.parent.resolve(), Path(sys.base_prefix).resolve())],
        read_only=bool((container.get("securityContext") or {}).get("readOnlyRootFilesystem")),
    )
    return ContainerConfig(image, process, isolation)


def _mounts(
    container: Manifest, pod: Manifest, variables: Mapping[str, str], folder: Path, expansion: Budget
) -> list[Mount]:
    volumes = {volume["name"]: volume for volume in pod["spec"].get("volumes") or []}
    mounts = []
    for mount in container.get("volumeMounts") or []:
        volume = volumes[mount["name"]]
        path = mount.get("subPath") or expanded(mount.get("subPathExpr") or "", variables, expansion)
        if posixpath.normpath(path).startswith(("/", "..")):
            raise NotStartableError("CreateContainerConfigError", f"subPath {path!r} points outside its volume")
        read_only = bool(mount.get("readOnly")) or not writable_by_pod(volume)
        mounts.append(Mount(posixpath.normpath(folder / mount["name"] / path), mount["mountPath"], read_only))
    return mounts
