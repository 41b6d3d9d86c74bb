from contextlib import aclosing

import pytest

from proxiedapp_sandbox.node.handlers import HandlerResult
from proxiedapp_sandbox.node.probes import ProbeSettings, ThresholdCounter, state_changes


def test_defaults_are_those_of_kubernetes_and_zero_counts_as_not_set() -> None:
    assert ProbeSettings.of({}) == ProbeSettings.of({"periodSeconds": 0}) == ProbeSettings(0, 10, 1, 1, 3)
    given = {"initialDelaySeconds": 1, "periodSeconds": 2, "timeoutSeconds": 3, "successThreshold": 4}
    assert ProbeSettings.of(given | {"failureThreshold": 5}) == ProbeSettings(1, 2, 3, 4, 5)


@pytest.mark.parametrize(
    ("outcomes", "decided"),
    [
        pytest.param("+", ["+"], id="one success is enough"),
        pytest.param("--", [None, None], id="two failures are not"),
        pytest.param("---", [None, None, "-"], id="three are"),
        pytest.param("--+--", [None, None, "+", None, None], id="a success starts the count again"),
        pytest.param("----", [None, None, "-", "-"], id="and it stays decided"),
    ],
)
def test_a_threshold_counts_equal_results_in_a_row(outcomes: str, decided: list[str | None]) -> None:
    tally = ThresholdCounter(ProbeSettings())
    words = {True: "+", False: "-", None: None}
    assert [words[tally.count(ok=one == "+")] for one in outcomes] == decided


def test_the_success_threshold_counts_as_well() -> None:
    tally = ThresholdCounter(ProbeSettings(successes=2, failures=1))
    assert [tally.count(ok=one == "+") for one in "+-++"] == [None, False, None, True]


async def test_only_changes_are_yielded_and_the_period_is_kept() -> None:
    outcomes = iter("--+++---+")
    slept: list[float] = []

    async def check() -> HandlerResult:
        return HandlerResult(next(outcomes) == "+", "")

    async def sleep(seconds: float) -> None:
        slept.append(seconds)

    async with aclosing(state_changes(ProbeSettings(initial_delay=5, period=2), check, sleep)) as said:
        assert [(await anext(said)).ok for _ in range(3)] == [True, False, True]
    assert slept == [5, *[2] * 8]
