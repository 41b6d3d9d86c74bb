"""Go modules that only tests need, pinned to one version and one checksum (gomodules.json).

To change a version, get the Sum from `go mod download -json MODULE@VERSION`. The module must not need a newer Go than
that of `sandbox/proxiedapp_sandbox/module/go-toolchain.txt`.
"""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from proxiedapp_sandbox.errors import SandboxError
from proxiedapp_sandbox.gobuild import go

PINS: Final = Path(__file__).with_suffix(".json")


@dataclass(frozen=True)
class Pin:
    """A module with its version and checksum."""

    module: str
    version: str
    sum: str

    @classmethod
    def of(cls, name: str) -> "Pin":
        return cls(**json.loads(PINS.read_text())[name])

    @staticmethod
    def names() -> tuple[str, ...]:
        return tuple(json.loads(PINS.read_text()))

    def source(self) -> Path:
        """Return the folder with the module's files, and download them if needed; raises SandboxError."""
        found = json.loads(go("mod", "download", "-json", f"{self.module}@{self.version}"))
        if found["Sum"] != self.sum:
            raise SandboxError(
                f"{self.module}@{self.version} has the checksum {found['Sum']}, not {self.sum} as in {PINS.name}"
            )
        return Path(found["Dir"])
