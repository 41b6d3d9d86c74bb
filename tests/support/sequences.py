"""Comparing sequences."""

from collections.abc import Iterable


def is_subsequence(some: Iterable[str], all_of: Iterable[str]) -> bool:
    """Return whether all of `some` stand in `all_of`, in the same order."""
    rest = iter(all_of)
    return all(one in rest for one in some)
