"""Puts the adapter between a server and the user's app: which app the server is given, and the adapter's variables."""

from dataclasses import dataclass
from typing import Final

from proxiedapp.api.errors import CommandConflictError
from proxiedapp.api.volumes import ADAPTER_PATH
from proxiedapp.servers.adapter import MODULE
from proxiedapp.servers.command.invocation import Invocation
from proxiedapp.servers.conflicts import unknown_value
from proxiedapp.servers.given import given_value
from proxiedapp.servers.server import TRUE_WORDS

_NEVER: Final = "or set spec.server.adapter: Never"


@dataclass(frozen=True, slots=True)
class Wiring:
    """What makes a server run the adapter, and the adapter the user's app."""

    app: str
    """The app for the server's command, in place of the user's."""
    flags: list[str]
    variables: dict[str, str]


def wire_adapter(
    invocation: Invocation, root_path: str, trusted_proxies: str, *, strips: bool, folder: str = ADAPTER_PATH
) -> Wiring:
    """Return how to run the user's app through the adapter, which is in a folder of the server's machine.

    Raises CommandConflictError if the app's name or the path of modules cannot be read or replaced.
    """
    kept_by_proxy = {"PROXIEDAPP_PREFIX_KEPT": "yes"} if root_path and not strips else {}
    app = _user_app(invocation)
    server = invocation.server
    module, flags, variables = MODULE, [], {}
    if server.accepts_file:
        module = f"{folder}/{MODULE}.py"
    elif server.python_path.flags:
        flags = [server.python_path.flags[0], _path_flag(invocation, folder)]
    else:
        variables = {"PYTHONPATH": _python_path(invocation, folder)}
    return Wiring(
        f"{module}:{'create' if _is_factory(invocation) else 'app'}",
        flags,
        {
            **variables,
            "PROXIEDAPP_APP": app,
            "PROXIEDAPP_ROOT_PATH": root_path,
            "PROXIEDAPP_TRUSTED_PROXIES": trusted_proxies,
            **kept_by_proxy,
        },
    )


def _is_factory(invocation: Invocation) -> bool:
    """Return whether the server expects the name of a function that returns the app."""
    factory = invocation.server.factory
    if factory is None:
        return False
    switch = factory.flags[0]
    options = invocation.options
    if options & {switch, "--no-" + switch.removeprefix("--")}:
        return switch in options
    given = given_value(invocation, factory)
    if given is None:
        return False
    if not given.value.known:
        raise unknown_value(given, f"Write its value, {_NEVER}")
    return given.value.text.lower() in TRUE_WORDS


def _user_app(invocation: Invocation) -> str:
    if invocation.app is None:
        raise CommandConflictError(
            "spec.command",
            f"it does not name the app for {invocation.server.name} to run",
            f"Name the app as module:attribute, {_NEVER}",
        )
    if not invocation.app.value.known:
        raise CommandConflictError(
            "spec.command",
            "the name of the app comes from a source that the operator cannot read, such as valueFrom or the shell",
            f"Write the name, {_NEVER}",
        )
    return invocation.app.value.text


def _path_flag(invocation: Invocation, adapter: str) -> str:
    """Return the folders for the server's flag: the user's, and the adapter's as the last, which is searched first."""
    given = given_value(invocation, invocation.server.python_path)
    if given is None:
        return adapter
    if not given.value.known:
        raise unknown_value(given, f"Write its value, {_NEVER}")
    folders = given.value.text.split(",")
    return ",".join([*(folder for folder in folders if folder and folder != adapter), adapter])


def _python_path(invocation: Invocation, adapter: str) -> str:
    """Return PYTHONPATH with the adapter's folder in front of the user's folders."""
    given = invocation.variable("PYTHONPATH")
    if given is None:
        return adapter
    in_command = invocation.sets_in_command("PYTHONPATH")
    if in_command or not given.known:
        why = "which the command sets" if in_command else "whose value it cannot read"
        raise CommandConflictError(
            invocation.field_of_variable("PYTHONPATH"),
            f"the operator cannot add the adapter's folder to PYTHONPATH, {why}",
            f"Set PYTHONPATH to a plain value in spec.env, {_NEVER}",
        )
    return f"{adapter}:{given.text}" if given.text else adapter
