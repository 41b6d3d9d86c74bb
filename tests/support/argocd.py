"""Runs gitops/argocd/health.lua as Argo CD does, in a real Lua interpreter."""

from pathlib import Path
from typing import Any, Final

import lupa.lua51

FOLDER: Final = Path(__file__).parents[2] / "gitops" / "argocd"


def health_of(manifest: dict[str, Any]) -> dict[str, str]:
    """Return the script's result for an object. As in Argo CD, `obj` is the object; system libraries are missing."""
    lua = lupa.lua51.LuaRuntime(unpack_returned_tuples=True, register_eval=False)
    for library in ("io", "os", "package", "require", "debug", "python"):
        lua.globals()[library] = None
    lua.globals()["obj"] = lua.table_from(manifest, recursive=True)
    return dict(lua.execute((FOLDER / "health.lua").read_text()))
