"""Which programs the sandbox builds, as one file, and which kubectl it uses. A script stands for the Go toolchain."""

import shutil
from dataclasses import dataclass
from pathlib import Path

import pytest

from proxiedapp_sandbox import binaries
from proxiedapp_sandbox.binaries import KUBE_VERSION, Binaries, control_plane
from proxiedapp_sandbox.controlplane import ControlPlane
from proxiedapp_sandbox.kubectl import fits

MODULE = Path(binaries.__file__).parent / "module"
PARTS = {"etcd.go", "kube-apiserver.go", "kube-controller-manager.go"}
GO = """#!/bin/sh
PATH=/usr/bin:/bin
case "$1 $2" in
list*) printf 'one\\ntwo\\n'; exit ;;
"mod download") echo '{"Dir": "'"$MODULES"'", "GoMod": "go.mod"}'; exit ;;
"mod edit") echo '{"Go": "1.26.0", "Replace": []}'; echo "$*" >> "$BUILDS.edits"; exit ;;
"mod tidy") exit ;;
esac
ls *.go >> "$BUILDS"
cp -r . "$BUILDS.source"
printf 'one\\ntwo\\n' >&2
while [ "$1" != -o ]; do shift; done
echo program > "$2"
"""
KUBECTL = """#!/bin/sh
echo '{"clientVersion": {"gitVersion": "%s"}}'
"""


@dataclass
class Machine:
    """A machine with Go and an empty cache folder."""

    folder: Path

    @property
    def built(self) -> list[str]:
        """The source files of all builds so far."""
        builds = self.folder / "builds"
        return builds.read_text().split() if builds.exists() else []

    def install(self, name: str, text: str) -> Path:
        program = self.folder / "bin" / name
        program.write_text(text)
        program.chmod(0o755)
        return program

    @property
    def source(self) -> Path:
        """A copy of the folder that was built last."""
        return self.folder / "builds.source"

    def programs(self, version: str = KUBE_VERSION, *, own_kubectl: bool = False) -> Binaries:
        shutil.rmtree(self.source, ignore_errors=True)
        return control_plane(version, lambda *_: None, own_kubectl=own_kubectl)


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Machine:
    (tmp_path / "bin").mkdir()
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    monkeypatch.setenv("BUILDS", str(tmp_path / "builds"))
    monkeypatch.setenv("MODULES", str(tmp_path / "modules"))
    monkeypatch.setenv("PROXIEDAPP_CACHE_DIR", str(tmp_path / "cache"))
    monkeypatch.delenv("KUBEBUILDER_ASSETS", raising=False)
    made = Machine(tmp_path)
    made.install("go", GO)
    for name in ("policy.go", "policy_test_context.go"):
        file = tmp_path / "modules" / "policy" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.touch(mode=0o444)
    return made


def manager(machine: Machine) -> str:
    return (machine.source / "kube-controller-manager.go").read_text()


def names(folder: Path) -> set[str]:
    return {file.name for file in folder.iterdir()}


def test_all_programs_are_one_file_that_is_built_once(machine: Machine) -> None:
    programs = machine.programs()
    assert machine.built == sorted({*PARTS, "kubectl.go", "main.go"})
    assert names(programs.folder) == {"etcd", "kube-apiserver", "kube-controller-manager", "kubectl"}
    assert len({file.stat().st_ino for file in programs.folder.iterdir()}) == 1
    assert machine.programs() == programs
    assert len(machine.built) == len(PARTS) + 2


@pytest.mark.parametrize("version", ["v1.35.0", "v1.36.3-dispatcher", "v1.37.2+k3s1"])
def test_kubectl_on_path_that_fits_is_used(machine: Machine, version: str) -> None:
    kubectl = machine.install("kubectl", KUBECTL % version)
    programs = machine.programs()
    assert programs.kubectl == kubectl
    assert set(machine.built) == PARTS | {"main.go"}
    assert names(programs.folder) == {"etcd", "kube-apiserver", "kube-controller-manager"}


@pytest.mark.parametrize(
    "text",
    [KUBECTL % "v1.34.9", KUBECTL % "v2.36.3", KUBECTL % "unknown", "#!/bin/sh\necho []\n", "#!/bin/sh\nexit 1\n"],
    ids=["too old", "another major version", "no version", "no object", "an error"],
)
def test_kubectl_is_built_if_the_one_on_path_does_not_fit(machine: Machine, text: str) -> None:
    machine.install("kubectl", text)
    programs = machine.programs()
    assert programs.kubectl == programs.folder / "kubectl"
    assert "kubectl.go" in machine.built


def test_kubectl_that_goes_away_is_built_alone(machine: Machine) -> None:
    kubectl = machine.install("kubectl", KUBECTL % KUBE_VERSION)
    machine.programs()
    kubectl.unlink()
    before = len(machine.built)
    assert machine.programs().kubectl.exists()
    assert machine.built[before:] == ["kubectl.go", "main.go"]


def test_own_kubectl_is_built_beside_the_one_on_path(machine: Machine) -> None:
    machine.install("kubectl", KUBECTL % KUBE_VERSION)
    programs = machine.programs(own_kubectl=True)
    assert programs.kubectl == programs.folder / "kubectl"
    assert machine.programs().kubectl == programs.kubectl, "the one that was built is used from then on"


def test_programs_of_an_earlier_release_stay_in_use(machine: Machine) -> None:
    """Each of them was a file of its own."""
    folder = machine.programs().folder
    for file in folder.iterdir():
        file.unlink()
        file.write_text(f"{file.name}, linked apart")
    before = machine.built
    assert machine.programs().kube_apiserver.read_text() == "kube-apiserver, linked apart"
    assert machine.built == before


def test_default_version_has_only_the_controllers_that_the_sandbox_uses(machine: Machine) -> None:
    machine.programs()
    assert manager(machine) == (MODULE / "kube-controller-manager.go").read_text()
    machine.programs("v1.34.4")
    assert manager(machine) == (MODULE / "kube-controller-manager-stock.go").read_text()


def test_controllers_of_the_default_version_accept_the_flags_of_their_command(machine: Machine) -> None:
    plane = ControlPlane(machine.programs(), machine.folder, 1, 2, 3, "token", "192.0.2.1")
    flags = [str(flag).split("=")[0].removeprefix("--") for flag in plane.controller_manager(Path("kubeconfig"))[1:]]
    assert [flag for flag in flags if f'"{flag}"' not in manager(machine)] == []
    assert KUBE_VERSION in manager(machine), "its defaults are those of another version"


def test_programs_are_built_again_if_their_controllers_change(
    machine: Machine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before, other = machine.programs(), machine.programs("v1.34.4")
    changed = tmp_path / "changed"
    shutil.copytree(MODULE, changed)
    (changed / "kube-controller-manager.go").write_text("package main\n")
    monkeypatch.setattr(binaries, "_MODULE", changed)
    assert machine.programs().folder != before.folder
    assert manager(machine) == "package main\n"
    assert machine.programs("v1.34.4") == other, "which has all controllers, as before"


@pytest.mark.parametrize("version", [KUBE_VERSION, "v1.34.4"])
def test_fake_clients_for_tests_are_not_compiled(machine: Machine, version: str) -> None:
    machine.programs(version)
    assert names(machine.source / "apiserver" / "policy") == {"policy.go"}
    edits = (machine.folder / "builds.edits").read_text().splitlines()
    assert edits[-1] == "mod edit -replace k8s.io/apiserver=./apiserver"


def test_only_what_the_given_folder_lacks_is_built(
    machine: Machine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    given = tmp_path / "given"
    given.mkdir()
    for name in ("etcd", "kube-apiserver", "kubectl"):
        (given / name).touch()
    monkeypatch.setenv("KUBEBUILDER_ASSETS", str(given))
    programs = machine.programs()
    assert programs.kube_apiserver == given / "kube-apiserver"
    assert machine.built == ["kube-controller-manager.go", "main.go"]


def test_interrupted_build_of_other_parts_leaves_nothing(machine: Machine) -> None:
    source = machine.programs().folder / "source"
    source.mkdir()
    (source / "kubectl.go").touch()
    (source.parent / "etcd").unlink()
    before = len(machine.built)
    machine.programs()
    assert machine.built[before:] == ["etcd.go", "main.go"]
    assert not source.exists()


@pytest.mark.usefixtures("machine")
def test_steps_are_reported() -> None:
    shown: list[tuple[str, int, int]] = []
    control_plane(KUBE_VERSION, lambda *step: shown.append(step))
    (download, *_), (build, *first), (link, *last) = shown
    assert download == f"downloading the source of Kubernetes {KUBE_VERSION}"
    assert build.startswith(f"building Kubernetes {KUBE_VERSION} (only once; ")
    assert link == f"linking Kubernetes {KUBE_VERSION}"
    assert (first, last) == ([1, 2], [2, 2])


@pytest.mark.parametrize(
    ("client", "server", "fit"),
    [
        ("v1.36.0", "v1.36.3", True),
        ("v1.35.9", "v1.36.3", True),
        ("v1.37.0-rc.1", "v1.36.3", True),
        ("v1.34.4", "v1.36.3", False),
        ("v1.38.0", "v1.36.3", False),
        ("v2.36.0", "v1.36.3", False),
    ],
)
def test_kubectl_fits_within_one_minor_version(client: str, server: str, fit: bool) -> None:
    assert fits(client, server) is fit
