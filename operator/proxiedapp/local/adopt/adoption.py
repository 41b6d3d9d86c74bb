"""The result of an adoption: the ProxiedApp, what is left over, and the steps of the switch. Pure."""

from dataclasses import dataclass, field
from typing import Any

from proxiedapp.kube.manifest import Manifest


@dataclass(frozen=True, slots=True)
class Left:
    """Something that the ProxiedApp does not contain."""

    what: str
    """Kind, name and field."""
    why: str
    """Why not, and what to do, in full sentences."""


@dataclass(slots=True)
class Adoption:
    """What replaces one set of plain objects."""

    app: Manifest
    left: list[Left] = field(default_factory=list)
    steps: list[str] = field(default_factory=list)
    """Comments (beginning with #) and commands of the switch, in order."""

    def leave(self, what: str, why: str) -> None:
        """Record that something is not carried over."""
        one = Left(what, why)
        if one not in self.left:
            self.left.append(one)

    def as_json(self) -> dict[str, Any]:
        """Return the adoption as JSON values."""
        return {
            "app": self.app,
            "left": [{"what": one.what, "why": one.why} for one in self.left],
            "steps": self.steps,
        }
