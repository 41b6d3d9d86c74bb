"""pydantic without its search for plugins, of which these commands need none.

For the search, pydantic imports `importlib.metadata` with email and zipfile, and reads the metadata of all installed
distributions: a tenth of the time of `proxiedapp render`. With the variable PYDANTIC_DISABLE_PLUGINS it still imports
them, and the apps that `proxiedapp dev` starts inherit the variable (pydantic 2.14, `pydantic/plugin/_loader.py`).
"""

import sys
from types import ModuleType


def disable_plugins() -> None:
    """Replace the module that finds plugins by one that finds none, unless it is in use."""
    loader = ModuleType("pydantic.plugin._loader")
    loader.get_plugins = tuple  # type: ignore[attr-defined]
    sys.modules.setdefault(loader.__name__, loader)
