"""Images with packages of their own: each has a lock file, and is installed once into the user's cache folder."""

import hashlib
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from proxiedapp_sandbox.paths import cache_dir

UV: Final = Path(sys.executable).with_name("uv")

_SECONDS: Final = 900.0
"""The time that one installation may take."""


@dataclass(frozen=True)
class Environment:
    """A set of versions that are installed together."""

    name: str
    packages: tuple[str, ...]
    """The requirements; the lock file contains their dependencies too."""
    folder: Path
    """The folder of the tests that use it, with the lock files in `requirements`."""
    files: Path
    """The folder of the app's files, which are copied into the image; it need not exist."""

    @property
    def lock(self) -> Path:
        return self.folder / "requirements" / f"{self.name}.txt"

    @property
    def title(self) -> str:
        """Return the pinned versions, for tables."""
        pinned = [package.split("==") for package in self.packages if "==" in package]
        return ", ".join(f"{name} {version}" for name, version in pinned)

    def image(self) -> Path:
        """Return the folder of the image; create it if it does not exist."""
        built_for = f"{sys.version_info[:3]} {sys.base_prefix}"
        digest = hashlib.sha256(f"{built_for}\n{self.lock.read_text()}".encode()).hexdigest()[:12]
        image = cache_dir() / self.folder.name / f"{re.sub(r'[^a-z0-9]+', '-', self.name)}-{digest}"
        done = image / ".compiled"
        if not done.exists():
            image.mkdir(parents=True, exist_ok=True)
            venv = image / ".venv"
            _uv("venv", "--clear", "--python", sys.executable, venv)
            # Pods write no bytecode, so each start would compile all that it imports.
            python = venv / "bin" / "python"
            _uv("pip", "sync", "--compile-bytecode", "--python", python, "--require-hashes", self.lock)
            done.touch()
        if self.files.is_dir():
            shutil.copytree(self.files, image, dirs_exist_ok=True, ignore=shutil.ignore_patterns("__pycache__"))
        return image

    def compile(self) -> None:
        """Write the lock file again."""
        command = f"python -m tests.{self.folder.name} lock"
        _uv(
            *("pip", "compile", "-", "-o", self.lock, "--universal", "--python-version", "3.11", "--generate-hashes"),
            *("--no-annotate", "--custom-compile-command", command),
            stdin="\n".join(self.packages),
        )

    def locked(self, package: str) -> str:
        """Return the version of a package in the lock file; raises ValueError if it is not in it."""
        match = re.search(rf"^{re.escape(package)}==(\S+)", self.lock.read_text(), re.MULTILINE)
        if match is None:
            raise ValueError(f"{package} is not in {self.lock}")
        return match[1]


def _uv(*arguments: str | Path, stdin: str | None = None) -> None:
    subprocess.run([UV, "--quiet", *map(str, arguments)], check=True, input=stdin, text=True, timeout=_SECONDS)
