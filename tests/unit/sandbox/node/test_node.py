from typing import Any

import pytest

from proxiedapp_sandbox.node.node import schedulable
from tests.unit.sandbox.node.samples import a_pod


@pytest.mark.parametrize(
    ("spec", "waits"),
    [
        pytest.param({"nodeName": ""}, True, id="new"),
        pytest.param({"nodeName": "", "schedulerName": "default-scheduler"}, True, id="ours by name"),
        pytest.param({"nodeName": "", "schedulerName": "other"}, False, id="another scheduler's"),
        pytest.param({"nodeName": "", "schedulingGates": [{"name": "example.com/wait"}]}, False, id="held back"),
        pytest.param({"nodeName": "sandbox"}, False, id="bound already"),
    ],
)
def test_which_pods_are_schedulable(spec: dict[str, Any], *, waits: bool) -> None:
    assert schedulable(a_pod(**spec)) is waits


def test_a_deleted_pod_is_not_scheduled() -> None:
    pod = a_pod(nodeName="")
    pod["metadata"]["deletionTimestamp"] = "2026-05-01T12:00:00Z"
    assert not schedulable(pod)
