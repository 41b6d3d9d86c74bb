"""Which programs the sandbox builds, as one file, and which kubectl it uses. A script stands for the Go toolchain."""

from dataclasses import dataclass
from pathlib import Path

import pytest

from proxiedapp_sandbox.binaries import KUBE_VERSION, Binaries, control_plane
from proxiedapp_sandbox.kubectl import fits

PARTS = {"etcd.go", "kube-apiserver.go", "kube-controller-manager.go"}
GO = """#!/bin/sh
PATH=/usr/bin:/bin
if [ "$1" = list ]; then printf 'one\\ntwo\\n'; exit; fi
ls *.go >> "$BUILDS"
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

    def programs(self, *, own_kubectl: bool = False) -> Binaries:
        return control_plane(KUBE_VERSION, lambda *_: None, own_kubectl=own_kubectl)


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Machine:
    (tmp_path / "bin").mkdir()
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    monkeypatch.setenv("BUILDS", str(tmp_path / "builds"))
    monkeypatch.setenv("PROXIEDAPP_CACHE_DIR", str(tmp_path / "cache"))
    monkeypatch.delenv("KUBEBUILDER_ASSETS", raising=False)
    made = Machine(tmp_path)
    made.install("go", GO)
    return made


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
