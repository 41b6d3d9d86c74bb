"""One test for many cases, for checks that take microseconds: a test of pytest costs a hundred times as much."""

from collections.abc import Callable, Iterable
from typing import TypeVar

T = TypeVar("T")


def each(cases: Iterable[T]) -> Callable[[Callable[[T], None]], Callable[[], None]]:
    """Turn the check of one case into a test of all; it lists every case that fails, with its assertion."""
    listed = list(cases)
    assert listed, "no cases"

    def decorate(check: Callable[[T], None]) -> Callable[[], None]:
        def test() -> None:
            failures: list[Exception] = []
            for case in listed:
                try:
                    check(case)
                except Exception as error:  # noqa: BLE001 - every failure is reported
                    error.add_note(f"case: {case}")
                    failures.append(error)
            if failures:
                raise ExceptionGroup(f"{len(failures)} of {len(listed)} cases fail", failures)

        vars(test)["place_as"] = check  # where pytest reports the test (pytest 9, _pytest/_code/code.py)
        return test

    return decorate
