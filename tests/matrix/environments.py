"""Images with old versions of servers: each has a lock file, and is installed once into the user's cache folder."""

import hashlib
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from proxiedapp_sandbox.paths import cache_dir
from tests.matrix.live import copy_app

REQUIREMENTS: Final = Path(__file__).parent / "requirements"
UV: Final = Path(sys.executable).with_name("uv")

_WEBSOCKETS: Final = "websockets<13"  # later versions deprecate the API that these versions of uvicorn use


@dataclass(frozen=True)
class Environment:
    """A set of versions that are installed together."""

    name: str
    packages: tuple[str, ...]
    """The requirements; the lock file contains their dependencies too."""

    @property
    def lock(self) -> Path:
        return REQUIREMENTS / f"{self.name}.txt"

    @property
    def title(self) -> str:
        """Return the pinned versions, for the table in docs/servers.md."""
        pinned = [package.split("==") for package in self.packages if "==" in package]
        return ", ".join(f"{name} {version}" for name, version in pinned)

    def image(self) -> Path:
        """Return the folder of the image; create it if it does not exist."""
        python = f"{sys.version_info[:3]} {sys.base_prefix}"
        digest = hashlib.sha256(f"{python}\n{self.lock.read_text()}".encode()).hexdigest()[:12]
        folder = cache_dir() / "matrix" / f"{re.sub(r'[^a-z0-9]+', '-', self.name)}-{digest}"
        done = folder / ".installed"
        if not done.exists():
            folder.mkdir(parents=True, exist_ok=True)
            venv = folder / ".venv"
            _uv("venv", "--clear", "--python", sys.executable, venv)
            _uv("pip", "sync", "--python", venv / "bin" / "python", "--require-hashes", self.lock)
            done.touch()
        copy_app(folder)
        return folder

    def compile(self) -> None:
        """Write the lock file again."""
        _uv(
            *("pip", "compile", "-", "-o", self.lock, "--universal", "--python-version", "3.11", "--generate-hashes"),
            *("--no-annotate", "--custom-compile-command", "python -m tests.matrix lock"),
            stdin="\n".join(self.packages),
        )


ENVIRONMENTS: Final = (
    Environment("uvicorn-0.25", ("fastapi==0.109.0", "uvicorn==0.25.0", _WEBSOCKETS)),
    Environment("uvicorn-0.26", ("fastapi==0.109.0", "uvicorn==0.26.0", _WEBSOCKETS)),
    Environment("fastapi-0.108", ("fastapi==0.108.0", "uvicorn==0.26.0", _WEBSOCKETS)),
    Environment("uvicorn-0.27", ("fastapi==0.115.0", "uvicorn==0.27.1", _WEBSOCKETS)),
    Environment("uvicorn-0.28", ("fastapi==0.115.0", "uvicorn==0.28.0", _WEBSOCKETS)),
    Environment("uvicorn-0.30", ("fastapi==0.115.0", "uvicorn==0.30.6", _WEBSOCKETS)),
    Environment("uvicorn-0.31", ("fastapi==0.115.0", "uvicorn==0.31.0", _WEBSOCKETS)),
    Environment("fastapi-cli-0.0.1", ("fastapi==0.115.0", "fastapi-cli==0.0.1", "uvicorn==0.31.0", _WEBSOCKETS)),
    Environment("fastapi-cli-0.0.2", ("fastapi==0.115.0", "fastapi-cli==0.0.2", "uvicorn==0.31.0", _WEBSOCKETS)),
    Environment("fastapi-cli-0.0.9", ("fastapi==0.115.0", "fastapi-cli==0.0.9", "uvicorn==0.31.0", _WEBSOCKETS)),
    Environment(
        "gunicorn-23", ("fastapi==0.115.0", "gunicorn==23.0.0", "uvicorn==0.31.0", "uvicorn-worker", _WEBSOCKETS)
    ),
)
BY_NAME: Final = {environment.name: environment for environment in ENVIRONMENTS}


def _uv(*arguments: str | Path, stdin: str | None = None) -> None:
    subprocess.run([UV, "--quiet", *map(str, arguments)], check=True, input=stdin, text=True, timeout=300)
