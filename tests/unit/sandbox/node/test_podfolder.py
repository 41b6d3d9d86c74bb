from pathlib import Path
from typing import Any

import pytest

from proxiedapp_sandbox.node.containerconfig import PodFolder
from proxiedapp_sandbox.node.environment import SourceContents, SourceRef
from proxiedapp_sandbox.node.errors import NotStartableError
from proxiedapp_sandbox.node.podfolder import make_folder, make_mount_sources, remove_folder
from proxiedapp_sandbox.node.shim.spec import Mount
from proxiedapp_sandbox.node.volumes import CLAIM
from tests.unit.sandbox.node.samples import a_pod, fields_of


def made(folder: Path, contents: SourceContents | None = None, **spec: Any) -> PodFolder:
    pod = fields_of(a_pod(**spec))
    return make_folder(folder / "u-1", Path("/run/netns/n"), pod, contents or {}, folder / "claims")


def test_a_pod_can_resolve_its_own_name_and_has_no_dns(tmp_path: Path) -> None:
    folder = made(tmp_path, hostAliases=[{"ip": "10.0.0.9", "hostnames": ["db", "db.example"]}])
    assert folder.hosts.read_text().splitlines() == [
        "127.0.0.1 localhost",
        "::1 localhost",
        "10.231.0.2 shop-1",
        "10.0.0.9 db db.example",
    ]
    assert folder.resolver.read_text() == ""
    assert list(folder.scratch.iterdir()) == []


@pytest.mark.parametrize(("given", "hostname"), [(None, "shop-1"), ("db", "db"), ("x" * 80, "x" * 63)])
def test_host_name(tmp_path: Path, given: str | None, hostname: str) -> None:
    assert made(tmp_path, hostname=given).hostname == hostname


def test_a_pod_folder_is_replaced_and_removed_completely(tmp_path: Path) -> None:
    volumes = [{"name": "v", "emptyDir": {}}]
    folder = made(tmp_path, volumes=volumes)
    (folder.volumes / "v" / "old").touch()
    assert list((made(tmp_path, volumes=volumes).volumes / "v").iterdir()) == []
    for _ in range(2):
        remove_folder(tmp_path / "u-1")
    assert list(tmp_path.iterdir()) == []


def test_data_of_a_claim_outlives_the_pod_but_not_the_claim(tmp_path: Path) -> None:
    volumes = [{"name": "v", "persistentVolumeClaim": {"claimName": "data"}}]

    def folder_of(uid: str) -> Path:
        return made(tmp_path, {SourceRef(CLAIM, "data"): {"uid": uid.encode()}}, volumes=volumes).volumes / "v"

    (folder_of("one") / "orders.sqlite").write_text("1")
    remove_folder(tmp_path / "u-1")
    assert (folder_of("one") / "orders.sqlite").read_text() == "1"
    assert folder_of("one").stat().st_mode & 0o777 == 0o777
    assert list(folder_of("another").iterdir()) == []
    assert not folder_of("one").readlink().is_absolute()


def test_nothing_is_written_for_a_pod_that_cannot_start(tmp_path: Path) -> None:
    with pytest.raises(NotStartableError):
        made(tmp_path, volumes=[{"name": "v", "configMap": {"name": "no"}}])
    assert list(tmp_path.iterdir()) == []


def test_missing_sub_paths_are_created(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    make_mount_sources([Mount(str(tmp_path / "file"), "/f"), Mount(str(tmp_path / "a" / "b"), "/d")])
    assert (tmp_path / "file").is_file()
    assert (tmp_path / "a" / "b").stat().st_mode & 0o777 == 0o777
