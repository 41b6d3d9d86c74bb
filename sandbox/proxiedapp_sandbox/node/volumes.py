"""A pod's volumes: folders with the files that the spec asks for, made before the first container starts."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from proxiedapp.kube.manifest import Manifest
from proxiedapp_sandbox.node.environment import PodFields, SourceContents, SourceRef
from proxiedapp_sandbox.node.errors import NotStartableError

TOKEN: Final = "ServiceAccountToken"  # noqa: S105 - no password
"""Kind of a source whose name is an audience, and whose data is a token for it, under the empty key."""

CLAIM: Final = "PersistentVolumeClaim"
"""Kind of a source whose data is its uid, because a claim of the same name is another one."""

_SUPPORTED: Final = ("emptyDir", "persistentVolumeClaim", "configMap", "secret", "downwardAPI", "projected")
_NAME_OF: Final = {"configMap": "name", "secret": "secretName"}
_KIND_OF: Final = {"configMap": "ConfigMap", "secret": "Secret"}


@dataclass(frozen=True, slots=True)
class VolumeFile:
    """One file of a volume."""

    content: bytes
    mode: int


def writable_by_pod(volume: Manifest) -> bool:
    """Whether containers may write to the volume."""
    claim = volume.get("persistentVolumeClaim")
    return "emptyDir" in volume or (claim is not None and not claim.get("readOnly"))


def volume_sources(volume: Manifest) -> set[SourceRef]:
    """Return the sources that `volume_files` needs for this volume."""
    found = {SourceRef(CLAIM, volume["persistentVolumeClaim"]["claimName"])} if _is_claim(volume) else set()
    for part, key in _parts(volume):
        if key in _KIND_OF:
            found.add(_source(part, key))
        elif key == "serviceAccountToken":
            found.add(SourceRef(TOKEN, part.get("audience") or ""))
    return found


def volume_files(volume: Manifest, fields: PodFields, contents: SourceContents) -> dict[str, VolumeFile]:
    """Return the files of a volume by their path in it.

    Raises NotStartableError if a source or key is missing, or if the sandbox does not support this type of volume.
    """
    if not any(kind in volume for kind in _SUPPORTED):
        kind = next((key for key in volume if key != "name"), "no source")
        raise NotStartableError(
            "CreateContainerError",
            f"volume {volume['name']!r} ({kind}) is not supported by the sandbox: use one of {', '.join(_SUPPORTED)}",
        )
    claim_uid(volume, contents)
    files: dict[str, VolumeFile] = {}
    for part, key in _parts(volume):
        mode = part.get("defaultMode") or volume.get("projected", {}).get("defaultMode") or 0o644
        if key in _KIND_OF:
            files |= _from_keys(part, _source(part, key), contents, mode)
        elif key == "downwardAPI":
            files |= dict(_downward(part, fields, mode))
        elif key == "serviceAccountToken":
            files[part["path"]] = VolumeFile(contents[SourceRef(TOKEN, part.get("audience") or "")][""], mode)
    return files


def claim_uid(volume: Manifest, contents: SourceContents) -> str | None:
    """Return the uid of the claim that a volume refers to, if it does; raises NotStartableError if it is missing."""
    if not _is_claim(volume):
        return None
    name = volume["persistentVolumeClaim"]["claimName"]
    found = contents.get(SourceRef(CLAIM, name))
    if found is None:
        raise NotStartableError("CreateContainerConfigError", f'{CLAIM} "{name}" for a volume not found')
    return found["uid"].decode()


def _is_claim(volume: Manifest) -> bool:
    return "persistentVolumeClaim" in volume


def write_volume(folder: Path, files: Mapping[str, VolumeFile]) -> None:
    """Write the files to a new folder that every user may write to."""
    folder.mkdir(parents=True)
    folder.chmod(0o777)
    for path, file in files.items():
        target = folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(file.content)
        target.chmod(file.mode)


def _parts(volume: Manifest) -> Iterator[tuple[Mapping[str, Any], str]]:
    """Return the parts of a volume, each with the field of the API that it comes from."""
    for source in [volume, *(volume.get("projected", {}).get("sources") or [])]:
        for key in ("configMap", "secret", "downwardAPI", "serviceAccountToken"):
            if key in source:
                yield source[key], key


def _source(part: Mapping[str, Any], key: str) -> SourceRef:
    return SourceRef(
        _KIND_OF[key], part.get(_NAME_OF[key]) or part["name"]
    )  # in a projected volume the field is always `name`


def _from_keys(
    part: Mapping[str, Any], source: SourceRef, contents: SourceContents, mode: int
) -> dict[str, VolumeFile]:
    optional = part.get("optional")
    if source not in contents:
        if optional:
            return {}
        raise NotStartableError("CreateContainerConfigError", f'{source.kind} "{source.name}" for a volume not found')
    data = contents[source]
    if not part.get("items"):
        return {key: VolumeFile(value, mode) for key, value in data.items()}
    files = {}
    for item in part["items"]:
        if item["key"] in data:
            files[item["path"]] = VolumeFile(data[item["key"]], item.get("mode") or mode)
        elif not optional:
            raise NotStartableError(
                "CreateContainerConfigError", f'{source.kind} "{source.name}" has no key "{item["key"]}"'
            )
    return files


def _downward(part: Mapping[str, Any], fields: PodFields, mode: int) -> Iterator[tuple[str, VolumeFile]]:
    for item in part.get("items") or []:
        if "fieldRef" in item:
            text = fields.field(item["fieldRef"]["fieldPath"])
        else:
            text = fields.resource({"name": ""}, item["resourceFieldRef"])
        yield item["path"], VolumeFile(text.encode(), item.get("mode") or mode)
