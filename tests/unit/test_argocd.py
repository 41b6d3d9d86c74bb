"""gitops/argocd/health.lua, run by a real Lua on the cases beside it, in the layout of Argo CD's own."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.support.argocd import FOLDER, health_of

TESTS: list[dict[str, Any]] = yaml.safe_load((FOLDER / "health_test.yaml").read_text())["tests"]


@pytest.mark.table("Argo CD's health")
@pytest.mark.parametrize("case", TESTS, ids=lambda case: Path(case["inputPath"]).stem)
def test_health_is_as_expected(case: dict[str, Any]) -> None:
    assert health_of(yaml.safe_load((FOLDER / case["inputPath"]).read_text())) == case["healthStatus"]


def test_each_file_is_a_case() -> None:
    assert sorted(case["inputPath"] for case in TESTS) == sorted(
        str(path.relative_to(FOLDER)) for path in (FOLDER / "testdata").glob("*.yaml")
    )
