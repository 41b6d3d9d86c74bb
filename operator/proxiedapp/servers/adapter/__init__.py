"""The module that goes into the pods of apps whose server cannot be told everything by flags; it is read, not imported.

`proxiedapp_adapter.py` runs there, under the user's Python and server, and imports the user's app as soon as it is
imported itself.
"""

from importlib.resources import files
from typing import Final

MODULE: Final = "proxiedapp_adapter"
"""The name by which servers import it; in its folder it is the only file."""


def source() -> str:
    """Return the module's text, as it is mounted."""
    return files(__name__).joinpath(f"{MODULE}.py").read_text("utf-8")
