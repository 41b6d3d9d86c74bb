"""NeighbourPrefix: a path that only starts with the same characters reaches the app."""

import pytest

from proxiedapp.verify.codes import Code
from proxiedapp.verify.evidence import Evidence
from tests.support.evidence import (
    HTML,
    NEIGHBOUR,
    OUTSIDE,
    PREFIX,
    an_answer,
    app_404,
    assert_right,
    assert_wrong,
    evidence,
    finding_of,
    no_answer,
)

WRONG = {
    "the app's page for any path": evidence(
        unknown_path=an_answer(f"{PREFIX}/abc/nowhere", 200, "<h1>Shop</h1>", HTML),
        neighbouring_path=an_answer(NEIGHBOUR, 200, "<h1>Shop</h1>", HTML),
    ),
    "the app's 404": evidence(neighbouring_path=app_404(NEIGHBOUR)),
}

RIGHT = {
    "an app like this one is served outside the prefix": (
        evidence(outside_prefix=app_404(OUTSIDE), neighbouring_path=app_404(NEIGHBOUR)),
        {Code.NEIGHBOUR_PREFIX},
    ),
    "another app is served there": (
        evidence(neighbouring_path=an_answer(NEIGHBOUR, 404, "Not here", HTML)),
        {Code.NEIGHBOUR_PREFIX},
    ),
    "no response": (
        evidence(neighbouring_path=no_answer(NEIGHBOUR), outside_prefix=no_answer(OUTSIDE)),
        {Code.NEIGHBOUR_PREFIX},
    ),
    "a 404 that repeats the path": (
        evidence(
            neighbouring_path=an_answer(NEIGHBOUR, 404, f"no {NEIGHBOUR} here", HTML),
            outside_prefix=an_answer(OUTSIDE, 404, f"no {OUTSIDE} here", HTML),
        ),
        set(),
    ),
}


@pytest.mark.parametrize("name", WRONG)
def test_response_of_the_app_is_a_fault(name: str) -> None:
    assert_wrong(WRONG[name], [Code.NEIGHBOUR_PREFIX])


@pytest.mark.parametrize("name", RIGHT)
def test_response_of_another_server_is_not_a_fault(name: str) -> None:
    assert_right(*RIGHT[name])


def test_fix_is_a_rule_that_ends_at_a_segment() -> None:
    assert "PathPrefix(`/api/v1/`)" in finding_of(WRONG["the app's 404"], Code.NEIGHBOUR_PREFIX).fix


@pytest.mark.parametrize("given", [given for given, _ in RIGHT.values()] + list(WRONG.values()))
def test_finding_contains_nothing_of_a_response_of_another_app(given: Evidence) -> None:
    seen = finding_of(given, Code.NEIGHBOUR_PREFIX).seen
    assert NEIGHBOUR not in seen, "a name that is random would change the condition at each check"
    assert "404" not in seen
