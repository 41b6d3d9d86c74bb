"""Putting the adapter between a server and the user's app: another name for the server, and what it must know."""

from typing import Final

from proxiedapp.api.errors import CommandConflictError
from proxiedapp.api.volumes import ADAPTER_PATH
from proxiedapp.servers.command.invocation import Invocation
from proxiedapp.servers.command.variables import Variables
from proxiedapp.servers.told import variable_of

MOUNT_PATH: Final = ADAPTER_PATH
"""Folder of the adapter in the container."""
MODULE: Final = "proxiedapp_adapter"

_NEVER: Final = "or set spec.server.adapter: Never"


def settings(
    invocation: Invocation, variables: Variables, root_path: str, trusted_proxies: str, *, strips: bool
) -> tuple[str, dict[str, str]]:
    """Return the app to name to the server instead of the user's, and the adapter's variables.

    Raises CommandConflictError where one of them cannot be had.
    """
    if invocation.app is None:
        raise CommandConflictError(
            "spec.command",
            f"it does not name the app that {invocation.server.name} shall run",
            f"Name it as module:attribute, {_NEVER}",
        )
    app = invocation.arguments[invocation.app]
    if not app.known:
        raise CommandConflictError(
            "spec.command",
            "the app's name takes its value from a place that cannot be seen here",
            f"Write it, {_NEVER}",
        )
    python_path = variable_of("PYTHONPATH", invocation, variables)
    if python_path is not None and (not python_path.known or "PYTHONPATH" in invocation.assignments):
        field = "spec.command" if "PYTHONPATH" in invocation.assignments else "spec.env"
        raise CommandConflictError(
            field,
            "PYTHONPATH is set where the adapter's folder cannot be added to it",
            f"Give it as a plain value in spec.env, {_NEVER}",
        )
    factory = invocation.server.factory_switch in invocation.reading.in_force()
    kept = f":{python_path.text}" if python_path is not None and python_path.text else ""
    kept_by_proxy = {"PROXIEDAPP_PREFIX_KEPT": "yes"} if root_path and not strips else {}
    return f"{MODULE}:{'create' if factory else 'app'}", {
        "PYTHONPATH": f"{MOUNT_PATH}{kept}",
        "PROXIEDAPP_APP": app.text,
        "PROXIEDAPP_ROOT_PATH": root_path,
        "PROXIEDAPP_TRUSTED_PROXIES": trusted_proxies,
        **kept_by_proxy,
    }
