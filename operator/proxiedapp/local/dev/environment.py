"""The environment of an app's server: where its programs are, and which variables it gets."""

import os
import shutil
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from proxiedapp.servers.server import Setting
from proxiedapp.servers.table import SERVERS


def _configuring() -> frozenset[str]:
    settings: list[Setting] = [
        setting for server in SERVERS for form in server.forms for setting in {**form.settings, **form.checked}.values()
    ]
    names = {name for setting in settings for name in setting.variables}
    names |= {name for server in SERVERS for form in server.forms for name in form.rejected_variables}
    return frozenset(names | {server.arguments_variable for server in SERVERS if server.arguments_variable})


_CONFIGURING: Final = _configuring()
"""Variables by which servers are configured. Those of the user's shell are not passed on: no pod would have them."""


def search_path(folder: Path) -> str:
    """Return PATH for the programs of an app: a virtual environment comes first, and this tool's own comes last."""
    active = os.environ.get("VIRTUAL_ENV")
    own = next((each / ".venv" for each in (folder, *folder.parents) if (each / ".venv" / "bin").is_dir()), None)
    folders = [
        *([f"{active}/bin"] if active else []),
        *([str(own / "bin")] if own is not None else []),
        *os.environ.get("PATH", os.defpath).split(os.pathsep),
        str(Path(sys.executable).parent),
    ]
    return os.pathsep.join(dict.fromkeys(each for each in folders if each))


def find(program: str, path: str, folder: Path) -> str | None:
    """Return a program of the app; a name with a slash is relative to its folder."""
    if "/" in program:
        file = folder / program
        return str(file) if file.is_file() and os.access(file, os.X_OK) else None
    return shutil.which(program, path=path)


def variables(own: Mapping[str, str], path: str) -> dict[str, str]:
    """Return the variables of the server: those of the user's shell, replaced by the app's own."""
    inherited = {name: value for name, value in os.environ.items() if name not in _CONFIGURING}
    given = {"PATH": path, "PYTHONUNBUFFERED": "1", **own}
    if "PYTHONPATH" in own and inherited.get("PYTHONPATH"):
        given["PYTHONPATH"] = f"{own['PYTHONPATH']}{os.pathsep}{inherited['PYTHONPATH']}"
    return inherited | given
