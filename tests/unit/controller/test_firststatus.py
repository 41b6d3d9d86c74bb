"""Which first status of an app waits, for how long, and what it says then."""

from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

from proxiedapp.api.names import SUSPENDED
from proxiedapp.api.reasons import Reason
from proxiedapp.api.status import UNREPORTED
from proxiedapp.controller.firststatus import WINDOW_SECONDS, FirstStatuses, can_wait
from proxiedapp.controller.observed.objects import ObservedApp
from proxiedapp.controller.observed.store import Store
from proxiedapp.controller.reconcile import Outcome
from proxiedapp.controller.watchedkinds import PROXIED_APP
from proxiedapp.kube.errors import RefusedError, UnavailableError
from proxiedapp.kube.key import Key
from proxiedapp.resources.kinds import DEPLOYMENT, HTTP_ROUTE
from tests.support.apps import DEFAULTS
from tests.support.clock import START
from tests.support.cluster import report_acceptance
from tests.support.each import each
from tests.support.gateways import a_gateway, a_gateway_class
from tests.support.observed import app_body
from tests.support.scenario import Scenario

BEHIND = {"hosts": ["a.test"], "parentRefs": [{"name": "main", "namespace": "infra"}]}


def a_condition(text: str) -> dict[str, Any]:
    type_, status, reason = text.split()
    return {
        "type": type_,
        "status": status,
        "reason": reason,
        "observedGeneration": 1,
        "lastTransitionTime": "2026-01-02T12:00:00Z",
        "message": "",
    }


def a_status(*conditions: str) -> dict[str, Any]:
    return {"observedGeneration": 1, "conditions": [a_condition(one) for one in conditions]}


def an_app(status: dict[str, Any], annotations: dict[str, str] | None = None) -> ObservedApp:
    store = Store(DEFAULTS.entry_points)
    body = app_body(status=status)
    body["metadata"]["annotations"] = annotations or {}
    store.observe_app(body)
    found = store.app(Key("team", "shop"))
    assert found is not None
    return found


NEW = an_app(UNREPORTED)
ROLLING_OUT = ("Ready False Progressing", "Reconciling True Progressing")
ACCEPTED = "RouteAccepted True Accepted"
UNKNOWN = "WorkloadAvailable Unknown NotYetReported"


@dataclass(frozen=True)
class Case:
    why: str
    waits: bool
    conditions: tuple[str, ...]
    app: ObservedApp = NEW


@each(
    [
        Case("nothing is reported yet", True, (*ROLLING_OUT, ACCEPTED, UNKNOWN)),
        Case(
            "under the default of an earlier CRD",
            True,
            (*ROLLING_OUT, ACCEPTED, UNKNOWN),
            an_app({"observedGeneration": -1}),
        ),
        Case("no status at all", True, (*ROLLING_OUT, ACCEPTED, UNKNOWN), an_app({})),
        Case("the Gateway has not answered", True, (*ROLLING_OUT, "RouteAccepted False AwaitingGateway", UNKNOWN)),
        Case("the pods start", True, (*ROLLING_OUT, ACCEPTED, "WorkloadAvailable False MinimumReplicasUnavailable")),
        Case("some pods serve", True, (*ROLLING_OUT, ACCEPTED, "WorkloadAvailable True MinimumReplicasAvailable")),
        Case(
            "only the Gateway is missing",
            True,
            (
                "Ready False AwaitingGateway",
                "Reconciling True AwaitingGateway",
                "RouteAccepted False AwaitingGateway",
                "WorkloadAvailable True MinimumReplicasAvailable",
            ),
        ),
        Case(
            "it is Ready", False, ("Ready True Available", ACCEPTED, "WorkloadAvailable True MinimumReplicasAvailable")
        ),
        Case("it is stalled", False, ("Ready False Progressing", "Stalled True InvalidSpec", ACCEPTED, UNKNOWN)),
        Case("the route has a warning", False, (*ROLLING_OUT, "RouteAccepted True Overlapped", UNKNOWN)),
        Case("metrics are not collected", False, (*ROLLING_OUT, ACCEPTED, "WorkloadAvailable True NotMonitored")),
        Case("it is verified", False, (*ROLLING_OUT, ACCEPTED, UNKNOWN, "Verified True Verified")),
        Case(
            "it has a status of this generation",
            False,
            (*ROLLING_OUT, ACCEPTED),
            an_app(a_status(*ROLLING_OUT, ACCEPTED, UNKNOWN)),
        ),
        Case(
            "it has one of an earlier generation",
            False,
            ROLLING_OUT,
            an_app(a_status("Ready True Available", ACCEPTED)),
        ),
        Case(
            "it was born suspended",
            False,
            ROLLING_OUT,
            an_app(a_status("Ready False Suspended") | {"observedGeneration": -1}),
        ),
        Case("an annotation is misspelt", False, ROLLING_OUT, an_app(UNREPORTED, {SUSPENDED[0]: "paused"})),
    ]
)
def test_which_status_waits(case: Case) -> None:
    assert can_wait(case.app, a_status(*case.conditions)) is case.waits


@each(
    sorted(
        set(Reason)
        - {
            Reason.PROGRESSING,
            Reason.AWAITING_GATEWAY,
            Reason.ACCEPTED,
            Reason.NOT_YET_REPORTED,
            Reason.MINIMUM_REPLICAS_UNAVAILABLE,
            Reason.MINIMUM_REPLICAS_AVAILABLE,
            Reason.PENDING,
        }
    )
)
def test_every_other_reason_is_reported_at_once(reason: Reason) -> None:
    assert not can_wait(NEW, a_status(f"Ready False {reason}", f"Reconciling True {reason}"))
    assert not can_wait(NEW, a_status(*ROLLING_OUT, f"RouteAccepted False {reason}"))


def test_wait_ends_with_the_window_even_if_other_passes_come_between() -> None:
    first, status = FirstStatuses(), a_status(*ROLLING_OUT)

    def left(seconds: float, app: ObservedApp = NEW) -> float:
        return round(first.wait(app, status, START + timedelta(seconds=seconds)), 3)

    assert [left(0.0), left(0.25), left(0.75), left(1.0), left(5.0)] == [WINDOW_SECONDS, 0.75, 0.25, 0.0, 0.0]
    assert left(6.0, replace(NEW, uid="another app of this name")) == WINDOW_SECONDS
    first.forget(NEW.key)
    assert left(7.0) == WINDOW_SECONDS


def test_wait_ends_if_the_clock_is_set_back() -> None:
    first, status = FirstStatuses(), a_status(*ROLLING_OUT)
    assert first.wait(NEW, status, START) == WINDOW_SECONDS
    assert first.wait(NEW, status, START - timedelta(hours=1)) == 0.0


async def test_answers_within_the_window_are_part_of_the_first_status(scenario: Scenario) -> None:
    scenario.gateways(a_gateway_class(), a_gateway())
    scenario.create(route=BEHIND)
    requests = await scenario.settle(first_statuses=False)
    assert requests == ["create services/shop", "create deployments/shop", "create httproutes/shop"]
    assert scenario.outcomes == [Outcome("applied", again_after=WINDOW_SECONDS)]
    assert scenario.status() == UNREPORTED
    scenario.clock.advance(0.25)
    (name,) = scenario.cluster.names(HTTP_ROUTE)
    report_acceptance(scenario.cluster, scenario.cluster.get(HTTP_ROUTE, "team", name), "2026-01-02T12:00:00Z")
    assert await scenario.settle(first_statuses=False) == []
    assert scenario.clock.next_in() == WINDOW_SECONDS - 0.25
    scenario.clock.advance(WINDOW_SECONDS - 0.25)
    assert await scenario.settle() == ["status shop: Ready=False Progressing"]
    assert scenario.conditions()["RouteAccepted"] == "True Accepted"
    transitions = {one["lastTransitionTime"] for one in scenario.status()["conditions"]}
    assert transitions == {"2026-01-02T12:00:01Z"}, "not that of the default"


async def test_app_that_gets_ready_within_the_window_has_one_status_and_no_timer(scenario: Scenario) -> None:
    scenario.create()
    await scenario.settle(first_statuses=False)
    scenario.clock.advance(0.5)
    scenario.rolled_out()
    assert await scenario.settle(first_statuses=False) == ["status shop: Ready=True Available"]
    assert scenario.clock.pending() == []


async def test_error_is_reported_at_once(scenario: Scenario) -> None:
    scenario.create()
    scenario.api.fail("create", "services", UnavailableError(503, "etcd"))
    assert (await scenario.settle(first_statuses=False))[-1] == "status shop: Ready=False Retrying"


async def test_error_after_the_first_pass_ends_the_wait(scenario: Scenario) -> None:
    scenario.create()
    await scenario.settle(first_statuses=False)
    scenario.change(command=["./start.sh"])
    assert (await scenario.settle(first_statuses=False))[0] == "status shop: Ready=False UnknownServer"
    assert scenario.clock.pending() == []


async def test_change_within_the_window_is_reported_with_its_generation(scenario: Scenario) -> None:
    scenario.create()
    await scenario.settle(first_statuses=False)
    scenario.clock.advance(0.5)
    scenario.change(image="shop:2")
    assert await scenario.settle(first_statuses=False) == ["apply deployments/shop"]
    assert scenario.clock.next_in() == WINDOW_SECONDS - 0.5, "the window begins once"
    scenario.clock.advance(WINDOW_SECONDS - 0.5)
    await scenario.settle()
    assert scenario.status()["observedGeneration"] == 2


async def test_change_of_an_app_with_a_status_is_reported_at_once(scenario: Scenario) -> None:
    await scenario.served()
    scenario.change(image="shop:2")
    requests = await scenario.settle(first_statuses=False)
    assert requests == ["apply deployments/shop", "status shop: Ready=False Progressing"]


async def test_app_that_is_deleted_within_the_window_leaves_nothing_behind(scenario: Scenario) -> None:
    scenario.create()
    await scenario.settle(first_statuses=False)
    scenario.delete(PROXIED_APP, "shop")
    assert await scenario.settle(first_statuses=False) == []
    assert scenario.clock.pending() == []


async def test_next_leader_writes_the_status_that_waited(scenario: Scenario) -> None:
    scenario.create()
    await scenario.settle(first_statuses=False)
    scenario.clock.calls.clear()
    scenario.restart()
    scenario.queue.add(Key("team", "shop"))
    assert await scenario.settle(first_statuses=False) == []
    scenario.clock.advance(WINDOW_SECONDS)
    assert await scenario.settle() == ["status shop: Ready=False Progressing"]


async def test_status_that_cannot_be_written_does_not_wait_again(scenario: Scenario) -> None:
    scenario.create()
    await scenario.settle(first_statuses=False)
    scenario.api.fail("status", "proxiedapps", UnavailableError(503, "etcd"))
    scenario.clock.advance(WINDOW_SECONDS)
    assert await scenario.settle(first_statuses=False) == ["status shop: Ready=False Progressing"]
    assert scenario.status() == UNREPORTED
    scenario.clock.advance(0.5)
    assert await scenario.settle(first_statuses=False) == ["status shop: Ready=False Progressing"]
    assert scenario.conditions()["Ready"] == "False Progressing"


async def test_refused_child_is_reported_at_once(scenario: Scenario) -> None:
    scenario.create()
    scenario.api.fail("create", "deployments", RefusedError(422, "quota"))
    assert "status shop: Ready=False ChildRefused" in await scenario.settle(first_statuses=False)
    assert scenario.cluster.names(DEPLOYMENT) == []


async def test_pods_are_inspected_after_the_window(scenario: Scenario) -> None:
    scenario.create()
    await scenario.settle()
    assert scenario.outcomes[-1] == Outcome("ready", retry=True, retry_after=5.0)
