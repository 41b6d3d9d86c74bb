"""Events: one when an app stalls, and none while it stays stalled."""

from datetime import timedelta

import pytest

from proxiedapp.api.conditions import condition
from proxiedapp.api.reasons import Reason
from proxiedapp.api.status import Condition, ConditionType
from proxiedapp.controller.events import newly_stalled, warning
from proxiedapp.controller.observed.objects import ObservedApp
from proxiedapp.controller.observed.store import Store
from proxiedapp.kube.key import Key
from tests.support.apps import DEFAULTS
from tests.support.clock import START
from tests.support.observed import app_body


def stalled(
    reason: Reason = Reason.NAME_TAKEN, message: str = "taken", *, later: int = 0, generation: int = 1
) -> Condition:
    now = START + timedelta(seconds=later)
    return condition(ConditionType.STALLED, reason, message, holds=True, generation=generation, now=now)


READY = condition(ConditionType.READY, Reason.NAME_TAKEN, "taken", holds=False, generation=1, now=START)


@pytest.mark.parametrize(
    ("old", "new", "is_due"),
    [
        pytest.param([], [], False, id="not stalled"),
        pytest.param([], [READY], False, id="another condition with the same words"),
        pytest.param([], [stalled()], True, id="stalled"),
        pytest.param([READY], [READY, stalled()], True, id="stalled now"),
        pytest.param([stalled()], [stalled()], False, id="still stalled"),
        pytest.param([stalled()], [stalled(later=9, generation=2)], False, id="still stalled after a change"),
        pytest.param([stalled()], [stalled(Reason.UNKNOWN_SERVER)], True, id="stalled for another reason"),
        pytest.param([stalled()], [stalled(message="other")], True, id="stalled by something else"),
        pytest.param([stalled()], [READY], False, id="no longer stalled"),
    ],
)
def test_event_is_due_only_for_news(old: list[Condition], new: list[Condition], is_due: bool) -> None:
    assert (newly_stalled(old, new) is not None) is is_due


def app() -> ObservedApp:
    store = Store(DEFAULTS.entry_points)
    store.observe_app(app_body())
    found, _ = store.snapshot(Key("team", "shop"))
    assert found is not None
    return found


def test_event_names_the_object_and_the_problem() -> None:
    event = warning(app(), stalled(), START)
    del event["metadata"]["name"], event["reportingInstance"]
    assert event == {
        "apiVersion": "events.k8s.io/v1",
        "kind": "Event",
        "metadata": {"namespace": "team"},
        "eventTime": "2026-01-02T12:00:00.000000Z",
        "reportingController": "proxiedapp.dev",
        "type": "Warning",
        "reason": "NameTaken",
        "action": "Reconcile",
        "note": "taken",
        "regarding": {
            "apiVersion": "proxiedapp.dev/v1alpha1",
            "kind": "ProxiedApp",
            "namespace": "team",
            "name": "shop",
            "uid": "app-1",
        },
    }


def test_each_event_has_a_name_of_its_own() -> None:
    names = {
        warning(app(), stalled(reason), START + timedelta(microseconds=micros))["metadata"]["name"]
        for reason in (Reason.NAME_TAKEN, Reason.UNKNOWN_SERVER)
        for micros in (0, 1)
    }
    assert len(names) == 4
    assert all(name.startswith("shop.") for name in names)


@pytest.mark.parametrize("char", ["a", "日"])
def test_event_is_never_refused_for_its_length(char: str) -> None:
    """The API server counts the note in bytes and takes 1024 of them."""
    event = warning(app(), stalled(message=char * 5000), START)
    assert len(event["note"].encode()) <= 1024
    assert len(event["action"]) <= 128
    assert len(event["reportingInstance"]) <= 128
    assert len(event["reason"]) <= 128
