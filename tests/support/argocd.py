"""gitops/argocd/health.lua as Argo CD runs it, by a real Lua."""

from pathlib import Path
from typing import Any, Final

import lupa.lua51

FOLDER: Final = Path(__file__).parents[2] / "gitops" / "argocd"


def health_of(manifest: dict[str, Any]) -> dict[str, str]:
    """Ask the script: `obj` is the object, and no library of the system's is at hand."""
    lua = lupa.lua51.LuaRuntime(unpack_returned_tuples=True, register_eval=False)
    for library in ("io", "os", "package", "require", "debug", "python"):
        lua.globals()[library] = None
    lua.globals()["obj"] = lua.table_from(manifest, recursive=True)
    return dict(lua.execute((FOLDER / "health.lua").read_text()))
