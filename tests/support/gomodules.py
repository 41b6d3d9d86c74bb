"""Go modules that only tests need, each of one version and one checksum (gomodules.json).

To take another version, `go mod download -json MODULE@VERSION` prints the Sum. Its go.mod may ask for no newer Go than
`operator/proxiedapp/sandbox/module/go-toolchain.txt` has.
"""

import json
import os
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from proxiedapp.sandbox.errors import SandboxError
from proxiedapp.sandbox.toolchain import find_go

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


def go(*arguments: str, cwd: Path | None = None) -> str:
    """Run `go` and return what it prints; raises SandboxError."""
    try:
        done = subprocess.run(
            [find_go(), *arguments], cwd=cwd, env=go_env(), capture_output=True, text=True, timeout=900, check=True
        )
    except subprocess.TimeoutExpired as error:
        raise SandboxError(f"`go {arguments[0]}` did not end within 15 minutes; is the network there?") from error
    except subprocess.CalledProcessError as error:
        said = (error.stderr.strip() or error.stdout.strip()).splitlines()
        raise SandboxError(f"`go {' '.join(arguments[:2])}` failed: {' / '.join(said[-3:])}") from error
    return done.stdout


def go_env() -> dict[str, str]:
    return os.environ | {"CGO_ENABLED": "0", "GOWORK": "off"}
