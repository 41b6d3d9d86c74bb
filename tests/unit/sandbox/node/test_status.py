from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from proxiedapp.kube.manifest import Manifest
from proxiedapp_sandbox.node.status import (
    ContainerFacts,
    PodFacts,
    Running,
    Terminated,
    Waiting,
    differs,
    pod_phase,
    pod_status,
)
from tests.unit.sandbox.node.samples import NOW, a_container, a_pod

LATER = NOW + timedelta(seconds=90)
NEW = ContainerFacts("app", "sandbox.local/hello:1")
UP = replace(NEW, state=Running(NOW), container_id="process://1", started=True, ready=True)
DONE = replace(NEW, state=Terminated(0, "Completed", "", NOW, LATER, "process://1"))
FAILURE = Terminated(3, "Error", "one\ntwo", NOW, LATER, "process://1")
FAILED = replace(NEW, state=FAILURE)
BACK_OFF = replace(NEW, state=Waiting("CrashLoopBackOff", "back-off 2s"), last=FAILURE, restarts=1)
STEP = a_container("step")
SIDECAR = a_container("side", restartPolicy="Always")


def facts(*main: ContainerFacts, init: tuple[ContainerFacts, ...] = (), terminating: bool = False) -> PodFacts:
    return PodFacts("10.231.0.1", "10.231.0.2", NOW, init, main, terminating)


def conditions(pod: Manifest, given: PodFacts) -> dict[str, str]:
    return {each["type"]: each["status"] for each in pod_status(pod, given, NOW)["conditions"]}


@pytest.mark.parametrize(
    ("policy", "init", "main", "terminating", "phase"),
    [
        pytest.param("Always", (), (NEW,), False, "Pending", id="nothing has started"),
        pytest.param("Always", (), (NEW, UP), False, "Running", id="one of two has started"),
        pytest.param("Always", (), (BACK_OFF,), False, "Running", id="between two runs"),
        pytest.param("Always", (), (FAILED,), True, "Failed", id="deleted after a failure"),
        pytest.param("Always", (), (DONE,), True, "Succeeded", id="deleted after an orderly end"),
        pytest.param("Always", (), (UP,), True, "Running", id="being deleted"),
        pytest.param("Never", (), (DONE, FAILED), False, "Failed", id="one of two failed for good"),
        pytest.param("Never", (), (DONE, UP), False, "Running", id="one of two goes on"),
        pytest.param("OnFailure", (), (DONE, DONE), False, "Succeeded", id="all done"),
        pytest.param("Never", (FAILED, UP), (NEW,), False, "Failed", id="an init container failed for good"),
        pytest.param("Always", (FAILED, UP), (NEW,), False, "Pending", id="an init container will be tried again"),
    ],
)
def test_phase(
    policy: str,
    init: tuple[ContainerFacts, ...],
    main: tuple[ContainerFacts, ...],
    terminating: bool,
    phase: str,
) -> None:
    pod = a_pod(restartPolicy=policy, initContainers=[STEP, SIDECAR] if init else None)
    assert pod_phase(pod, facts(*main, init=init, terminating=terminating)) == phase


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        pytest.param(facts(NEW), "Initialized ~ContainersReady ~Ready", id="new"),
        pytest.param(facts(UP), "Initialized ContainersReady Ready", id="up"),
        pytest.param(facts(replace(UP, ready=False)), "Initialized ~ContainersReady ~Ready", id="not ready"),
        pytest.param(facts(UP, terminating=True), "Initialized ContainersReady ~Ready", id="being deleted"),
    ],
)
def test_conditions(given: PodFacts, expected: str) -> None:
    found = conditions(a_pod(), given)
    words = [kind if status == "True" else f"~{kind}" for kind, status in found.items()]
    assert " ".join(words) == f"PodScheduled {expected}"


def test_a_pod_is_initialized_once_init_containers_succeeded_and_sidecars_started() -> None:
    pod = a_pod(initContainers=[STEP, SIDECAR])
    step, side = replace(DONE, ready=True), replace(UP, ready=False)
    assert conditions(pod, facts(NEW, init=(NEW, NEW)))["Initialized"] == "False"
    assert conditions(pod, facts(NEW, init=(step, replace(side, started=False))))["Initialized"] == "False"
    assert conditions(pod, facts(NEW, init=(step, side)))["Initialized"] == "True"
    # A sidecar that restarts does not undo it, but its readiness is the pod's.
    again = conditions(pod, facts(UP, init=(step, replace(side, started=False))))
    assert (again["Initialized"], again["Ready"]) == ("True", "False")


def test_readiness_gates_are_opened_by_other_writers() -> None:
    gates = [{"conditionType": "example.com/gate"}]
    shut = pod_status(a_pod(readinessGates=gates), facts(UP), NOW)["conditions"][-1]
    assert (shut["status"], shut["reason"]) == ("False", "ReadinessGatesNotReady")
    opened = {"conditions": [{"type": "example.com/gate", "status": "True"}]}
    assert conditions(a_pod(readinessGates=gates, status=opened), facts(UP))["Ready"] == "True"


def test_transition_times_move_only_when_the_status_flips() -> None:
    first = pod_status(a_pod(), facts(replace(UP, ready=False)), NOW)
    second = pod_status(a_pod(status=first), facts(UP), LATER)
    times = {each["type"]: each["lastTransitionTime"] for each in second["conditions"]}
    assert (times["Initialized"], times["Ready"]) == ("2026-05-01T12:00:00Z", "2026-05-01T12:01:30Z")


def test_a_container_status_has_the_fields_of_the_api() -> None:
    (written,) = pod_status(a_pod(), facts(replace(BACK_OFF, container_id="process://2")), NOW)["containerStatuses"]
    assert written == {
        "name": "app",
        "image": "sandbox.local/hello:1",
        "imageID": "",
        "containerID": "process://2",
        "state": {"waiting": {"reason": "CrashLoopBackOff", "message": "back-off 2s"}},
        "lastState": {
            "terminated": {
                "exitCode": 3,
                "reason": "Error",
                "message": "one\ntwo",
                "startedAt": "2026-05-01T12:00:00Z",
                "finishedAt": "2026-05-01T12:01:30Z",
                "containerID": "process://1",
            }
        },
        "ready": False,
        "started": False,
        "restartCount": 1,
    }


def test_a_stored_status_does_not_differ_from_the_one_written() -> None:
    wanted = pod_status(a_pod(initContainers=[STEP]), facts(UP, init=(DONE,)), NOW)
    # Nulls are gone, other things are there: fields the server adds, and conditions of others.
    stored: dict[str, Any] = {key: value for key, value in wanted.items() if key != "conditions"}
    stored["conditions"] = [
        {key: value for key, value in each.items() if value is not None} | {"lastProbeTime": None}
        for each in wanted["conditions"]
    ] + [{"type": "DisruptionTarget", "status": "True"}]
    stored["containerStatuses"] = [each | {"resources": {}} for each in wanted["containerStatuses"]]
    stored["qosClass"] = "Burstable"
    assert not differs(stored, wanted)
    assert not differs(stored, pod_status(a_pod(initContainers=[STEP], status=stored), facts(UP, init=(DONE,)), LATER))


@pytest.mark.parametrize(
    "changed",
    [
        pytest.param(facts(replace(UP, ready=False)), id="readiness"),
        pytest.param(facts(replace(UP, restarts=1)), id="restarts"),
        pytest.param(replace(facts(UP), address=None, host="10.231.0.9"), id="host"),
        pytest.param(facts(UP, terminating=True), id="being deleted"),
    ],
)
def test_changes_differ(changed: PodFacts) -> None:
    stored = pod_status(a_pod(), facts(UP), NOW)
    assert differs(stored, pod_status(a_pod(status=stored), changed, NOW))


def test_a_reason_that_no_longer_holds_differs() -> None:
    stored = pod_status(a_pod(), facts(UP), NOW)
    stored["conditions"][-1] |= {"reason": "ContainersNotReady"}
    assert differs(stored, pod_status(a_pod(status=stored), facts(UP), NOW))


def test_building_a_status_changes_nothing() -> None:
    pod = a_pod(status=pod_status(a_pod(), facts(NEW), NOW))
    before = repr(pod)
    pod_status(pod, facts(UP), LATER)
    assert repr(pod) == before
