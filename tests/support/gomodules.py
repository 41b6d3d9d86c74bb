"""Go modules that only tests need, each of one version and one checksum (gomodules.json).

To take another version, `go mod download -json MODULE@VERSION` prints the Sum. Its go.mod may ask for no newer Go than
`sandbox/proxiedapp_sandbox/module/go-toolchain.txt` has.
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
    """What is wanted."""

    module: str
    version: str
    sum: str

    @classmethod
    def of(cls, name: str) -> "Pin":
        return cls(**json.loads(PINS.read_text())[name])

    def source(self) -> Path:
        """Return the folder with the module's files, fetched if need be; raises SandboxError."""
        found = json.loads(go("mod", "download", "-json", f"{self.module}@{self.version}"))
        if found["Sum"] != self.sum:
            raise SandboxError(
                f"{self.module}@{self.version} has the checksum {found['Sum']}, not {self.sum} as {PINS.name} says"
            )
        return Path(found["Dir"])
