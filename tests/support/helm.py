"""Helm 3 and Helm 4, each built once from its Go module, and the chart as they render it.

A module carries its own go.sum, by which Go checks everything else that goes into the program.
`python -m tests.support.helm` builds both and says how far it is.
"""

import fcntl
import hashlib
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import yaml

from proxiedapp.sandbox.errors import SandboxError
from proxiedapp.sandbox.paths import cache_dir
from proxiedapp.sandbox.toolchain import find_go
from tests.support.gomodules import Pin, go, go_env

HELMS: Final = ("helm3", "helm4")
CHART: Final = Path(__file__).parents[2] / "helm" / "proxiedapp"
KUBE_VERSION: Final = "1.36"
"""Of the cluster that `helm template` and `helm lint` think of, which Helm 3 else takes for 1.20."""

Progress = Callable[[str, int, int], None]
"""Told what is being done, and how many packages of how many are compiled."""


def helm_program(name: str, progress: Progress = lambda *_: None) -> Path:
    """Return the program of `helm3` or `helm4`, built if need be; raises SandboxError."""
    pin = Pin.of(name)
    recipe = hashlib.blake2b(" ".join([pin.sum, _linker_flags(pin)]).encode(), digest_size=5).hexdigest()
    program = cache_dir() / "helm" / f"{pin.version}-{recipe}" / "helm"
    if not program.exists():
        with _one_at_a_time():
            if not program.exists():
                _build(pin, program, progress)
    return program


class Helm:
    """One Helm, with nothing of the user's: its settings, plugins and repositories are in `folder`."""

    def __init__(self, name: str, folder: Path, kubeconfig: Path | None = None) -> None:
        self.name = name
        self._program = helm_program(name)
        self._env = {
            "PATH": os.environ["PATH"],
            "HOME": str(folder),
            "HELM_CACHE_HOME": str(folder / "cache"),
            "HELM_CONFIG_HOME": str(folder / "config"),
            "HELM_DATA_HOME": str(folder / "data"),
            "KUBECONFIG": str(kubeconfig or folder / "no-cluster"),
        }

    def run(self, *arguments: str | Path) -> subprocess.CompletedProcess[str]:
        command: list[str | Path] = [self._program, *arguments]
        return subprocess.run(command, env=self._env, capture_output=True, text=True, timeout=300, check=False)

    def __call__(self, *arguments: str | Path) -> str:
        """Run Helm and return what it prints; it must succeed."""
        done = self.run(*arguments)
        assert done.returncode == 0, f"{self.name} {' '.join(map(str, arguments))}: {done.stderr}{done.stdout}"
        return done.stdout

    def rendered(self, *options: str | Path) -> list[dict[str, Any]]:
        """Return the objects that the chart becomes under the names that the manifests have, in a fixed order."""
        text = self(
            "template", "proxiedapp", CHART, "-n", "proxiedapp-system", "--kube-version", KUBE_VERSION, *options
        )
        return objects(text)


def objects(text: str) -> list[dict[str, Any]]:
    """Return the objects of a rendered chart or a kustomization, by kind, namespace and name."""
    return sorted((each for each in yaml.load_all(text, yaml.CSafeLoader) if each), key=_place)


def _place(manifest: dict[str, Any]) -> tuple[str, str, str]:
    metadata = manifest["metadata"]
    return manifest["kind"], metadata.get("namespace", ""), metadata["name"]


def _build(pin: Pin, program: Path, progress: Progress) -> None:
    """Build in the module's own folder, where its go.mod and go.sum decide."""
    title = f"Helm {pin.version}"
    progress(f"fetching the source of {title}", 0, 0)
    source = pin.source()
    stale = go("list", "-deps", "-f", "{{if .Stale}}{{.ImportPath}}{{end}}", "./cmd/helm", cwd=source).split()
    program.parent.mkdir(parents=True, exist_ok=True)
    partial = program.with_suffix(".partial")
    flags = ["-v", "-trimpath", "-ldflags", _linker_flags(pin)]
    with subprocess.Popen(
        [find_go(), "build", *flags, "-o", partial, "./cmd/helm"],
        cwd=source,
        env=go_env(),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        lines: list[str] = []
        try:
            for line in process.stderr or ():
                lines.append(line.rstrip())
                progress(f"building {title} (once; some minutes)", min(len(lines), len(stale)), len(stale))
        except BaseException:
            process.kill()
            raise
    if process.returncode:
        raise SandboxError(f"building {title} failed: {' / '.join(lines[-3:])}")
    partial.replace(program)


def _linker_flags(pin: Pin) -> str:
    return f"-s -w -X {pin.module}/internal/version.version={pin.version}"


@contextmanager
def _one_at_a_time() -> Iterator[None]:
    folder = cache_dir() / "helm"
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "build.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


class _Printed:
    """Progress as lines, a new one for each tenth."""

    def __init__(self) -> None:
        self._last = ""

    def __call__(self, what: str, done: int, total: int) -> None:
        line = f"{what}: {100 * done // total // 10 * 10} %" if total else what
        if line != self._last:
            self._last = line
            sys.stderr.write(f"{line}\n")


if __name__ == "__main__":
    try:
        for each in HELMS:
            helm_program(each, _Printed())
    except SandboxError as problem:
        sys.exit(f"tests.support.helm: {problem}")
