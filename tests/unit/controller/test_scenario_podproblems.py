"""Apps whose pods do not come up, and suspended apps."""

from datetime import timedelta
from typing import Any

import pytest

from proxiedapp.api.names import RECONCILE_REQUESTED, SUSPENDED
from proxiedapp.controller.podproblems import STEADY_SECONDS
from proxiedapp.controller.watchedkinds import EVENT, POD, PROXIED_APP
from proxiedapp.kube.errors import RefusedError
from proxiedapp.resources.kinds import DEPLOYMENT, INGRESS_ROUTE
from tests.support.cluster import Stored
from tests.support.scenario import NAMESPACE, Scenario

CRASHES = {
    "name": "app",
    "image": "shop:1",
    "restartCount": 3,
    "ready": False,
    "state": {"waiting": {"reason": "CrashLoopBackOff"}},
    "lastState": {"terminated": {"exitCode": 1, "reason": "Error"}},
}

APP_RUNS = {"name": "app", "image": "shop:1", "restartCount": 0, "ready": True, "state": {"running": {}}}

NO_IMAGE = {
    "name": "app",
    "image": "shop:1",
    "ready": False,
    "state": {"waiting": {"reason": "ImagePullBackOff", "message": "rpc error: code = NotFound desc = not found"}},
}
OVER_QUOTA = (
    'pods "shop-7d9-bcdfg" is forbidden: exceeded quota: small, requested: pods=1, used: pods=1, limited: pods=1'
)


def crash_that_printed(line: str) -> dict[str, Any]:
    return CRASHES | {"lastState": {"terminated": {"exitCode": 1, "reason": "Error", "message": line}}}


def pod(scenario: Scenario, container: dict[str, Any], spec: dict[str, Any] | None = None) -> Stored:
    labels = {"app.kubernetes.io/instance": "shop", "app.kubernetes.io/managed-by": "proxiedapp"}
    metadata = {"name": "shop-1", "namespace": NAMESPACE, "labels": labels}
    body = {"metadata": metadata, "spec": spec or {}, "status": {"containerStatuses": [container]}}
    pods_created(scenario)
    return scenario.cluster.put(POD, body)


def pods_created(scenario: Scenario) -> None:
    """Act as the controllers of Kubernetes, which have created a pod."""
    deployment = scenario.child(DEPLOYMENT)
    created = {"observedGeneration": deployment.body["metadata"]["generation"], "replicas": 1}
    scenario.cluster.edit(deployment, ("status",), deployment.body.get("status", {}) | created)


async def test_app_that_waits_for_kubernetes_costs_no_request(scenario: Scenario) -> None:
    """There is no pod to list until the controllers of Kubernetes have created one."""
    scenario.create()
    await scenario.settle()
    for _ in range(3):
        scenario.clock.advance(300.0)
        assert await scenario.settle() == []
    pods_created(scenario)
    requests = await scenario.settle()
    assert requests[0] == "list pods/some"


async def test_pods_that_do_not_come_up_are_inspected_and_reported_once(scenario: Scenario) -> None:
    scenario.create()
    await scenario.settle()
    pod(scenario, CRASHES)
    scenario.clock.advance(5.0)
    assert await scenario.settle() == [
        "list pods/some",
        "status shop: Ready=False CrashLoopBackOff",
        "event shop: CrashLoopBackOff",
    ]
    assert "exits with code 1" in scenario.message()
    assert scenario.conditions()["Reconciling"] == "True CrashLoopBackOff"
    for _ in range(3):
        scenario.clock.advance(300.0)
        assert await scenario.settle() == ["list pods/some"]
    scenario.rolled_out()
    await scenario.settle()
    assert scenario.conditions()["Ready"] == "True Available"


async def crash_of_a_sidecar(scenario: Scenario) -> Stored:
    """Let a sidecar without a probe crash until that is reported; its pod is not ready while it waits."""
    await scenario.served()
    found = pod(scenario, APP_RUNS, None)
    side = CRASHES | {"name": "side"}
    scenario.cluster.edit(found, ("status", "initContainerStatuses"), [side])
    scenario.cluster.edit(scenario.child(DEPLOYMENT), ("status", "availableReplicas"), 0)
    await scenario.settle()
    scenario.clock.advance(5.0)
    assert "status shop: Ready=False CrashLoopBackOff" in await scenario.settle()
    assert scenario.message().startswith("Container side exits with code 1")
    return found


def runs_again(scenario: Scenario, found: Stored) -> None:
    started = {"running": {"startedAt": scenario.clock.now().isoformat()}}
    side = CRASHES | {"name": "side", "ready": True, "state": started}
    scenario.cluster.edit(found, ("status", "initContainerStatuses"), [side])
    scenario.rolled_out()


async def test_short_life_of_a_container_that_crashes_does_not_make_the_app_ready(scenario: Scenario) -> None:
    """Without a readiness probe, it is ready each time it runs, and so are the pod and the Deployment."""
    found = await crash_of_a_sidecar(scenario)
    runs_again(scenario, found)
    requests = await scenario.settle()
    assert requests[0] == "list pods/some"
    assert "status shop: Ready=True Available" not in requests
    assert scenario.conditions()["Ready"] == "False CrashLoopBackOff"
    assert scenario.message().startswith("Container side exits with code 1")
    scenario.cluster.edit(found, ("status", "initContainerStatuses"), [CRASHES | {"name": "side"}])
    scenario.cluster.edit(scenario.child(DEPLOYMENT), ("status", "availableReplicas"), 0)
    await scenario.settle()
    assert scenario.conditions()["Ready"] == "False CrashLoopBackOff"


async def test_app_is_ready_once_the_container_that_crashed_has_run_for_a_while(scenario: Scenario) -> None:
    runs_again(scenario, await crash_of_a_sidecar(scenario))
    await scenario.settle()
    assert scenario.conditions()["Ready"] == "False CrashLoopBackOff"
    scenario.clock.advance(STEADY_SECONDS)
    assert await scenario.settle() == ["list pods/some", "status shop: Ready=True Available"]
    scenario.clock.advance(300.0)
    assert await scenario.reconcile() == [], "and no pod is listed any more"


async def test_app_that_comes_up_in_time_is_not_inspected(scenario: Scenario) -> None:
    await scenario.served()
    scenario.clock.advance(300.0)
    assert "list pods/some" not in await scenario.settle()


async def test_rollout_past_its_deadline_is_stalled(scenario: Scenario) -> None:
    await scenario.served()
    scenario.change(image="shop:2")
    await scenario.settle()
    past_its_deadline(scenario)
    await scenario.settle()
    assert scenario.conditions()["Stalled"] == "True ProgressDeadlineExceeded"
    assert "Reconciling" not in scenario.conditions()


LATE = {"type": "Progressing", "status": "False", "reason": "ProgressDeadlineExceeded", "message": ""}


async def test_pods_that_do_not_become_ready_are_reported_with_what_their_probe_got(scenario: Scenario) -> None:
    scenario.create(probes={"readiness": {"path": "/healthz"}})
    await scenario.settle()
    spec = scenario.child(DEPLOYMENT).body["spec"]["template"]["spec"]
    running = {"startedAt": scenario.clock.now().isoformat()}
    container = {"name": spec["containers"][0]["name"], "ready": False, "restartCount": 0}
    unready = pod(scenario, container | {"state": {"running": running}}, spec)
    scenario.cluster.put(EVENT, unhealthy(unready.body, "HTTP probe failed with statuscode: 404"))
    await scenario.settle()
    scenario.clock.advance(5.0)
    assert await scenario.settle() == ["list pods/some"], "the app still starts"
    scenario.clock.advance(60.0)
    requests = await scenario.settle()
    assert requests[-4:] == [
        "list pods/some",
        "list events/some",
        "status shop: Ready=False ProbeFailed",
        "event shop: ProbeFailed",
    ]
    message = scenario.message()
    assert "The readiness probe of container" in message
    assert "(GET /healthz on port 8000): HTTP status 404. The app does not serve this path" in message


async def test_volume_that_cannot_be_mounted_is_named_from_its_event(scenario: Scenario) -> None:
    scenario.create()
    await scenario.settle()
    since = (scenario.clock.now() - timedelta(seconds=5)).isoformat()
    stuck = pod(scenario, {"name": "app", "state": {"waiting": {"reason": "ContainerCreating"}}})
    scheduled = [{"type": "PodScheduled", "status": "True", "lastTransitionTime": since}]
    scenario.cluster.edit(stuck, ("status", "conditions"), scheduled)
    note = 'MountVolume.SetUp failed for volume "config" : configmap "shop" not found'
    failed = {
        "reason": "FailedMount",
        "type": "Warning",
        "note": note,
        "regarding": {"uid": stuck.body["metadata"]["uid"]},
    }
    scenario.cluster.put(EVENT, {"metadata": {"name": "shop-1.b", "namespace": NAMESPACE}} | failed)
    scenario.clock.advance(5.0)
    requests = await scenario.settle()
    assert requests[:2] == ["list pods/some", "list events/some"]
    assert 'Volume config cannot be mounted: configmap "shop" not found.' in scenario.message()


def unhealthy(body: dict[str, Any], got: str) -> dict[str, Any]:
    """Return an Event of the kubelet, as the API group of Events shows it."""
    container = body["spec"]["containers"][0]["name"]
    regarding = {"uid": body["metadata"]["uid"], "fieldPath": f"spec.containers{{{container}}}"}
    metadata = {"name": "shop-1.a", "namespace": NAMESPACE}
    note = f"Readiness probe failed: {got}"
    return {"metadata": metadata, "reason": "Unhealthy", "regarding": regarding, "note": note}


def past_its_deadline(scenario: Scenario, **status: Any) -> None:
    """Act as the Deployment controller, which has seen the current template and waited for too long."""
    deployment = scenario.child(DEPLOYMENT)
    observed = {"observedGeneration": deployment.body["metadata"]["generation"], "conditions": [LATE]}
    scenario.cluster.edit(deployment, ("status",), deployment.body.get("status", {}) | observed | status)


@pytest.mark.parametrize(
    ("container", "reason", "cause"),
    [
        pytest.param(CRASHES, "CrashLoopBackOff", "exits with code 1", id="crash"),
        pytest.param(NO_IMAGE, "ImagePullBackOff", "The image shop:1 cannot be pulled: not found", id="image"),
    ],
)
async def test_rollout_past_its_deadline_is_stalled_with_its_cause(
    scenario: Scenario, container: dict[str, Any], reason: str, cause: str
) -> None:
    """As for a Deployment, so that Helm, Flux and Argo CD fail instead of waiting until their own timeout."""
    scenario.create()
    await scenario.settle()
    pod(scenario, container)
    scenario.clock.advance(5.0)
    await scenario.settle()
    assert scenario.conditions()["Reconciling"] == f"True {reason}"
    past_its_deadline(scenario)
    requests = await scenario.settle()
    assert requests == ["list pods/some", f"status shop: Ready=False {reason}"], "the Event was written before"
    assert scenario.conditions()["Stalled"] == f"True {reason}"
    assert cause in scenario.message(kind="Stalled")
    assert "Reconciling" not in scenario.conditions()


async def test_rollout_that_a_quota_blocks_past_its_deadline_is_stalled_with_its_cause(scenario: Scenario) -> None:
    scenario.create()
    await scenario.settle()
    blocked = {"type": "ReplicaFailure", "status": "True", "reason": "FailedCreate", "message": OVER_QUOTA}
    scenario.cluster.edit(scenario.child(DEPLOYMENT), ("status",), {"conditions": [blocked]})
    await scenario.settle()
    assert scenario.conditions()["Reconciling"] == "True QuotaExceeded"
    past_its_deadline(scenario, conditions=[blocked, LATE])
    await scenario.settle()
    assert scenario.conditions()["Stalled"] == "True QuotaExceeded"
    assert "exceeded quota: small" in scenario.message(kind="Stalled")
    assert "Reconciling" not in scenario.conditions()


async def test_crash_with_another_time_in_its_log_is_not_written_again(scenario: Scenario) -> None:
    """A container that crashes every five minutes would wake all watchers of the app each time."""
    scenario.create()
    await scenario.settle()
    crashed = pod(scenario, crash_that_printed("2026-01-02 12:00:01 FATAL: no database"))
    scenario.clock.advance(5.0)
    await scenario.settle()
    again = [crash_that_printed("2026-01-02 12:05:02 FATAL: no database")]
    scenario.cluster.edit(crashed, ("status", "containerStatuses"), again)
    scenario.clock.advance(300.0)
    assert await scenario.settle() == ["list pods/some"]
    again = [crash_that_printed("2026-01-02 12:10:03 FATAL: wrong password")]
    scenario.cluster.edit(crashed, ("status", "containerStatuses"), again)
    scenario.clock.advance(300.0)
    await scenario.settle()
    assert "wrong password" in scenario.message()


async def test_fix_after_the_deadline_is_not_reported_as_stalled(scenario: Scenario) -> None:
    """Until the Deployment controller has seen the new template, its conditions are about the old one."""
    scenario.create()
    await scenario.settle()
    past_its_deadline(scenario)
    await scenario.settle()
    assert scenario.conditions()["Stalled"] == "True ProgressDeadlineExceeded"
    scenario.change(image="shop:2")
    await scenario.settle()
    assert scenario.conditions()["Reconciling"] == "True Progressing"
    assert "Stalled" not in scenario.conditions()


def suspend(scenario: Scenario, value: str | None) -> None:
    annotations = {} if value is None else {SUSPENDED[0]: value}
    scenario.cluster.edit(scenario.app(), ("metadata", "annotations"), annotations)


async def test_suspended_app_is_left_alone_until_it_is_not(scenario: Scenario) -> None:
    await scenario.served()
    suspend(scenario, SUSPENDED[1])
    assert await scenario.settle() == ["status shop: Ready=True Suspended"]
    scenario.delete(INGRESS_ROUTE, "shop")
    assert await scenario.settle() == []
    scenario.change(image="shop:2")
    assert await scenario.settle() == []
    assert scenario.status()["observedGeneration"] == 1, "the new spec has not been processed"

    suspend(scenario, None)
    requests = await scenario.settle()
    assert "create ingressroutes/shop" in requests
    assert "apply deployments/shop" in requests
    assert scenario.status()["observedGeneration"] == 2


async def test_app_that_is_born_suspended_makes_nothing(scenario: Scenario) -> None:
    scenario.create()
    suspend(scenario, SUSPENDED[1])
    assert await scenario.settle() == ["status shop: Ready=False Suspended"]
    assert scenario.status()["observedGeneration"] == -1
    assert scenario.cluster.names(DEPLOYMENT) == []


async def test_annotation_with_the_value_enabled_means_nothing(scenario: Scenario) -> None:
    await scenario.served()
    suspend(scenario, "enabled")
    assert await scenario.settle() == []


async def test_unknown_annotation_is_reported(scenario: Scenario) -> None:
    await scenario.served()
    scenario.cluster.edit(scenario.app(), ("metadata", "annotations"), {"proxiedapp.dev/reconcil": "suspended"})
    assert await scenario.settle() == ["status shop: Ready=True Available", "event shop: UnknownAnnotation"]
    assert scenario.message().endswith(
        "The annotation proxiedapp.dev/reconcil is unknown and has no effect: use proxiedapp.dev/reconcile."
    )


@pytest.mark.parametrize("value", ["paused", "true", "Suspended", "disabled"])
async def test_unknown_value_of_the_annotation_is_reported(scenario: Scenario, value: str) -> None:
    await scenario.served()
    suspend(scenario, value)
    assert await scenario.settle() == ["status shop: Ready=True Available", "event shop: UnknownAnnotationValue"]
    assert scenario.message().endswith(
        f'The annotation proxiedapp.dev/reconcile has the unknown value "{value}" and no effect: use "suspended".'
    )
    scenario.change(image="shop:2")
    assert "apply deployments/shop" in await scenario.settle()
    scenario.rolled_out()
    assert [line for line in await scenario.settle() if line.startswith("event")] == [], "it is reported once"
    suspend(scenario, None)
    await scenario.settle()
    assert "annotation" not in scenario.message()


async def test_suspended_app_can_be_deleted(scenario: Scenario) -> None:
    await scenario.served()
    suspend(scenario, SUSPENDED[1])
    await scenario.settle()
    scenario.delete(PROXIED_APP, "shop")
    assert await scenario.settle() == []


async def test_annotation_requests_a_pass_at_once(scenario: Scenario) -> None:
    """A refusal is retried after up to five minutes; a user who has raised the quota need not wait for that."""
    scenario.api.fail("create", "services", RefusedError(403, "exceeded quota: small"), times=8)
    scenario.create()
    await scenario.settle()
    for _ in range(7):
        scenario.clock.advance(scenario.clock.next_in())
        await scenario.settle()
    assert scenario.clock.next_in() > 30
    annotations = {RECONCILE_REQUESTED: "2026-01-02T12:00:00Z"}
    scenario.cluster.edit(scenario.app(), ("metadata", "annotations"), annotations)
    assert "create services/shop" in await scenario.settle()
    assert scenario.conditions()["Ready"] == "False Progressing"


async def test_annotation_requests_a_new_check_of_the_running_app(scenario: Scenario) -> None:
    await scenario.served()
    await scenario.verify()
    checks = len(scenario.verified_targets)
    annotations = {RECONCILE_REQUESTED: "2026-01-02T12:00:00Z"}
    scenario.cluster.edit(scenario.app(), ("metadata", "annotations"), annotations)
    assert await scenario.settle() == [], "the condition stays until the check has ended"
    await scenario.verify()
    assert len(scenario.verified_targets) > checks


async def test_app_without_pods_is_not_called_served(scenario: Scenario) -> None:
    await scenario.served(replicas=0)
    assert "0 pods" in scenario.message()


async def test_app_without_pods_is_at_rest(scenario: Scenario) -> None:
    await scenario.served(replicas=0)
    assert not scenario.outcomes[-1].retry, "a pass is due although nothing is awaited"
