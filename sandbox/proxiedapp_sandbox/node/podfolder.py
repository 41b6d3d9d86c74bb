"""A pod's folder on this host: its volumes, and the files that every container sees."""

import os
import shutil
from pathlib import Path

from proxiedapp_sandbox.node.containerconfig import PodFolder
from proxiedapp_sandbox.node.environment import PodFields, SourceContents
from proxiedapp_sandbox.node.shim.spec import Mount
from proxiedapp_sandbox.node.volumes import claim_uid, volume_files, write_volume


def make_folder(folder: Path, netns: Path, fields: PodFields, contents: SourceContents, claims: Path) -> PodFolder:
    """Make a pod's folder, in place of an older one; raises NotStartableError for a volume that cannot be filled.

    `claims` has one folder for each PersistentVolumeClaim, which outlives the pod.
    """
    pod = fields.pod
    volumes = pod["spec"].get("volumes") or []
    filled = {volume["name"]: volume_files(volume, fields, contents) for volume in volumes}
    claimed = {volume["name"]: uid for volume in volumes if (uid := claim_uid(volume, contents)) is not None}
    made = PodFolder(
        netns=netns,
        hostname=(pod["spec"].get("hostname") or pod["metadata"]["name"])[:63],
        scratch=folder / "scratch",
        hosts=folder / "hosts",
        resolver=folder / "resolv.conf",
        volumes=folder / "volumes",
    )
    remove_folder(folder)
    made.scratch.mkdir(parents=True)
    made.hosts.write_text(_hosts(fields, made.hostname))
    made.resolver.touch()
    for name, files in filled.items():
        if name not in claimed:
            write_volume(made.volumes / name, files)
    for name, uid in claimed.items():
        if not (claims / uid).exists():
            write_volume(claims / uid, {})
        made.volumes.mkdir(exist_ok=True)
        # Relative, because containers are given their volumes below the folder of the host's files.
        (made.volumes / name).symlink_to(os.path.relpath(claims / uid, made.volumes))
    return made


def make_mount_sources(mounts: list[Mount]) -> None:
    """Make the folders of `subPath` that do not exist yet."""
    for mount in mounts:
        source = Path(mount.source)
        if not source.exists():  # a file of a ConfigMap does
            source.mkdir(parents=True)
            source.chmod(0o777)


def remove_folder(folder: Path) -> None:
    """Remove a pod's folder; none of its containers may be running."""
    shutil.rmtree(folder, ignore_errors=True)


def _hosts(fields: PodFields, hostname: str) -> str:
    lines = ["127.0.0.1 localhost", "::1 localhost", f"{fields.address} {hostname}"]
    aliases = fields.pod["spec"].get("hostAliases") or []
    lines += [f"{alias['ip']} {' '.join(alias.get('hostnames') or [])}" for alias in aliases]
    return "".join(f"{line}\n" for line in lines)
