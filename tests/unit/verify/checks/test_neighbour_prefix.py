"""NeighbourPrefix: a path that only starts with the same characters reaches the app."""

import pytest

from proxiedapp.verify.codes import Code
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
    schema_answer,
)

WRONG = {
    "the app's schema": evidence(neighbouring_path=schema_answer(PREFIX)),
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
    assert 'PathPrefix("/api/v1/")' in finding_of(WRONG["the app's schema"], Code.NEIGHBOUR_PREFIX).fix
