from pathlib import Path
from typing import Any

import pytest

from proxiedapp_sandbox.node.containerconfig import ContainerConfig, PodFolder, container_config
from proxiedapp_sandbox.node.errors import NotStartableError
from proxiedapp_sandbox.node.images import Image
from proxiedapp_sandbox.node.shim.spec import Mount
from tests.unit.sandbox.node.samples import a_container, a_pod

IMAGE = Image("hello", Path("/images/hello"))
QUARTERS = PodFolder(
    netns=Path("/run/netns/n"),
    hostname="shop-1",
    scratch=Path("/v/u-1/scratch"),
    hosts=Path("/v/u-1/hosts"),
    resolver=Path("/v/u-1/resolv.conf"),
    volumes=Path("/v/u-1/volumes"),
)
VOLUMES = [{"name": "tmp", "emptyDir": {}}, {"name": "conf", "configMap": {"name": "conf"}}]


def made(variables: dict[str, str] | None = None, **fields: Any) -> ContainerConfig:
    spec = a_container(**fields)
    pod = a_pod(spec, volumes=VOLUMES)
    return container_config(
        spec, pod, IMAGE, variables or {}, QUARTERS, default_bin=Path("/venv/bin"), host_path="/usr/bin:/bin"
    )


def test_command_and_args_are_unchanged_except_for_references() -> None:
    command = made({"PORT": "80"}, command=["serve", "a b", "$(PORT)"], args=["$$(PORT)", "$(NO)"]).process
    assert command.argv == ["serve", "a b", "80", "$(PORT)", "$(NO)"]


def test_args_alone_are_the_command() -> None:
    assert made(command=None, args=["serve", "now"]).process.argv == ["serve", "now"]


@pytest.mark.parametrize("words", [{"command": None}, {"command": [], "args": []}])
def test_a_missing_command_is_an_error(words: dict[str, Any]) -> None:
    with pytest.raises(NotStartableError, match="set the container's command") as raised:
        made(**words)
    assert raised.value.reason == "CreateContainerError"


def test_the_environment_is_minimal_and_the_users_variables_win(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SUPERVISOR_ONLY", "1")
    env = made({"A": "1", "LANG": "de_DE.UTF-8"}).process.env
    assert env == {
        "PATH": "/venv/bin:/usr/bin:/bin",
        "HOME": "/",
        "HOSTNAME": "shop-1",
        "LANG": "de_DE.UTF-8",
        "PYTHONUNBUFFERED": "1",
        "PYTHONDONTWRITEBYTECODE": "1",
        "A": "1",
    }


@pytest.mark.parametrize(
    ("given", "workdir"),
    [(None, "/images/hello"), ("/srv", "/srv"), ("sub", "/images/hello/sub"), ("", "/images/hello")],
)
def test_the_image_is_the_working_directory_unless_another_is_given(given: str | None, workdir: str) -> None:
    assert made(workingDir=given).process.workdir == workdir


def test_mounts_are_the_volumes_and_the_names_of_the_pod() -> None:
    mounts = made(
        {"WHO": "me"},
        volumeMounts=[
            {"name": "tmp", "mountPath": "/scratch"},
            {"name": "tmp", "mountPath": "/ro", "readOnly": True},
            {"name": "tmp", "mountPath": "/mine", "subPathExpr": "of/$(WHO)"},
            {"name": "conf", "mountPath": "/etc/app.ini", "subPath": "app.ini"},
        ],
    ).isolation.mounts
    assert mounts == [
        Mount("/v/u-1/hosts", "/etc/hosts", read_only=True),
        Mount("/v/u-1/resolv.conf", "/etc/resolv.conf", read_only=True),
        Mount("/v/u-1/volumes/tmp", "/scratch", read_only=False),
        Mount("/v/u-1/volumes/tmp", "/ro", read_only=True),
        Mount("/v/u-1/volumes/tmp/of/me", "/mine", read_only=False),
        Mount("/v/u-1/volumes/conf/app.ini", "/etc/app.ini", read_only=True),
    ]


@pytest.mark.parametrize("path", ["..", "../x", "a/../../x", "/etc"])
def test_a_sub_path_stays_in_its_volume(path: str) -> None:
    with pytest.raises(NotStartableError, match="points outside its volume"):
        made({"P": path}, volumeMounts=[{"name": "tmp", "mountPath": "/scratch", "subPathExpr": "$(P)"}])


@pytest.mark.parametrize(
    ("context", "read_only"), [(None, False), ({}, False), ({"readOnlyRootFilesystem": True}, True)]
)
def test_the_root_is_read_only_if_the_spec_asks_for_it(context: dict[str, bool] | None, *, read_only: bool) -> None:
    assert made(securityContext=context).isolation.read_only is read_only


def test_image_and_programs_stay_visible_under_any_mount() -> None:
    assert made().isolation.visible[:2] == ["/images/hello", "/venv"]
