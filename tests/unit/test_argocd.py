"""gitops/argocd/health.lua, run by a real Lua on the cases beside it, in the layout of Argo CD's own."""

from pathlib import Path
from typing import Any

import lupa.lua51
import pytest
import yaml

FOLDER = Path(__file__).parents[2] / "gitops" / "argocd"
TESTS: list[dict[str, Any]] = yaml.safe_load((FOLDER / "health_test.yaml").read_text())["tests"]


def health_of(manifest: dict[str, Any]) -> dict[str, str]:
    """Ask the script as Argo CD does: `obj` is the object, without any library of the system's."""
    lua = lupa.lua51.LuaRuntime(unpack_returned_tuples=True, register_eval=False)
    for library in ("io", "os", "package", "require", "debug", "python"):
        lua.globals()[library] = None
    lua.globals()["obj"] = lua.table_from(manifest, recursive=True)
    return dict(lua.execute((FOLDER / "health.lua").read_text()))


@pytest.mark.parametrize("case", TESTS, ids=lambda case: Path(case["inputPath"]).stem)
def test_health_is_as_expected(case: dict[str, Any]) -> None:
    assert health_of(yaml.safe_load((FOLDER / case["inputPath"]).read_text())) == case["healthStatus"]


def test_each_file_is_a_case() -> None:
    assert sorted(case["inputPath"] for case in TESTS) == sorted(
        str(path.relative_to(FOLDER)) for path in (FOLDER / "testdata").glob("*.yaml")
    )
