"""Events: one when something goes wrong with an app, and none while it stays so."""

from datetime import timedelta

import pytest

from proxiedapp.api.conditions import condition
from proxiedapp.api.reasons import Reason
from proxiedapp.api.status import Condition, ConditionType
from proxiedapp.controller.events import Notice, event, notices
from proxiedapp.controller.observed.objects import ObservedApp
from proxiedapp.controller.observed.store import Store
from proxiedapp.kube.key import Key
from proxiedapp.verify.codes import Code
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
    assert bool(notices(old, new)) is is_due


def pods(reason: Reason = Reason.CRASH_LOOP_BACK_OFF, message: str = "exits with code 1") -> Condition:
    return condition(ConditionType.READY, reason, message, holds=False, generation=1, now=START)


def verified(message: str = "", *, holds: bool = False) -> Condition:
    reason = Code.OPENAPI_SERVERS if message else Reason.VERIFIED
    return condition(ConditionType.VERIFIED, reason, message, holds=holds, generation=1, now=START)


CRASH_STALLS = stalled(Reason.CRASH_LOOP_BACK_OFF, "exits with code 1")


@pytest.mark.parametrize(
    ("old", "new", "reasons"),
    [
        pytest.param([], [pods()], ["CrashLoopBackOff"], id="pods crash"),
        pytest.param([], [pods(Reason.IMAGE_PULL_BACK_OFF)], ["ImagePullBackOff"], id="image"),
        pytest.param([pods()], [pods(message="exits with code 2")], [], id="same problem in other words"),
        pytest.param([pods(Reason.IMAGE_PULL_BACK_OFF)], [pods()], ["CrashLoopBackOff"], id="another problem"),
        pytest.param([], [pods(), CRASH_STALLS], ["CrashLoopBackOff"], id="one Event for one text"),
        pytest.param([], [pods(Reason.PROGRESSING)], [], id="an ordinary rollout"),
        pytest.param([], [verified("wrong")], ["OpenAPIServers"], id="found wrong"),
        pytest.param([verified("wrong")], [verified("wrong")], [], id="still wrong"),
        pytest.param([verified("wrong")], [verified(holds=True)], [], id="right again"),
    ],
)
def test_problem_of_pods_or_of_the_check_is_an_event(
    old: list[Condition], new: list[Condition], reasons: list[str]
) -> None:
    assert [notice.reason for notice in notices(old, new)] == reasons


STALLED = Notice("NameTaken", "taken")


def app() -> ObservedApp:
    store = Store(DEFAULTS.entry_points)
    store.observe_app(app_body())
    found, _ = store.snapshot(Key("team", "shop"))
    assert found is not None
    return found


def test_event_names_the_object_and_the_problem() -> None:
    body = event(app(), STALLED, START)
    del body["metadata"]["name"], body["reportingInstance"]
    assert body == {
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
        event(app(), Notice(reason, "taken"), START + timedelta(microseconds=micros))["metadata"]["name"]
        for reason in (Reason.NAME_TAKEN, Reason.UNKNOWN_SERVER)
        for micros in (0, 1)
    }
    assert len(names) == 4
    assert all(name.startswith("shop.") for name in names)


@pytest.mark.parametrize("char", ["a", "日"])
def test_event_is_never_refused_for_its_length(char: str) -> None:
    """The API server counts the note in bytes and takes 1024 of them."""
    body = event(app(), Notice("NameTaken", char * 5000), START)
    assert len(body["note"].encode()) <= 1024
    assert len(body["action"]) <= 128
    assert len(body["reportingInstance"]) <= 128
    assert len(body["reason"]) <= 128
