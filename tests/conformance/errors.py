"""What the suite reports as one line, and what a scenario reports."""

from typing import Final

from kubernetes.aio.config import ConfigException

from proxiedapp.kube.errors import ApiError


class ConformanceError(Exception):
    """The suite cannot run; the message is what is wrong and how to fix it."""


class WrongError(AssertionError):
    """A scenario does not hold; the message is what was seen instead."""


EXPECTED: Final = (ConformanceError, ApiError, ConfigException, OSError)
"""What ends the suite with one line: bad input, or a cluster that does not answer."""


def same(seen: object, expected: object, what: str) -> None:
    """Raise WrongError unless both are equal."""
    if seen != expected:
        raise WrongError(f"{what}: {seen!r} instead of {expected!r}")
