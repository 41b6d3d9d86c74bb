"""A test of many cases reports every case that fails."""

import pytest

from tests.support.each import each


def test_every_failing_case_is_named() -> None:
    @each([1, 2, 3])
    def is_odd(number: int) -> None:
        assert number % 2

    @each([1, 2, 4])
    def is_even(number: int) -> None:
        assert number % 2 == 0, f"{number} is odd"

    with pytest.raises(ExceptionGroup, match="1 of 3 cases fail") as one:
        is_odd()
    assert [error.__notes__ for error in one.value.exceptions] == [["case: 2"]]
    with pytest.raises(ExceptionGroup) as other:
        is_even()
    assert [str(error).partition("\n")[0] for error in other.value.exceptions] == ["1 is odd"]


def test_no_cases_are_a_mistake() -> None:
    with pytest.raises(AssertionError, match="no cases"):
        each([])
