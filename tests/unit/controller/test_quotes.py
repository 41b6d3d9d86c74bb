"""Messages that quote Kubernetes stay as they are while only numbers and names in them differ."""

from dataclasses import replace

import pytest

from proxiedapp.api.conditions import condition
from proxiedapp.api.reasons import Reason
from proxiedapp.api.status import Condition, ConditionType
from proxiedapp.controller.podproblems import Diagnosis
from proxiedapp.controller.quotes import same_words, settled
from tests.support.clock import START

WEBHOOK = 'failed calling webhook "a.b": Post "https://a.b.svc:443/v?timeout=10s": dial tcp 10.96.3.4:443: refused'


def reported(message: str, *, reason: Reason = Reason.RETRYING, generation: int = 2) -> Condition:
    return condition(ConditionType.READY, reason, message, holds=False, generation=generation, now=START)


def quoting(message: str) -> Diagnosis:
    return Diagnosis(False, Reason.RETRYING, message, message)


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        pytest.param(WEBHOOK, WEBHOOK.replace("10.96.3.4", "10.97.0.12"), True, id="another address"),
        pytest.param(WEBHOOK, WEBHOOK.replace("10s", "9.5s"), True, id="another duration"),
        pytest.param(WEBHOOK, WEBHOOK.replace("a.b.svc", "a.c.svc"), False, id="another Service"),
        pytest.param(WEBHOOK, WEBHOOK.replace("refused", "timed out"), False, id="another cause"),
        pytest.param('pods "shop-7d9-bcdfg" no', 'pods "shop-7d9-zzwwk" no', True, id="another pod"),
        pytest.param("shop-bcdfg is away", "shop-zzwwk is away", True, id="another random end"),
        pytest.param("used: pods=2", "used: pods=10", True, id="another amount"),
        pytest.param("Deployment shop", "Deployment store", False, id="another name"),
    ],
)
def test_only_numbers_and_generated_names_may_differ(one: str, other: str, *, same: bool) -> None:
    assert same_words(one, other) is same


def test_message_with_other_numbers_stays_as_reported() -> None:
    assert settled(quoting("took 12 ms"), [reported("took 7 ms")], 2).message == "took 7 ms"


@pytest.mark.parametrize(
    "before",
    [reported("took 7 ms", generation=1), reported("took 7 ms", reason=Reason.CHILD_REFUSED), reported("took 7 s")],
    ids=["of another generation", "for another reason", "in other words"],
)
def test_message_is_replaced_if_what_it_says_is_new(before: Condition) -> None:
    assert settled(quoting("took 12 ms"), [before], 2).message == "took 12 ms"


def test_message_without_a_quote_is_never_kept() -> None:
    found = replace(quoting("exits with code 3"), quote=None)
    assert settled(found, [reported("exits with code 1")], 2) is found


def test_message_that_was_cut_is_recognized() -> None:
    long = "no " * 1000
    before = reported(f"took 7 ms {long}")
    assert settled(quoting(f"took 12 ms {long}"), [before], 2).message == before.message


def test_quote_stays_while_kubernetes_gives_no_cause() -> None:
    before = reported("The image a:1 cannot be pulled: not found. Check it.")
    found = Diagnosis(False, Reason.RETRYING, "The image a:1 cannot be pulled. Check it.", "")
    assert settled(found, [before], 2).message == before.message


def test_long_words_take_linear_time() -> None:
    """By the square of the length, this would take half an hour."""
    assert not same_words("a" * 400_000, "b" * 400_000)
