"""Helm 3 and Helm 4, each built once from its Go module of one version and one checksum (helm.json).

A module carries its own go.sum, by which Go checks everything else that goes into the program. To take another version,
`go mod download -json MODULE@VERSION` prints the Sum. `python -m tests.support.helm` builds both and says how far it
is.
"""

import fcntl
import hashlib
import json
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

PINS: Final = Path(__file__).with_suffix(".json")
CHART: Final = Path(__file__).parents[2] / "helm" / "proxiedapp"
KUBE_VERSION: Final = "1.36"
"""Of the cluster that `helm template` and `helm lint` think of, which Helm 3 else takes for 1.20."""

Progress = Callable[[str, int, int], None]
"""Told what is being done, and how many packages of how many are compiled."""


def pins() -> dict[str, dict[str, str]]:
    """Return module, version and checksum of each Helm, by its name here."""
    pinned: dict[str, dict[str, str]] = json.loads(PINS.read_text())
    return pinned


def helm_program(name: str, progress: Progress = lambda *_: None) -> Path:
    """Return the program of `helm3` or `helm4`, built if need be; raises SandboxError."""
    pin = pins()[name]
    recipe = hashlib.blake2b(" ".join([pin["sum"], _linker_flags(pin)]).encode(), digest_size=5).hexdigest()
    program = cache_dir() / "helm" / f"{pin['version']}-{recipe}" / "helm"
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
        assert done.returncode == 0, f"{self.name} {' '.join(map(str, arguments))}: {done.stderr}"
        return done.stdout

    def template(
        self, values: Path | None = None, *, release: str = "proxiedapp", namespace: str = "proxiedapp-system"
    ) -> str:
        """Return what the chart is rendered to."""
        given = () if values is None else ("--values", values)
        return self(
            "template",
            release,
            CHART,
            "--namespace",
            namespace,
            "--kube-version",
            KUBE_VERSION,
            *given,
            "--include-crds",
        )


def objects(rendered: str) -> list[dict[str, Any]]:
    """Return the objects of a rendered chart or a kustomization."""
    return [document for document in yaml.load_all(rendered, yaml.CSafeLoader) if document]


def _build(pin: dict[str, str], program: Path, progress: Progress) -> None:
    """Build in the module's own folder, where its go.mod and go.sum decide."""
    title = f"Helm {pin['version']}"
    progress(f"fetching the source of {title}", 0, 0)
    module = json.loads(_go("mod", "download", "-json", f"{pin['module']}@{pin['version']}"))
    if module["Sum"] != pin["sum"]:
        raise SandboxError(f"{title} has the checksum {module['Sum']}, not {pin['sum']} as {PINS.name} says")
    source = Path(module["Dir"])
    stale = _go("list", "-deps", "-f", "{{if .Stale}}{{.ImportPath}}{{end}}", "./cmd/helm", cwd=source).split()
    program.parent.mkdir(parents=True, exist_ok=True)
    partial = program.with_suffix(".partial")
    command: list[str | Path] = [
        find_go(),
        "build",
        "-v",
        "-trimpath",
        "-ldflags",
        _linker_flags(pin),
        "-o",
        partial,
        "./cmd/helm",
    ]
    with subprocess.Popen(
        command, cwd=source, env=_go_env(), stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
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


def _linker_flags(pin: dict[str, str]) -> str:
    return f"-s -w -X {pin['module']}/internal/version.version={pin['version']}"


def _go(*arguments: str, cwd: Path | None = None) -> str:
    try:
        done = subprocess.run(
            [find_go(), *arguments], cwd=cwd, env=_go_env(), capture_output=True, text=True, timeout=900, check=True
        )
    except subprocess.TimeoutExpired as error:
        raise SandboxError(f"`go {arguments[0]}` did not end within 15 minutes; is the network there?") from error
    except subprocess.CalledProcessError as error:
        said = (error.stderr.strip() or error.stdout.strip()).splitlines()
        raise SandboxError(f"`go {' '.join(arguments[:2])}` failed: {' / '.join(said[-3:])}") from error
    return done.stdout


def _go_env() -> dict[str, str]:
    return os.environ | {"CGO_ENABLED": "0", "GOWORK": "off"}


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
        self._last = ("", -1)

    def __call__(self, what: str, done: int, total: int) -> None:
        tenth = 10 * done // total if total else 0
        if (what, tenth) != self._last:
            self._last = (what, tenth)
            sys.stderr.write(f"{what}: {tenth}0 %\n" if total else f"{what}\n")


if __name__ == "__main__":
    try:
        for each in pins():
            helm_program(each, _Printed())
    except SandboxError as problem:
        sys.exit(f"tests.support.helm: {problem}")
