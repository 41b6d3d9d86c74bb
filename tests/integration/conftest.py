"""Real kube-apiservers that the tests share. No controller acts on its objects unless a test starts the operator."""

from collections.abc import AsyncIterator
from pathlib import Path
from uuid import uuid4

import pytest
import pytest_asyncio
import yaml

from proxiedapp_sandbox.bare import BareCluster, bare_cluster
from proxiedapp_sandbox.cluster import install_manifests
from tests.support.dryrun import create
from tests.support.monitoring import monitoring_crds
from tests.support.optional import GATEWAY_CRDS, OPTIONAL_CRDS


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Run all tests of this folder on the loop on which the server's processes are awaited."""
    here = Path(__file__).parent
    for item in items:
        if here in item.path.parents:
            item.add_marker(pytest.mark.asyncio(loop_scope="session"), append=False)


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def cluster(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[BareCluster]:
    async with bare_cluster(tmp_path_factory.mktemp("cluster"), lambda *_: None) as running:
        await install_manifests(running.api, [OPTIONAL_CRDS, GATEWAY_CRDS])
        yield running


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def monitored(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[BareCluster]:
    """A cluster with the Prometheus operator's CRDs, which optional objects of the chart need."""
    async with bare_cluster(tmp_path_factory.mktemp("monitored"), lambda *_: None) as running:
        for name in ("team-a", "team-b"):
            await create(running.api, {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}})
        for file in monitoring_crds():
            await create(running.api, yaml.load(file.read_text(), yaml.CSafeLoader))
        yield running


@pytest_asyncio.fixture(loop_scope="session")
async def namespace(cluster: BareCluster) -> str:
    name = f"question-{uuid4().hex[:8]}"
    manifest = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}}
    await cluster.api.request("POST", "/api/v1/namespaces", manifest)
    return name
