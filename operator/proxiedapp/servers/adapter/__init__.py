"""The source of the adapter, which runs in the pods of apps whose server's flags are not enough.

`proxiedapp_adapter.py` is mounted from a ConfigMap and runs under the user's Python and server. It imports the user's
app when it is imported, so the operator only reads it.
"""

from importlib.resources import files
from typing import Final

MODULE: Final = "proxiedapp_adapter"
"""The module's name in the pod, where it is the only file of its folder."""


def source() -> str:
    """Return the text of the module that is mounted."""
    return files(__name__).joinpath(f"{MODULE}.py").read_text("utf-8")
