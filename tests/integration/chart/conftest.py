"""Helm 3 and 4, and an API server with the Prometheus operator's CRDs, which optional objects of the chart need."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
import yaml

from proxiedapp_sandbox.bare import BareCluster, bare_cluster
from tests.support.dryrun import create
from tests.support.helm import HELMS, Helm
from tests.support.monitoring import monitoring_crds

NAMESPACES = ("team-a", "team-b")


@pytest.fixture(scope="session")
def helms(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Helm]:
    return {name: Helm(name, tmp_path_factory.mktemp(name)) for name in HELMS}


@pytest.fixture(params=HELMS)
def helm(helms: dict[str, Helm], request: pytest.FixtureRequest) -> Helm:
    return helms[request.param]


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def monitored(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[BareCluster]:
    async with bare_cluster(tmp_path_factory.mktemp("monitored"), lambda *_: None) as running:
        for name in NAMESPACES:
            await create(running.api, {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}})
        for file in monitoring_crds():
            await create(running.api, yaml.load(file.read_text(), yaml.CSafeLoader))
        yield running


@pytest.fixture(scope="session")
def repository() -> Path:
    return Path(__file__).parents[3]
