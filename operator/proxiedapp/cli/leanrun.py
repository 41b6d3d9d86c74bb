"""`proxiedapp run` without modules that two of its packages import for others: 14 MiB of memory (measured)."""

import sys
from contextlib import suppress
from importlib.util import find_spec, module_from_spec

# `kubernetes` 37.0.2 imports its synchronous clients, `kubernetes.aio` its dynamic and watch clients, and
# `kubernetes.utils`, of which quantities are used, urllib3. A package that is not executed still has its submodules,
# which use nothing of the package itself.
for _name in ("kubernetes", "kubernetes.aio", "kubernetes.utils"):
    with suppress(ModuleNotFoundError):
        if _name not in sys.modules and (_spec := find_spec(_name)) is not None:
            sys.modules[_name] = module_from_spec(_spec)
# httpx 0.28.1 imports its own command line, with rich and pygments, if they are installed. None stands for a module
# that is missing (https://docs.python.org/3/reference/import.html#the-module-cache).
sys.modules.setdefault("httpx._main", None)  # type: ignore[arg-type]

from proxiedapp.cli.run import run  # noqa: E402 - after what it must not import

__all__ = ["run"]
