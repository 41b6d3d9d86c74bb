"""The API server accepts each ProxiedApp that the documentation shows."""

import pytest

from proxiedapp_sandbox.bare import BareCluster
from tests.support.contract import submit
from tests.support.docs import Example, proxied_apps


@pytest.mark.parametrize("example", proxied_apps(), ids=lambda example: example.where)
async def test_example_is_accepted(cluster: BareCluster, example: Example) -> None:
    await submit(cluster, example.manifest["spec"], example.manifest["metadata"]["name"])
