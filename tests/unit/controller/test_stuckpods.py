"""Pods whose containers are not created on their node, and the Events that have the cause."""

from datetime import timedelta
from typing import Any

import pytest

from proxiedapp.api.reasons import Reason
from proxiedapp.controller.stuckpods import of_stuck_pod, stuck_pod
from tests.support.clock import START

CREATING = {"waiting": {"reason": "ContainerCreating"}}
INITIALIZING = {"waiting": {"reason": "PodInitializing"}}
RUNNING: dict[str, Any] = {"running": {}}


def pod(*states: dict[str, Any], waited: float = 60, scheduled: str = "True", **metadata: str) -> dict[str, Any]:
    since = (START - timedelta(seconds=waited)).isoformat()
    conditions = [{"type": "PodScheduled", "status": scheduled, "lastTransitionTime": since}]
    first, *rest = states
    status = {"conditions": conditions, "containerStatuses": [{"name": "app", "state": first}]}
    inits = [{"name": f"init-{index}", "state": state} for index, state in enumerate(rest)]
    return {"metadata": {"uid": "pod-1"} | metadata, "status": status | {"initContainerStatuses": inits}}


@pytest.mark.parametrize(
    ("found", "stuck"),
    [
        pytest.param(pod(CREATING), True, id="on a node"),
        pytest.param(pod(INITIALIZING, INITIALIZING), True, id="with init containers"),
        pytest.param(pod(CREATING, waited=9), False, id="not for long"),
        pytest.param(pod(INITIALIZING, RUNNING), False, id="an init container works"),
        pytest.param(pod(RUNNING), False, id="running"),
        pytest.param(pod(CREATING, scheduled="False"), False, id="not on a node"),
        pytest.param(pod(CREATING, deletionTimestamp="2026-01-01T00:00:00Z"), False, id="deleted"),
    ],
)
def test_pod_is_stuck_if_its_containers_are_not_created(found: dict[str, Any], stuck: bool) -> None:
    assert stuck_pod([found], START) == ("pod-1" if stuck else None)


@pytest.mark.parametrize(
    ("events", "message"),
    [
        pytest.param(
            [("FailedMount", 'MountVolume.SetUp failed for volume "config" : configmap "shop" not found')],
            'Volume config cannot be mounted: configmap "shop" not found.',
            id="ConfigMap",
        ),
        pytest.param(
            [
                ("FailedMount", "Unable to attach or mount volumes: unmounted volumes=[data]: timed out"),
                ("FailedMount", 'MountVolume.MountDevice failed for volume "data" : rpc error:\n no such file.'),
            ],
            "Volume data cannot be mounted: rpc error: no such file.",
            id="the Event with the cause",
        ),
        pytest.param(
            [("FailedCreatePodSandBox", 'Failed to create pod sandbox: pod "shop-5c" network: no IP left')],
            "The node cannot create a sandbox for the pods",
            id="sandbox, without the name of the pod",
        ),
        pytest.param([("BackOff", "Back-off pulling image")], None, id="another Event"),
        pytest.param([], None, id="none"),
    ],
)
def test_cause_is_read_from_the_events(events: list[tuple[str, str]], message: str | None) -> None:
    found = of_stuck_pod({"reason": reason, "note": note} for reason, note in events)
    assert (None if found is None else found.message[: len(message or "")]) == message
    assert found is None or found.reason is Reason.CONTAINER_NOT_MADE
    assert found is None or "shop-5c" not in found.message
