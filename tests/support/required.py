"""Programs that some tests need, and that a machine may lack."""

import os
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from tests.support.npm import NotInstalledError


@contextmanager
def skipped_without(variable: str) -> Iterator[None]:
    """Skip the test if what the block needs is not installed; fail it if the variable says that it must run."""
    try:
        yield
    except NotInstalledError as missing:
        if os.environ.get(variable):
            pytest.fail(str(missing))
        pytest.skip(str(missing))
