"""The environment of a reader who follows a page: a clone of the repository, a home, and cached packages."""

import hashlib
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Final

from proxiedapp_sandbox.binaries import KUBE_VERSION, control_plane
from proxiedapp_sandbox.moduledata import traefik_manifests
from proxiedapp_sandbox.paths import cache_dir
from tests.support.docs import ROOT

UV: Final = Path(sys.executable).parent / "uv"


def clone(folder: Path) -> Path:
    """Create a fresh clone: the tracked and untracked files of this working tree, with their current content."""
    listed = _run("git", "ls-files", "-z", "--cached", "--others", "--exclude-standard")
    for name in filter(None, listed.split("\0")):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        with suppress(FileNotFoundError):  # deleted since the last commit, or just now by another test
            shutil.copy(ROOT / name, folder / name)
    return folder


def home(folder: Path) -> dict[str, str]:
    """Create a home directory, and return the environment of its owner."""
    folder.mkdir(parents=True)
    return {"HOME": str(folder), "LANG": "C.UTF-8", "PATH": f"{Path(sys.base_prefix, 'bin')}:{os.environ['PATH']}"}


def cache_of(env: Mapping[str, str]) -> Path:
    """Return the folder with the newcomer's sandbox and what it needs."""
    return Path(env["HOME"], ".cache", "proxiedapp")


def offline(env: Mapping[str, str]) -> dict[str, str]:
    """Return the environment of a newcomer without network and kubectl who has downloaded and built everything else.

    It contains the user's settings for downloads, because uv stores packages by their origin.
    """
    cache = cache_of(env)
    cache.mkdir(parents=True)
    kube = control_plane(KUBE_VERSION, lambda *_: None, own_kubectl=True).folder
    crds, _ = traefik_manifests(lambda *_: None)
    for built in (kube.parent, crds.parents[1]):
        (cache / built.name).symlink_to(built)
    _have_uv_keep_packages(cache / "packages")
    settings = {name: value for name, value in os.environ.items() if name.startswith(("UV_", "KUBEBUILDER_"))}
    return (
        settings
        | dict(env)
        | {
            "PATH": _without("kubectl", env["PATH"], Path(env["HOME"], "programs")),
            "PIP_FIND_LINKS": str(_wheel_of_uv()),
            "PIP_NO_INDEX": "1",
            "UV_CACHE_DIR": _run(UV, "cache", "dir").strip(),
            "UV_COMPILE_BYTECODE": "0",  # of packages that no page imports; the others compile when they are imported
            "UV_OFFLINE": "1",
            "XDG_CONFIG_HOME": os.environ.get("XDG_CONFIG_HOME") or str(Path.home() / ".config"),
        }
    )


def _without(program: str, path: str, folder: Path) -> str:
    """Return a search path without one program; `folder` replaces the folders that contain it."""
    folder.mkdir()
    kept = []
    for place in map(Path, path.split(os.pathsep)):
        if not (place / program).exists():
            kept.append(place)
            continue
        kept.append(folder)
        for each in place.iterdir():
            if each.name != program and not (folder / each.name).is_symlink():
                (folder / each.name).symlink_to(each)
    return os.pathsep.join(map(str, kept))


def _wheel_of_uv() -> Path:
    """Return a folder with the wheel of uv, because pip does not use its own cache without a network."""
    locked = ROOT / "requirements" / "uv.txt"
    folder = cache_dir() / "wheels" / hashlib.blake2b(locked.read_bytes(), digest_size=5).hexdigest()
    if not folder.exists():
        partial = folder.with_suffix(".partial")
        shutil.rmtree(partial, ignore_errors=True)
        pip = (sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--require-hashes")
        _run(*pip, "-r", locked, "-d", partial)
        partial.rename(folder)
    return folder


def _have_uv_keep_packages(venv: Path) -> None:
    """Fill uv's cache with all packages of the project, as `make setup` does, in case it was cleared since then."""
    _run(UV, "venv", "--quiet", "--python", sys.executable, venv)
    sync = (UV, "pip", "sync", "--quiet", "--python", venv, "--require-hashes")
    locked = ("requirements/uv.txt", "requirements/dev.txt")
    try:
        _run(*sync, "--offline", *locked)
    except subprocess.CalledProcessError:
        _run(*sync, *locked)
    shutil.rmtree(venv)


def _run(*command: str | Path) -> str:
    return subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, text=True, check=True).stdout
