"""Conditions: their transition time, their order, and what a message may contain."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxiedapp.api.conditions import carry_over, condition, printable
from proxiedapp.api.reasons import Reason
from proxiedapp.api.status import Condition, ConditionType

NOON = datetime(2026, 1, 2, 12, 0, 0, 999_999, tzinfo=UTC)
LATER = NOON + timedelta(hours=1)
READY = ConditionType.READY


def ready(*, holds: bool | None, now: datetime, reason: Reason = Reason.AVAILABLE, generation: int = 1) -> Condition:
    return condition(READY, reason, "A message.", holds=holds, generation=generation, now=now)


@pytest.mark.parametrize(("holds", "status"), [(True, "True"), (False, "False"), (None, "Unknown")])
def test_status_is_true_false_or_unknown(holds: bool | None, status: str) -> None:
    assert ready(holds=holds, now=NOON).status == status


def test_times_are_whole_seconds_as_the_api_server_keeps_them() -> None:
    one = ready(holds=True, now=NOON)
    assert one.model_dump(mode="json", by_alias=True)["lastTransitionTime"] == "2026-01-02T12:00:00Z"


@pytest.mark.parametrize("before", [True, False, None])
@pytest.mark.parametrize("after", [True, False, None])
def test_transition_time_changes_only_with_the_status(before: bool | None, after: bool | None) -> None:
    (kept,) = carry_over([ready(holds=before, now=NOON)], [ready(holds=after, now=LATER)])
    assert kept.last_transition_time == (NOON if before is after else LATER).replace(microsecond=0)


def test_new_reason_message_and_generation_keep_the_transition_time() -> None:
    old = ready(holds=False, now=NOON, reason=Reason.PROGRESSING)
    new = ready(holds=False, now=LATER, reason=Reason.RETRYING, generation=2)
    (kept,) = carry_over([old], [new])
    assert (kept.reason, kept.observed_generation) == ("Retrying", 2)
    assert kept.last_transition_time == old.last_transition_time


def test_condition_that_reappears_has_a_new_transition_time() -> None:
    old = condition(ConditionType.STALLED, Reason.NAME_TAKEN, "", holds=True, generation=1, now=NOON)
    without = carry_over([old], [ready(holds=True, now=NOON)])
    new = condition(ConditionType.STALLED, Reason.NAME_TAKEN, "", holds=True, generation=1, now=LATER)
    (back,) = carry_over(without, [new])
    assert back.last_transition_time == LATER.replace(microsecond=0)


def test_conditions_that_are_not_set_again_are_dropped() -> None:
    assert carry_over([ready(holds=True, now=NOON)], []) == []


@given(st.permutations(list(ConditionType)))
def test_conditions_have_a_fixed_order(types: list[ConditionType]) -> None:
    given_in = [condition(one, Reason.AVAILABLE, "", holds=True, generation=1, now=NOON) for one in types]
    shown = [one.type for one in carry_over([], given_in)]
    assert shown == ["Ready", "Reconciling", "Stalled", "RouteAccepted", "WorkloadAvailable", "Verified"]


@pytest.mark.parametrize(
    ("message", "shown"),
    [
        pytest.param("All is well: 100 % é 日本.", "All is well: 100 % é 日本.", id="plain text"),
        pytest.param("a\nb\r\nc\td", "a b  c d", id="line ends and tabs"),
        pytest.param("\x1b[2Ja\x07\x00\x7f\x9bb", " [2Ja    b", id="terminal control characters"),
        pytest.param("a\u202eb\u2066c\u200ed\u061ce", "a b c d e", id="bidirectional controls"),
        pytest.param("a\u200bb\ufeffc\u2028d", "a b c d", id="invisible characters"),
        pytest.param("a\ud800b", "a b", id="half of a surrogate pair"),
    ],
)
def test_message_contains_printable_characters_only(message: str, shown: str) -> None:
    assert printable(message) == shown


@pytest.mark.parametrize("char", ["a", "é", "日", "😀"])
@pytest.mark.parametrize("count", [255, 256, 341, 342, 512, 513, 1024, 1025, 40_000])
def test_message_is_cut_to_the_limit_of_an_event(char: str, count: int) -> None:
    message = char * count
    shown = printable(message)
    assert len(shown.encode()) <= 1024
    if len(message.encode()) <= 1024:
        assert shown == message
    else:
        assert shown == char * (len(shown) - 1) + "…"
        assert len(shown.encode()) > 1024 - 4


@given(st.text())
def test_any_text_becomes_printable(message: str) -> None:
    assert printable(message).isprintable()
    assert printable(printable(message)) == printable(message)


def test_message_of_a_condition_is_printable() -> None:
    one = condition(READY, Reason.AVAILABLE, "a\x1b[0m", holds=True, generation=1, now=NOON)
    assert one.message == "a [0m"
