"""What a container's spec means on this machine: the command, and what it has for itself. No I/O."""

import posixpath
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from proxiedapp.kube.manifest import Manifest
from proxiedapp.servers.command.environment import expand_references
from proxiedapp_sandbox.node.errors import NotStartableError
from proxiedapp_sandbox.node.images import Image
from proxiedapp_sandbox.node.launcher import Box, Command, Mount
from proxiedapp_sandbox.node.volumes import written_by_pod


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
    """File that becomes /etc/resolv.conf: an empty one, since there is no DNS and nothing outside to ask."""
    volumes: Path
    """Folder with a folder for each volume."""


@dataclass(frozen=True, slots=True)
class Launch:
    """All that is needed to start a container."""

    image: Image
    command: Command
    box: Box


def launch(
    container: Manifest,
    pod: Manifest,
    image: Image,
    variables: Mapping[str, str],
    folder: PodFolder,
    *,
    default_bin: Path,
    machine_path: str,
) -> Launch:
    """Put a container's launch together; raises NotStartableError where the spec lacks what an image would give."""
    words = [*(container.get("command") or []), *(container.get("args") or [])]
    if not words:
        raise NotStartableError(
            "CreateContainerError", "an image of the sandbox is a folder and has no command: give the container one"
        )
    env = {
        "PATH": image.search_path(default_bin, machine_path),
        "HOME": "/",
        "HOSTNAME": folder.hostname,
        "LANG": "C.UTF-8",
        "PYTHONUNBUFFERED": "1",
        "PYTHONDONTWRITEBYTECODE": "1",
    }
    command = Command(
        argv=[expand_references(word, variables).text for word in words],
        env=env | dict(variables),
        workdir=str(image.folder / (container.get("workingDir") or ".")),
    )
    box = Box(
        netns=str(folder.netns),
        hostname=folder.hostname,
        scratch=str(folder.scratch),
        mounts=[
            Mount(str(folder.hosts), "/etc/hosts", read_only=True),
            Mount(str(folder.resolver), "/etc/resolv.conf", read_only=True),
            *_mounts(container, pod, variables, folder.volumes),
        ],
        visible=[str(path) for path in (image.folder, default_bin.parent.resolve(), Path(sys.base_prefix).resolve())],
        read_only=bool((container.get("securityContext") or {}).get("readOnlyRootFilesystem")),
    )
    return Launch(image, command, box)


def _mounts(container: Manifest, pod: Manifest, variables: Mapping[str, str], folder: Path) -> list[Mount]:
    volumes = {volume["name"]: volume for volume in pod["spec"].get("volumes") or []}
    mounts = []
    for mount in container.get("volumeMounts") or []:
        volume = volumes[mount["name"]]
        path = mount.get("subPath") or expand_references(mount.get("subPathExpr") or "", variables).text
        if posixpath.normpath(path).startswith(("/", "..")):
            raise NotStartableError("CreateContainerConfigError", f"subPath {path!r} leaves the volume")
        read_only = bool(mount.get("readOnly")) or not written_by_pod(volume)
        mounts.append(Mount(posixpath.normpath(folder / mount["name"] / path), mount["mountPath"], read_only))
    return mounts
