"""Files of npm packages, pinned to one version and one checksum (npm.json).

To change a version, get both from `npm view NAME@VERSION version dist.integrity`.
"""

import base64
import hashlib
import json
import shutil
import subprocess
import tarfile
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from types import MappingProxyType

from proxiedapp_sandbox.paths import cache_dir

PINS = Path(__file__).with_suffix(".json")


class NotInstalledError(Exception):
    """A program that a test needs is missing; the text says how to install it."""


def pins() -> dict[str, dict[str, str]]:
    """Return version and integrity of each package by name."""
    pinned: dict[str, dict[str, str]] = json.loads(PINS.read_text())
    return pinned


@cache  # a docs page loads three files of a package with 12 MB
def package(name: str) -> Mapping[str, bytes]:
    """Return a pinned package's files by path; npm downloads the package once from its configured registry.

    Raises NotInstalledError if npm is missing or fails, and ValueError if the download is not what is pinned.
    """
    pin = pins()[name]
    archive = cache_dir() / "npm" / f"{name}-{pin['version']}.tgz"
    if not archive.exists():
        _download(f"{name}@{pin['version']}", pin["integrity"], archive)
    _check(archive, pin["integrity"])
    with tarfile.open(archive) as files:
        return MappingProxyType(
            {
                member.name.partition("/")[2]: content.read()
                for member in files
                if member.isfile() and (content := files.extractfile(member))
            }
        )


def _download(spec: str, integrity: str, archive: Path) -> None:
    npm = shutil.which("npm")
    if npm is None:
        raise NotInstalledError(
            f"npm, which downloads {spec}, is not on PATH: install it (Debian: apt-get install npm)"
        )
    archive.parent.mkdir(parents=True, exist_ok=True)
    # In the same file system as the archive, so that the move is atomic; npm's own cache and logs are deleted with it.
    with TemporaryDirectory(dir=archive.parent) as folder:
        command = [npm, "pack", spec, "--ignore-scripts", "--loglevel=error", "--cache", f"{folder}/cache"]
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=300, check=False)
        downloaded = list(Path(folder).glob("*.tgz"))
        if done.returncode or len(downloaded) != 1:
            error = " / ".join(done.stderr.replace("npm error", "").split("\n")[:3])
            raise NotInstalledError(f"`npm pack {spec}` failed; can npm reach its registry? Its error: {error}")
        _check(downloaded[0], integrity)
        downloaded[0].replace(archive)


def _check(archive: Path, integrity: str) -> None:
    """Compare an archive with a Subresource Integrity string, `sha512-BASE64`."""
    algorithm, _, expected = integrity.partition("-")
    seen = base64.b64encode(hashlib.new(algorithm, archive.read_bytes()).digest()).decode()
    if seen != expected:
        raise ValueError(f"{archive} has the checksum {algorithm}-{seen}, not {integrity} as in {PINS.name}")
