"""Comparison of sequences."""

from collections.abc import Iterable


def is_subsequence(some: Iterable[str], all_of: Iterable[str]) -> bool:
    """Return whether `all_of` contains all of `some`, in the same order."""
    rest = iter(all_of)
    return all(one in rest for one in some)
