"""A status without news equals the current one, so nothing is written."""

from datetime import timedelta
from typing import Any

import pytest

from proxiedapp.api.conditions import conditions_of
from proxiedapp.api.errors import UnknownServerError
from proxiedapp.controller.observed.objects import ObservedApp
from proxiedapp.controller.observed.store import Store
from proxiedapp.controller.observed.workload import Workload
from proxiedapp.controller.status import PassResult, next_status, rejected
from proxiedapp.kube.key import Key
from proxiedapp.resources.desired import desired
from proxiedapp.resources.kinds import DEPLOYMENT
from tests.support.apps import DEFAULTS, an_app
from tests.support.clock import START
from tests.support.observed import app_body, child_body, rolled_out

SHOP = Key("team", "shop")
URLS = {"web": "http://*"}
WANT = desired(an_app(namespace="team"), DEFAULTS)
BAD_SPEC = rejected(UnknownServerError("spec.command", "no server", "Name one"))


def app(status: dict[str, Any] | None, generation: int = 1) -> ObservedApp:
    store = Store(DEFAULTS.entry_points)
    store.observe_app(app_body(status=status, generation=generation))
    found, _ = store.snapshot(SHOP)
    assert found is not None
    return found


def pods(**changes: Any) -> Workload:
    store = Store(DEFAULTS.entry_points)
    store.observe_child(DEPLOYMENT, child_body(status=rolled_out(**changes)))
    _, (child,) = store.snapshot(SHOP)
    assert child.workload is not None
    return child.workload


def status_at(
    seconds: int,
    present: dict[str, Any] | None,
    *,
    outcome: PassResult | None = None,
    workload: Workload | None = None,
    generation: int = 1,
) -> dict[str, Any]:
    made = outcome or PassResult()
    now = START + timedelta(seconds=seconds)
    return next_status(app(present, generation), None if made.problem else WANT, made, workload, None, URLS, now)


@pytest.mark.parametrize("outcome", [PassResult(), BAD_SPEC])
@pytest.mark.parametrize("workload", [None, pods(), pods(availableReplicas=0)])
def test_nothing_new_gives_an_equal_status(outcome: PassResult, workload: Workload | None) -> None:
    first = status_at(0, None, outcome=outcome, workload=workload)
    assert status_at(3600, first, outcome=outcome, workload=workload) == first


def test_only_what_flipped_has_a_new_time() -> None:
    rolling = status_at(0, None, workload=pods(updatedReplicas=0))
    done = status_at(60, rolling, workload=pods())
    times = {one["type"]: one["lastTransitionTime"] for one in done["conditions"]}
    assert times == {
        "Ready": "2026-01-02T12:01:00Z",
        "RouteAccepted": "2026-01-02T12:00:00Z",
        "WorkloadAvailable": "2026-01-02T12:00:00Z",
    }


def test_new_generation_is_always_worth_a_write() -> None:
    first = status_at(0, None, workload=pods())
    second = status_at(60, first, workload=pods(), generation=2)
    assert second["observedGeneration"] == 2
    assert {one["observedGeneration"] for one in second["conditions"]} == {2}
    assert {one["lastTransitionTime"] for one in second["conditions"]} == {"2026-01-02T12:00:00Z"}


def test_stalled_is_removed_with_its_cause() -> None:
    first = status_at(0, None, outcome=BAD_SPEC)
    assert "Stalled" not in {one["type"] for one in status_at(1, first)["conditions"]}


@pytest.mark.parametrize(
    "broken",
    [
        pytest.param({"type": "Ready"}, id="half of a condition"),
        pytest.param({"type": "Ready", "status": "Maybe"}, id="a status that is none"),
        pytest.param("text", id="no object"),
        pytest.param(
            {
                "type": "Theirs",
                "status": "True",
                "observedGeneration": 1,
                "lastTransitionTime": "2026-01-01T00:00:00Z",
                "reason": "R",
                "message": "",
            },
            id="a condition of another client",
        ),
    ],
)
def test_condition_that_is_not_ours_is_as_good_as_absent(broken: Any) -> None:
    assert conditions_of({"conditions": [broken]}) == []
    assert status_at(0, {"conditions": [broken]}) == status_at(0, None)


def test_status_without_conditions_has_none() -> None:
    assert conditions_of({}) == []
    assert conditions_of({"conditions": None}) == []
