"""Fixtures of the scenario tests."""

import pytest

from tests.support.scenario import Scenario


@pytest.fixture
def scenario() -> Scenario:
    return Scenario()
