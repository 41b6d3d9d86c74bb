"""The next status: the conditions of each state of an app."""

from typing import Any

import pytest

from proxiedapp.api.errors import TraefikMissingError, UnknownServerError
from proxiedapp.controller.apply import ApplyReport, Failed, NameTaken
from proxiedapp.controller.observed.objects import ChildId, ObservedApp
from proxiedapp.controller.observed.store import Store
from proxiedapp.controller.observed.workload import Workload
from proxiedapp.controller.status import PassResult, applied, next_status, rejected
from proxiedapp.kube.errors import RefusedError, UnavailableError
from proxiedapp.kube.key import Key
from proxiedapp.resources.desired import desired
from proxiedapp.resources.kinds import DEPLOYMENT, SERVICE
from tests.support.apps import DEFAULTS, an_app
from tests.support.clock import START
from tests.support.observed import app_body, child_body, rolled_out

SHOP = Key("team", "shop")
URLS = {"web": "http://*", "websecure": "https://*"}
WANT = desired(an_app(namespace="team"), DEFAULTS)
FINE = PassResult()
BAD_SPEC = rejected(UnknownServerError("spec.command", "no server", "Name one"))
TAKEN = applied(ApplyReport((NameTaken(ChildId(SERVICE, "team", "shop"), "the App other"),)))
REFUSED = applied(ApplyReport((Failed(ChildId(DEPLOYMENT, "team", "shop"), RefusedError(422, "quota")),)))
UNAVAILABLE = applied(ApplyReport((Failed(ChildId(DEPLOYMENT, "team", "shop"), UnavailableError(503, "etcd")),)))


def app(status: dict[str, Any] | None = None, generation: int = 1) -> ObservedApp:
    store = Store(DEFAULTS.entry_points)
    store.observe_app(app_body(status=status, generation=generation))
    found, _ = store.snapshot(SHOP)
    assert found is not None
    return found


def pods(count: int = 1, **changes: Any) -> Workload:
    store = Store(DEFAULTS.entry_points)
    store.observe_child(DEPLOYMENT, child_body(spec={"replicas": count}, status=rolled_out(count, **changes)))
    _, (child,) = store.snapshot(SHOP)
    assert child.workload is not None
    return child.workload


def available(status: str, message: str = "") -> list[dict[str, str]]:
    return [{"type": "Available", "status": status, "reason": "R", "message": message}]


def conditions_after(outcome: PassResult, workload: Workload | None) -> dict[str, str]:
    """Return the conditions as `type: status reason`."""
    status = next_status(app(), None if outcome.problem else WANT, outcome, workload, None, URLS, START)
    return {one["type"]: f"{one['status']} {one['reason']}" for one in status["conditions"]}


ACCEPTED = {"RouteAccepted": "True Accepted"}
NOT_APPLIED = {"RouteAccepted": "False NotApplied"}
SERVING = {"WorkloadAvailable": "True MinimumReplicasAvailable"}
LACKING = {"WorkloadAvailable": "False MinimumReplicasUnavailable"}
UNREPORTED = {"WorkloadAvailable": "Unknown NotYetReported"}
PROGRESSING = {"Ready": "False Progressing", "Reconciling": "True Progressing"}


def stalled(reason: str) -> dict[str, str]:
    return {"Ready": f"False {reason}", "Stalled": f"True {reason}"}


@pytest.mark.parametrize(
    ("outcome", "workload", "conditions"),
    [
        pytest.param(FINE, pods(), {"Ready": "True Available"} | ACCEPTED | SERVING, id="rolled out"),
        pytest.param(FINE, pods(0), {"Ready": "True Available"} | ACCEPTED | SERVING, id="no pods, as asked for"),
        pytest.param(FINE, None, PROGRESSING | ACCEPTED | UNREPORTED, id="no Deployment seen yet"),
        pytest.param(
            FINE,
            Workload(1, 0, 1, 0, 0, 0, 0, {}),
            PROGRESSING | ACCEPTED | UNREPORTED,
            id="Deployment without a status",
        ),
        pytest.param(
            FINE,
            pods(observedGeneration=0),
            PROGRESSING | ACCEPTED | SERVING,
            id="the report speaks of an older Deployment",
        ),
        pytest.param(FINE, pods(3, updatedReplicas=2), PROGRESSING | ACCEPTED | SERVING, id="a pod is still old"),
        pytest.param(FINE, pods(2, replicas=3), PROGRESSING | ACCEPTED | SERVING, id="an old pod is still there"),
        pytest.param(
            FINE, pods(3, availableReplicas=2), PROGRESSING | ACCEPTED | SERVING, id="a new pod is not available"
        ),
        pytest.param(
            FINE,
            pods(3, availableReplicas=0, conditions=available("False")),
            PROGRESSING | ACCEPTED | LACKING,
            id="too few pods while rolling out",
        ),
        pytest.param(
            FINE,
            pods(conditions=available("False")),
            {"Ready": "False MinimumReplicasUnavailable", "Reconciling": "True MinimumReplicasUnavailable"}
            | ACCEPTED
            | LACKING,
            id="rolled out, and yet too few pods",
        ),
        pytest.param(
            FINE,
            pods(conditions=available("Unknown")),
            {"Ready": "False NotYetReported", "Reconciling": "True NotYetReported"} | ACCEPTED | UNREPORTED,
            id="rolled out, and no report on availability",
        ),
        pytest.param(BAD_SPEC, None, stalled("UnknownServer") | NOT_APPLIED | UNREPORTED, id="rejected at first"),
        pytest.param(BAD_SPEC, pods(), stalled("UnknownServer") | NOT_APPLIED | SERVING, id="rejected while serving"),
        pytest.param(TAKEN, pods(), stalled("NameTaken") | NOT_APPLIED | SERVING, id="a name is taken"),
        pytest.param(REFUSED, None, stalled("ChildRefused") | NOT_APPLIED | UNREPORTED, id="a child is refused"),
        pytest.param(
            rejected(TraefikMissingError("the cluster", "no Traefik", "Install it")),
            None,
            stalled("TraefikMissing") | NOT_APPLIED | UNREPORTED,
            id="no Traefik",
        ),
        pytest.param(
            UNAVAILABLE,
            pods(),
            {"Ready": "False Retrying", "Reconciling": "True Retrying"} | NOT_APPLIED | SERVING,
            id="the API server is away",
        ),
    ],
)
def test_conditions_of_each_state(outcome: PassResult, workload: Workload | None, conditions: dict[str, str]) -> None:
    assert conditions_after(outcome, workload) == conditions


@pytest.mark.parametrize("outcome", [FINE, BAD_SPEC, TAKEN, REFUSED, UNAVAILABLE])
@pytest.mark.parametrize("workload", [None, pods(), pods(3, availableReplicas=0, conditions=available("False"))])
def test_stalled_reconciling_and_ready_exclude_each_other(outcome: PassResult, workload: Workload | None) -> None:
    conditions = conditions_after(outcome, workload)
    true = [one for one in ("Ready", "Reconciling", "Stalled") if conditions.get(one, "").startswith("True")]
    assert len(true) == 1
    assert "False" not in conditions.get("Reconciling", "") + conditions.get("Stalled", ""), (
        "absent instead, as kstatus asks"
    )


def test_status_of_a_served_app() -> None:
    assert next_status(app(generation=4), WANT, FINE, pods(2, readyReplicas=1), None, URLS, START) == {
        "observedGeneration": 4,
        "url": "/api/v1/",
        "docsUrl": "/api/v1/docs",
        "rootPath": "/api/v1",
        "server": "uvicorn",
        "stripPrefix": True,
        "replicas": 2,
        "readyReplicas": 1,
        "selector": "app.kubernetes.io/instance=shop,app.kubernetes.io/managed-by=proxiedapp",
        "conditions": [
            {
                "type": kind,
                "status": "True",
                "observedGeneration": 4,
                "lastTransitionTime": "2026-01-02T12:00:00Z",
                "reason": reason,
                "message": message,
            }
            for kind, reason, message in (
                ("Ready", "Available", "The app is rolled out, and its route is in place."),
                ("RouteAccepted", "Accepted", "The route is in place."),
                ("WorkloadAvailable", "MinimumReplicasAvailable", "Enough pods are available to serve."),
            )
        ],
    }


def test_status_of_a_rejected_app_keeps_the_facts_of_what_is_still_served() -> None:
    before = next_status(app(), WANT, FINE, pods(), None, URLS, START)
    after = next_status(app(before, generation=2), None, BAD_SPEC, pods(), None, URLS, START)
    assert {key: after[key] for key in ("url", "docsUrl", "rootPath", "server", "stripPrefix")} == {
        "url": "/api/v1/",
        "docsUrl": "/api/v1/docs",
        "rootPath": "/api/v1",
        "server": "uvicorn",
        "stripPrefix": True,
    }
    assert after["observedGeneration"] == 2


def test_status_of_an_app_rejected_from_the_start_has_no_address() -> None:
    status = next_status(app({"observedGeneration": -1}), None, BAD_SPEC, None, None, URLS, START)
    assert status.keys() == {"observedGeneration", "replicas", "readyReplicas", "selector", "conditions"}


@pytest.mark.parametrize(
    ("outcome", "message"),
    [
        (BAD_SPEC, "spec.command: no server. Name one."),
        (
            TAKEN,
            (
                "Service shop already exists and belongs to the App other. "
                "Rename the ProxiedApp, or delete the other object."
            ),
        ),
        (REFUSED, "The API server refused Deployment shop: quota"),
        (UNAVAILABLE, "Deployment shop could not be written yet; the operator is trying again: etcd"),
    ],
)
def test_message_describes_the_problem_and_its_fix(outcome: PassResult, message: str) -> None:
    status = next_status(app(), None, outcome, None, None, URLS, START)
    assert {one["message"] for one in status["conditions"] if one["type"] in {"Ready", "Stalled", "Reconciling"}} == {
        message
    }


def test_first_of_several_problems_is_reported() -> None:
    first = NameTaken(ChildId(SERVICE, "team", "shop"), "another user")
    second = Failed(ChildId(DEPLOYMENT, "team", "shop"), UnavailableError(503, "etcd"))
    assert applied(ApplyReport((first, second))) == applied(ApplyReport((first,)))


def test_status_of_an_app_without_pods_by_replicas_zero_counts_none() -> None:
    status = next_status(app(), WANT, FINE, pods(0), None, URLS, START)
    assert (status["replicas"], status["readyReplicas"]) == (0, 0)
