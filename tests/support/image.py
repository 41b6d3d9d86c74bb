"""Build the unchanged Containerfile without a registry: its base image is built here from Debian's packages.

buildah builds with chroot isolation and keeps layers as plain folders, which needs root but no daemon or overlayfs.
pip inside the build uses this machine's index, proxy and certificates; they are mounted and not part of the image.
"""

import ast
import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path
from typing import Any, Final

from proxiedapp_sandbox.gobuild import build_lock
from proxiedapp_sandbox.paths import cache_dir
from tests.support.npm import NotInstalledError

ROOT: Final = Path(__file__).parents[2]

SUITE: Final = "trixie"
"""The Debian release whose Python is the Containerfile's, 3.13."""
PACKAGES: Final = ("ca-certificates", "python-is-python3", "python3-venv")
"""The parts of the official Python image that the build uses: root certificates, `python` on PATH, module `venv`."""
LEFT_OUT: Final = ("/usr/share/doc/*", "/usr/share/locale/*", "/usr/share/man/*")

PIP_SETTINGS: Final = ("index-url", "extra-index-url", "trusted-host", "proxy", "timeout", "cert", "client-cert")
"""The settings of pip for the connection to an index."""
PIP_FILES: Final = ("cert", "client-cert")
"""Those whose value is a file."""


@dataclass(frozen=True)
class Image:
    """A built image, unpacked."""

    rootfs: Path
    config: dict[str, Any]
    """The `config` object of the OCI image specification: Entrypoint, Cmd, Env, User, ExposedPorts."""

    @property
    def command(self) -> list[str]:
        """Return what a container runs by default."""
        return [*self.config["Entrypoint"], *self.config["Cmd"]]

    @property
    def env(self) -> dict[str, str]:
        return dict(pair.split("=", 1) for pair in self.config["Env"])


@contextmanager
def built_image(folder: Path) -> Iterator[Image]:
    """Build the image in an empty folder, unpack it there, and remove the folder's layers after the block.

    Raises NotInstalledError if buildah, mmdebstrap or the right to use them is missing.
    """
    if os.geteuid() != 0:
        raise NotInstalledError("the image is not built: only root can create files of several users")
    storage = folder / "storage"
    buildah = (tool("buildah"), f"--root={storage}", f"--runroot={folder / 'run'}", "--storage-driver=vfs")
    archive = base_archive()
    try:
        base = run(*buildah, "from", "scratch").strip()
        run(*buildah, "add", base, archive, "/")
        run(*buildah, "config", "--env", "PATH=/usr/local/bin:/usr/bin:/bin", base)
        run(*buildah, "commit", "--rm", base, f"docker.io/library/{base_name()}")

        image = "proxiedapp/operator:test"
        run(*buildah, "build", "--isolation=chroot", "--pull-never", *pip_mounts(folder), "--tag", image, ROOT)
        container = run(*buildah, "from", "--pull-never", image).strip()
        described = json.loads(run(*buildah, "inspect", "--type", "container", container))
        yield Image(Path(run(*buildah, "mount", container).strip()), described["OCIv1"]["config"])
    finally:
        run(*buildah, "rm", "--all")
        shutil.rmtree(storage)


def base_name() -> str:
    """Return the base image that the Containerfile names."""
    (name,) = re.findall(r"^ARG PYTHON=(\S+)$", (ROOT / "Containerfile").read_text(), re.MULTILINE)
    return str(name)


def base_archive() -> Path:
    """Return the base image as a tar archive; mmdebstrap builds it once, and the user's cache folder keeps it."""
    digest = blake2b(" ".join((SUITE, *PACKAGES, *LEFT_OUT)).encode(), digest_size=5).hexdigest()
    folder = cache_dir() / "image"
    archive = folder / f"{SUITE}-{digest}.tar"
    with build_lock(folder):
        if not archive.exists():
            partial = folder / "partial.tar"
            left_out = [f"--dpkgopt=path-exclude={path}" for path in LEFT_OUT]
            include = f"--include={','.join(PACKAGES)}"
            run(tool("mmdebstrap"), "--quiet", "--variant=minbase", include, *left_out, SUITE, partial)
            partial.replace(archive)
    return archive


def pip_mounts(folder: Path) -> list[str]:
    """Return the options of `buildah build` that mount this machine's configuration of pip into the build."""
    found = {}
    # pip sorts the lines (`:env:.cert='…'`, `global.cert='…'`); variables come first and take precedence.
    for line in reversed(run(sys.executable, "-m", "pip", "config", "list").splitlines()):
        key, _, value = line.partition("=")
        found[key.rpartition(".")[2].removeprefix("default-")] = ast.literal_eval(value)
    settings = {name: found[name] for name in PIP_SETTINGS if name in found}
    file = folder / "pip.conf"
    file.write_text("[global]\n" + "".join(f"{name} = {value}\n" for name, value in settings.items()))
    files = [settings[name] for name in PIP_FILES if name in settings]
    return [f"--volume={file}:/etc/pip.conf:ro", *(f"--volume={each}:{each}:ro" for each in files)]


def tool(name: str) -> str:
    """Return the path of a program; raises NotInstalledError if it is missing."""
    found = shutil.which(name)
    if found is None:
        raise NotInstalledError(f"{name} is not on PATH: install it (Debian: apt-get install {name})")
    return found


def run(*command: str | Path) -> str:
    """Run a program, which must succeed, and return its output."""
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{' '.join(map(str, command))}\n{done.stdout}{done.stderr}"
    return done.stdout
