"""Helm 3 and 4."""

from pathlib import Path

import pytest

from tests.support.helm import HELMS, Helm


@pytest.fixture(scope="session")
def helms(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Helm]:
    return {name: Helm(name, tmp_path_factory.mktemp(name)) for name in HELMS}


@pytest.fixture(params=HELMS)
def helm(helms: dict[str, Helm], request: pytest.FixtureRequest) -> Helm:
    return helms[request.param]


@pytest.fixture(scope="session")
def repository() -> Path:
    return Path(__file__).parents[3]
