"""Files of npm packages, each package of one version and one checksum (npm.json).

To take another version: `npm view NAME@VERSION version dist.integrity`.
"""

import base64
import hashlib
import json
import shutil
import subprocess
import tarfile
from pathlib import Path
from tempfile import TemporaryDirectory

from proxiedapp_sandbox.paths import cache_dir

PINS = Path(__file__).with_suffix(".json")


class NotInstalledError(Exception):
    """What a test needs is not on this machine; the text says how to get it."""


def pins() -> dict[str, dict[str, str]]:
    """Return version and integrity of each package, by its name."""
    pinned: dict[str, dict[str, str]] = json.loads(PINS.read_text())
    return pinned


def package(name: str) -> dict[str, bytes]:
    """Return a pinned package's files by their paths in it, fetched once by npm from the registry that it is set to.

    Raises NotInstalledError where npm is missing or fails, ValueError if what it fetched is not what is pinned.
    """
    pin = pins()[name]
    archive = cache_dir() / "npm" / f"{name}-{pin['version']}.tgz"
    if not archive.exists():
        _fetch(f"{name}@{pin['version']}", pin["integrity"], archive)
    _check(archive, pin["integrity"])
    with tarfile.open(archive) as files:
        return {
            member.name.partition("/")[2]: content.read()
            for member in files
            if member.isfile() and (content := files.extractfile(member))
        }


def _fetch(spec: str, integrity: str, archive: Path) -> None:
    npm = shutil.which("npm")
    if npm is None:
        raise NotInstalledError(f"npm, which fetches {spec}, is not on PATH: install it (Debian: apt-get install npm)")
    archive.parent.mkdir(parents=True, exist_ok=True)
    # Beside the archive, so that it can be moved there whole; npm's own cache and logs go with the folder.
    with TemporaryDirectory(dir=archive.parent) as folder:
        command = [npm, "pack", spec, "--ignore-scripts", "--loglevel=error", "--cache", f"{folder}/cache"]
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=300, check=False)
        fetched = list(Path(folder).glob("*.tgz"))
        if done.returncode or len(fetched) != 1:
            said = " / ".join(done.stderr.replace("npm error", "").split("\n")[:3])
            raise NotInstalledError(f"`npm pack {spec}` failed; can npm reach its registry? It said: {said}")
        _check(fetched[0], integrity)
        fetched[0].replace(archive)


def _check(archive: Path, integrity: str) -> None:
    """Compare an archive with a Subresource Integrity string, `sha512-BASE64`."""
    algorithm, _, expected = integrity.partition("-")
    seen = base64.b64encode(hashlib.new(algorithm, archive.read_bytes()).digest()).decode()
    if seen != expected:
        raise ValueError(f"{archive} has the checksum {algorithm}-{seen}, not {integrity} as {PINS.name} says")
