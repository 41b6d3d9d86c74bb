"""What the node passes to a shim, as JSON on standard input."""

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class ProcessSpec:
    """The command to execute, its environment and its working directory."""

    argv: list[str]
    env: dict[str, str]
    workdir: str


@dataclass(frozen=True, slots=True)
class Mount:
    """A folder or file of the host, with no symbolic link in its path, and its path in the container."""

    source: str
    target: str
    read_only: bool = False


@dataclass(frozen=True, slots=True)
class IsolationSpec:
    """The namespaces and the root file system of a new container."""

    netns: str
    """File of the pod's network namespace."""
    hostname: str
    scratch: str
    """An empty folder of the host on which the root is built; only this container sees what is mounted there."""
    mounts: list[Mount]
    visible: list[str]
    """Folders of the host that stay visible even if a mount covers them; no symbolic links in their paths."""
    read_only: bool
    """Whether the root is read-only; `mounts` are not affected."""

    @classmethod
    def from_json(cls, given: dict[str, Any]) -> "IsolationSpec":
        """Build one from what `dataclasses.asdict` made of it."""
        return cls(**given | {"mounts": [Mount(**mount) for mount in given["mounts"]]})
