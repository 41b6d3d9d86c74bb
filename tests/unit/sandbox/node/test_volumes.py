from pathlib import Path
from typing import Any

import pytest

from proxiedapp_sandbox.node.environment import SourceRef
from proxiedapp_sandbox.node.errors import NotStartableError
from proxiedapp_sandbox.node.volumes import (
    CLAIM,
    TOKEN,
    VolumeFile,
    volume_files,
    volume_sources,
    writable_by_pod,
    write_volume,
)
from tests.unit.sandbox.node.samples import a_container, a_pod, fields_of

HELD = {
    SourceRef("ConfigMap", "conf"): {"a": b"alpha", "b": b"beta"},
    SourceRef("Secret", "secret"): {"pw": b"\x00\xff"},
    SourceRef("ConfigMap", "kube-root-ca.crt"): {"ca.crt": b"certificate"},
    SourceRef(TOKEN, "me"): {"": b"token"},
    SourceRef(CLAIM, "data"): {"uid": b"1"},
}
POD = fields_of(a_pod(a_container(resources={"limits": {"cpu": "2"}})))


@pytest.mark.parametrize(
    ("volume", "files"),
    [
        pytest.param({"emptyDir": {}}, {}, id="emptyDir"),
        pytest.param({"persistentVolumeClaim": {"claimName": "data"}}, {}, id="claim"),
        pytest.param(
            {"configMap": {"name": "conf", "defaultMode": 0o640}},
            {"a": VolumeFile(b"alpha", 0o640), "b": VolumeFile(b"beta", 0o640)},
            id="configMap",
        ),
        pytest.param(
            {"configMap": {"name": "conf", "items": [{"key": "a", "path": "sub/x", "mode": 0o400}]}},
            {"sub/x": VolumeFile(b"alpha", 0o400)},
            id="items",
        ),
        pytest.param({"configMap": {"name": "no", "optional": True}}, {}, id="optional"),
        pytest.param({"secret": {"secretName": "secret"}}, {"pw": VolumeFile(b"\x00\xff", 0o644)}, id="secret"),
        pytest.param(
            {"downwardAPI": {"items": [{"path": "labels", "fieldRef": {"fieldPath": "metadata.labels"}}]}},
            {"labels": VolumeFile(b'app="shop"', 0o644)},
            id="labels",
        ),
        pytest.param(
            {"downwardAPI": {"items": [{"path": "notes", "fieldRef": {"fieldPath": "metadata.annotations"}}]}},
            {"notes": VolumeFile(rb'note="say \"hi\"\nagain"', 0o644)},
            id="annotations, escaped",
        ),
        pytest.param(
            {
                "downwardAPI": {
                    "items": [{"path": "c", "resourceFieldRef": {"containerName": "app", "resource": "limits.cpu"}}]
                }
            },
            {"c": VolumeFile(b"2", 0o644)},
            id="a container's resources",
        ),
        pytest.param(
            {
                "projected": {
                    "defaultMode": 0o444,
                    "sources": [
                        {"serviceAccountToken": {"path": "token", "audience": "me"}},
                        {"configMap": {"name": "conf", "items": [{"key": "a", "path": "a"}]}},
                        {"configMap": {"name": "kube-root-ca.crt", "items": [{"key": "ca.crt", "path": "ca.crt"}]}},
                        {"secret": {"name": "secret"}},
                        {"downwardAPI": {"items": [{"path": "ns", "fieldRef": {"fieldPath": "metadata.namespace"}}]}},
                    ],
                }
            },
            {
                "token": VolumeFile(b"token", 0o444),
                "a": VolumeFile(b"alpha", 0o444),
                "ca.crt": VolumeFile(b"certificate", 0o444),
                "pw": VolumeFile(b"\x00\xff", 0o444),
                "ns": VolumeFile(b"default", 0o444),
            },
            id="projected, as the admission of service accounts makes it",
        ),
    ],
)
def test_files_of_a_volume(volume: dict[str, Any], files: dict[str, VolumeFile]) -> None:
    assert volume_files({"name": "v", **volume}, POD, HELD) == files


@pytest.mark.parametrize(
    ("volume", "problem"),
    [
        pytest.param({"configMap": {"name": "no"}}, 'ConfigMap "no" for a volume not found', id="missing"),
        pytest.param(
            {"persistentVolumeClaim": {"claimName": "no"}},
            'PersistentVolumeClaim "no" for a volume not found',
            id="missing claim",
        ),
        pytest.param(
            {"secret": {"secretName": "secret", "items": [{"key": "k", "path": "k"}]}},
            'Secret "secret" has no key "k"',
            id="missing key",
        ),
        pytest.param(
            {"hostPath": {"path": "/etc"}},
            r"'v' \(hostPath\) is not supported by the sandbox: use one of emptyDir, ",
            id="not offered",
        ),
    ],
)
def test_a_volume_that_cannot_be_filled_keeps_the_pod_waiting(volume: dict[str, Any], problem: str) -> None:
    with pytest.raises(NotStartableError, match=problem):
        volume_files({"name": "v", **volume}, POD, HELD)


def test_all_sources_are_known_in_advance() -> None:
    volume = {
        "projected": {
            "sources": [
                {"serviceAccountToken": {"path": "token"}},
                {"configMap": {"name": "conf"}},
                {"secret": {"name": "secret"}},
                {"downwardAPI": {"items": []}},
            ]
        }
    }
    assert volume_sources(volume) == {
        SourceRef(TOKEN, ""),
        SourceRef("ConfigMap", "conf"),
        SourceRef("Secret", "secret"),
    }
    assert volume_sources({"name": "v", "emptyDir": {}}) == set()
    assert volume_sources({"name": "v", "persistentVolumeClaim": {"claimName": "a"}}) == {SourceRef(CLAIM, "a")}


@pytest.mark.parametrize(
    ("volume", "writable"),
    [
        ({"emptyDir": {}}, True),
        ({"persistentVolumeClaim": {"claimName": "a"}}, True),
        ({"persistentVolumeClaim": {"claimName": "a", "readOnly": True}}, False),
        ({"configMap": {"name": "a"}}, False),
    ],
)
def test_which_volumes_containers_may_write_to(volume: dict[str, Any], *, writable: bool) -> None:
    assert writable_by_pod(volume) is writable


def test_every_user_may_write_to_a_volume(tmp_path: Path) -> None:
    write_volume(tmp_path / "v", {"sub/x": VolumeFile(b"1", 0o400)})
    assert (tmp_path / "v" / "sub" / "x").read_bytes() == b"1"
    assert (tmp_path / "v").stat().st_mode & 0o777 == 0o777
    assert (tmp_path / "v" / "sub" / "x").stat().st_mode & 0o777 == 0o400
