from collections.abc import Iterator

import pytest

from proxiedapp_sandbox.node.config import NetworkConfig
from tests.unit.sandbox.node.kernel import a_network


@pytest.fixture
def network() -> Iterator[NetworkConfig]:
    with a_network() as made:
        yield made
