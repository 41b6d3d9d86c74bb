"""The programs of the control plane, built once from their Go modules and kept in the cache folder.

No package registry has a kube-apiserver, but its source is a Go module. For the default version, the module that builds
the programs is part of this package, with a go.sum that pins the hash of each dependency. For another version it is
generated from the go.mod of Kubernetes. All programs are one file with several names, so that it is linked once. Parts
that the sandbox does not use are not compiled.
"""

import hashlib
import json
import os
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from proxiedapp_sandbox.gobuild import build_lock, downloaded, go, go_build, stale_packages
from proxiedapp_sandbox.kubectl import kubectl_on_path
from proxiedapp_sandbox.paths import cache_dir

KUBE_VERSION: Final = "v1.36.3"

_MODULE: Final = Path(__file__).parent / "module"
_PACKAGES: Final = {
    "etcd": "go.etcd.io/etcd/server/v3",
    "kube-apiserver": "k8s.io/kubernetes/cmd/kube-apiserver",
    "kube-controller-manager": "k8s.io/kubernetes/cmd/kube-controller-manager",
    "kubectl": "k8s.io/kubernetes/cmd/kubectl",
}
"""The package of each program. `module/` has a file of the same name that runs it as a part of one program.

kube-controller-manager.go has the controllers that the sandbox uses, and needs the default version of Kubernetes. Other
versions are built with kube-controller-manager-stock.go, which has all of them.
"""
_FOR_TESTS: Final = "policy_test_context.go"
"""A file of k8s.io/apiserver for its tests, with which each API server is compiled, and with 57 fake clients."""

Progress = Callable[[str, int, int], None]
"""Called with the current step, the number of finished parts of it, and their total; 0 is unknown."""


@dataclass(frozen=True, slots=True)
class Binaries:
    """The paths of the programs."""

    folder: Path
    etcd: Path
    kube_apiserver: Path
    kube_controller_manager: Path
    kubectl: Path


def control_plane(version: str, progress: Progress, *, own_kubectl: bool = False) -> Binaries:
    """Return the programs of a Kubernetes version such as v1.36.3, built if necessary; raises SandboxError.

    Programs in the folder KUBEBUILDER_ASSETS are used instead, whatever their version. If kubectl has not been built,
    one on PATH that fits this version is used, unless it must be `own_kubectl`, in the folder of the others.
    """
    folder = cache_dir() / "kube" / f"{version}-{_recipe_hash(version)}"
    given = os.environ.get("KUBEBUILDER_ASSETS")
    found = {name: Path(given) / name for name in _PACKAGES if given and (Path(given) / name).exists()}
    programs = {name: folder / name for name in _PACKAGES} | found
    if not own_kubectl and not programs["kubectl"].exists():
        programs["kubectl"] = kubectl_on_path(version) or programs["kubectl"]
    if _missing(programs):
        with build_lock(cache_dir()):
            if names := _missing(programs):
                _build(version, names, folder, progress)
    return Binaries(
        folder,
        programs["etcd"],
        programs["kube-apiserver"],
        programs["kube-controller-manager"],
        programs["kubectl"],
    )


def _missing(programs: dict[str, Path]) -> list[str]:
    return [name for name, program in programs.items() if not program.exists()]


def _build(version: str, names: list[str], folder: Path, progress: Progress) -> None:
    """Build one program of these parts, and give it their names."""
    source, built = folder / "source", folder / "control-plane"
    shutil.rmtree(source, ignore_errors=True)  # an interrupted build may have had other parts
    source.mkdir(parents=True)
    progress(f"downloading the source of Kubernetes {version}", 0, 0)
    _write_module(version, names, source)
    _compile(version, source, built, progress)
    for name in names:
        (folder / name).hardlink_to(built)
    built.unlink()
    shutil.rmtree(source)


def _compile(version: str, source: Path, output: Path, progress: Progress) -> None:
    what = f"building Kubernetes {version} (only once; 5 to 10 minutes on two cores)"
    # The linker leaves out debug information (-w), so the compiler need not write it.
    flags = ["-trimpath", "-gcflags=all=-dwarf=false", "-ldflags", _version_flags(version)]
    total = stale_packages(*flags, ".", cwd=source)

    def compiled(count: int) -> None:
        progress(what if count < total else f"linking Kubernetes {version}", min(count, total), total)

    go_build(f"Kubernetes {version}", *flags, "-o", output, ".", cwd=source, compiled=compiled)


def _write_module(version: str, names: list[str], folder: Path) -> None:
    """Write a Go module whose program has these parts, in this Kubernetes version."""
    for name in ("main", *names):
        stock = _MODULE / f"{name}-stock.go"
        chosen = stock if version != KUBE_VERSION and stock.exists() else _MODULE / f"{name}.go"
        shutil.copy(chosen, folder / f"{name}.go")
    if version == KUBE_VERSION:
        shutil.copy(_MODULE / "go.mod", folder)
        shutil.copy(_MODULE / "go.sum", folder)
    else:
        _write_go_mod(version, folder)
    _leave_out_fake_clients(folder)


def _write_go_mod(version: str, folder: Path) -> None:
    kubernetes = downloaded("k8s.io/kubernetes", version)
    upstream = json.loads(go("mod", "edit", "-json", kubernetes["GoMod"], cwd=folder))
    staging = [entry["Old"]["Path"] for entry in upstream["Replace"] if entry["New"]["Path"].startswith("./staging/")]
    replaced = "".join(f"\t{path} => {path} v0{version[2:]}\n" for path in staging)
    (folder / "go.mod").write_text(
        f"module controlplane\n\ngo {upstream['Go']}\n\nrequire k8s.io/kubernetes {version}\n\nreplace (\n{replaced})\n"
    )
    go("mod", "tidy", cwd=folder)


def _leave_out_fake_clients(folder: Path) -> None:
    """Replace k8s.io/apiserver, verified against go.sum, by a copy without its file for tests."""
    module = "k8s.io/apiserver"
    source = Path(json.loads(go("mod", "download", "-json", module, cwd=folder))["Dir"])
    for file in source.rglob("*"):
        if file.is_file() and file.name != _FOR_TESTS:
            copy = folder / "apiserver" / file.relative_to(source)
            copy.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(file, copy)  # without the mode, which lets no one delete it
    go("mod", "edit", "-replace", f"{module}=./apiserver", cwd=folder)


def _version_flags(version: str) -> str:
    """Return linker flags that set the version, which is v0.0.0-master otherwise (`component-base/version/base.go`)."""
    major, minor = version.removeprefix("v").split(".")[:2]
    package = "k8s.io/component-base/version"
    return f"-s -w -X {package}.gitVersion={version} -X {package}.gitMajor={major} -X {package}.gitMinor={minor}"


def _recipe_hash(version: str) -> str:
    """Return a hash of what decides how the programs behave.

    How they are compiled and linked is not part of it, so that what earlier releases have built stays in use.
    """
    recipe = [_version_flags(version), *(f"{name}={package}" for name, package in _PACKAGES.items())]
    if version == KUBE_VERSION:
        recipe += [(_MODULE / name).read_text() for name in ("go.mod", "kube-controller-manager.go")]
    return hashlib.blake2b("\n".join(recipe).encode(), digest_size=5).hexdigest()
