"""Problems of pods: what Kubernetes reports, and the diagnosis."""

from typing import Any

import pytest

from proxiedapp.api.reasons import Reason
from proxiedapp.controller.observed.workload import Workload
from proxiedapp.controller.podproblems import of_deployment, of_pods, past_deadline


def pod(*containers: dict[str, Any], deleting: bool = False, **status: Any) -> dict[str, Any]:
    metadata = {"name": "shop-1"} | ({"deletionTimestamp": "2026-01-01T00:00:00Z"} if deleting else {})
    return {"metadata": metadata, "status": {"containerStatuses": list(containers), **status}}


def container(name: str = "app", *, restarts: int = 0, ready: bool = False, **states: Any) -> dict[str, Any]:
    return {"name": name, "image": "shop:1", "restartCount": restarts, "ready": ready, **states}


def waits(reason: str, message: str = "", **more: Any) -> dict[str, Any]:
    return container(state={"waiting": {"reason": reason, "message": message}}, **more)


def ended_with(printed: str) -> dict[str, Any]:
    return {"terminated": {"exitCode": 3, "reason": "Error", "message": printed}}


ENDED = {"terminated": {"exitCode": 3, "reason": "Error", "message": "Traceback\nValueError: no.\n"}}
STARTUP = "Traceback\n  File main.py\nsqlite3.OperationalError: disk error\n\nERROR:    Application startup failed.\n"
BESIDE_THE_CODE = STARTUP.replace("disk error", "unable to open database file")
KILLED = {"terminated": {"exitCode": 137, "reason": "OOMKilled"}}
UNPLACED = [{"type": "PodScheduled", "status": "False", "reason": "Unschedulable", "message": "0/3 nodes fit."}]


@pytest.mark.parametrize(
    ("pods", "reason", "message"),
    [
        pytest.param([pod(waits("ErrImagePull"))], Reason.IMAGE_PULL_BACK_OFF, "The image shop:1 cannot", id="pull"),
        pytest.param([pod(waits("ImagePullBackOff"))], Reason.IMAGE_PULL_BACK_OFF, "The image shop:1", id="pull again"),
        pytest.param(
            [pod(waits("ErrImagePull", "rpc error: code = NotFound desc = failed to resolve reference: not found"))],
            Reason.IMAGE_PULL_BACK_OFF,
            "The image shop:1 cannot be pulled: failed to resolve reference: not found. Check its name",
            id="pull, with the cause",
        ),
        pytest.param(
            [
                pod(
                    waits(
                        "ImagePullBackOff",
                        'Back-off pulling image "shop:1": ErrImagePull: rpc error: code = NotFound desc = failed to '
                        "resolve reference: not found",
                    )
                )
            ],
            Reason.IMAGE_PULL_BACK_OFF,
            "The image shop:1 cannot be pulled: failed to resolve reference: not found. Check its name",
            id="pull again, with the same cause",
        ),
        pytest.param(
            [pod(waits("ImagePullBackOff", 'Back-off pulling image "shop:1"'))],
            Reason.IMAGE_PULL_BACK_OFF,
            "The image shop:1 cannot be pulled. Check its name",
            id="pull again, without a cause",
        ),
        pytest.param([pod(waits("InvalidImageName"))], Reason.IMAGE_PULL_BACK_OFF, "The image shop:1", id="image name"),
        pytest.param(
            [pod(waits("ErrImageNeverPull", 'Container image "shop:1" is not present with pull policy of Never'))],
            Reason.IMAGE_PULL_BACK_OFF,
            'The image shop:1 cannot be pulled: Container image "shop:1" is not present with pull policy of Never. '
            "Load it on the nodes, or change imagePullPolicy.",
            id="image that is never pulled",
        ),
        *(
            pytest.param([pod(waits(reason))], Reason.IMAGE_PULL_BACK_OFF, "The image shop:1 cannot", id=reason)
            for reason in ("ImageInspectError", "SignatureValidationFailed")
        ),
        *(
            pytest.param(
                [pod(waits(reason, "hook failed"))],
                Reason.CONTAINER_NOT_MADE,
                "Container app does not start: hook failed",
                id=reason,
            )
            for reason in ("PreCreateHookError", "PostStartHookError")
        ),
        pytest.param(
            [pod(waits("CreateContainerConfigError", 'secret "s" not found'))],
            Reason.CONTAINER_NOT_MADE,
            'Container app cannot be created: secret "s" not found',
            id="missing secret",
        ),
        pytest.param(
            [pod(waits("CrashLoopBackOff", "back-off 10s", restarts=1, lastState=ENDED))],
            Reason.CRASH_LOOP_BACK_OFF,
            "Container app exits with code 3 after each start: ValueError: no. Check its log.",
            id="crash",
        ),
        pytest.param(
            [pod(waits("CrashLoopBackOff", lastState=ended_with(STARTUP)))],
            Reason.CRASH_LOOP_BACK_OFF,
            "Container app exits with code 3 after each start: sqlite3.OperationalError: disk error. Check its log.",
            id="crash, with more lines of the server after the exception",
        ),
        *(
            pytest.param(
                [pod(waits("CrashLoopBackOff", lastState=ended_with(printed)))],
                Reason.CRASH_LOOP_BACK_OFF,
                f"Container app exits with code 3 after each start: {line}. "
                "Mount a volume where it writes, or let it write to /tmp.",
                id=line,
            )
            for printed, line in (
                (BESIDE_THE_CODE, "sqlite3.OperationalError: unable to open database file"),
                (
                    "OSError: [Errno 30] Read-only file system: '/app/uploads'\nbye\n",
                    "OSError: [Errno 30] Read-only file system: '/app/uploads'",
                ),
                ("cp: cannot create 'a': Read-only file system", "cp: cannot create 'a': Read-only file system"),
            )
        ),
        pytest.param(
            [pod(container(restarts=2, state={"running": {}}, lastState=ENDED))],
            Reason.CRASH_LOOP_BACK_OFF,
            "Container app exits with code 3",
            id="crash, while it runs for a moment",
        ),
        pytest.param(
            [pod(container(restarts=2, state=ENDED))],
            Reason.CRASH_LOOP_BACK_OFF,
            "Container app exits with code 3",
            id="crash, just ended",
        ),
        pytest.param(
            [pod(waits("CrashLoopBackOff", lastState=KILLED))],
            Reason.CRASH_LOOP_BACK_OFF,
            "Container app is killed because it uses more memory than spec.resources.limits allows",
            id="out of memory",
        ),
        pytest.param(
            [pod(waits("CrashLoopBackOff", lastState=KILLED) | {"name": "cache"})],
            Reason.CRASH_LOOP_BACK_OFF,
            "Container cache is killed because it uses more memory than its resources.limits allow",
            id="sidecar out of memory",
        ),
        pytest.param(
            [pod(conditions=UNPLACED)], Reason.UNSCHEDULABLE, "The pods cannot be scheduled: 0/3", id="no room"
        ),
        pytest.param(
            [pod(initContainerStatuses=[waits("CrashLoopBackOff", lastState=ENDED) | {"name": "migrate"}])],
            Reason.CRASH_LOOP_BACK_OFF,
            "Container migrate exits",
            id="init container",
        ),
        pytest.param(
            [pod(container(ready=True, state={"running": {}})), pod(waits("ErrImagePull"))],
            Reason.IMAGE_PULL_BACK_OFF,
            "",
            id="one of two",
        ),
    ],
)
def test_problem_of_pods(pods: list[dict[str, Any]], reason: Reason, message: str) -> None:
    found = of_pods(pods)
    assert found is not None
    assert (found.holds, found.reason) == (False, reason)
    assert found.message.startswith(message)


@pytest.mark.parametrize(
    "pods",
    [
        pytest.param([], id="none"),
        pytest.param([{"metadata": {}}], id="not reported yet"),
        pytest.param([pod(waits("ContainerCreating"))], id="about to start"),
        pytest.param([pod(waits("PodInitializing"))], id="init containers run"),
        pytest.param([pod(container(state={"running": {}}))], id="not ready yet"),
        pytest.param([pod(container(restarts=1, state={"running": {}}, lastState=ENDED))], id="failed once"),
        pytest.param([pod(container(restarts=5, ready=True, lastState=ENDED))], id="has recovered"),
        pytest.param([pod(waits("ErrImagePull"), deleting=True)], id="about to go"),
    ],
)
def test_no_problem(pods: list[dict[str, Any]]) -> None:
    assert of_pods(pods) is None


def workload(**conditions: tuple[str, str, str]) -> Workload:
    return Workload(1, 1, 1, 1, 1, 0, 0, conditions)


@pytest.mark.parametrize(
    ("said", "reason"),
    [
        pytest.param('pods "shop-7d-x2x1z" is forbidden: exceeded quota: small', Reason.QUOTA_EXCEEDED, id="quota"),
        pytest.param(
            'pods "shop-7d-x2x1z" is forbidden: violates PodSecurity "restricted:latest"',
            Reason.POD_SECURITY_REFUSED,
            id="pod security",
        ),
        pytest.param('admission webhook "a.b" denied the request', Reason.PODS_REFUSED, id="webhook"),
    ],
)
def test_refused_pods(said: str, reason: Reason) -> None:
    found = of_deployment(workload(ReplicaFailure=("True", "FailedCreate", said)))
    assert found is not None
    assert found.reason == reason
    assert "x2x1z" not in found.message, "another name at each try would be another status at each try"


def test_past_its_deadline() -> None:
    late = workload(Progressing=("False", "ProgressDeadlineExceeded", 'ReplicaSet "shop-1" has timed out.'))
    found = past_deadline(late)
    assert found is not None
    assert found.reason == Reason.PROGRESS_DEADLINE_EXCEEDED
    assert past_deadline(workload(Progressing=("True", "ReplicaSetUpdated", ""))) is None
    assert of_deployment(late) is None
