"""What is wrong when a command or a variable contradicts the spec, and how to fix it."""

from collections.abc import Mapping
from typing import Final

from proxiedapp.api.errors import CommandConflictError
from proxiedapp.servers.given import Given
from proxiedapp.servers.server import Role

_FIELDS: Final[Mapping[Role, str]] = {
    Role.ROOT_PATH: "spec.route.pathPrefix",
    Role.TRUST: "spec.proxy.trustedProxies",
    Role.PORT: "spec.port",
    Role.BIND: "spec.port",
    Role.WORKERS: "spec.server.workers",
}
"""The field of the spec that decides the value of a role."""

_SHOWN: Final = 512
"""Characters of a value that a message contains."""


def _shown(given: Given) -> str:
    """Return a value as messages contain it."""
    text = given.value.text
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}…"


def contradiction(given: Given, role: Role, required: str) -> CommandConflictError:
    """Return the error for a value that is not the one which the spec requires."""
    found = f"{given.source} {_shown(given)}"
    if role is Role.INTERFACE:
        return CommandConflictError(
            given.field,
            f"{found} cannot run a FastAPI app, which needs the interface {required}",
            f"Remove {given.source}, which the operator adds",
        )
    field = _FIELDS[role]
    return CommandConflictError(
        given.field,
        f"{found} contradicts {field}, which is {_as_in_spec(role, required)}",
        f"Remove {given.source}, which the operator adds, or change {field}",
    )


def _as_in_spec(role: Role, required: str) -> str:
    """Return a required value as the field of the spec has it."""
    match role:
        case Role.ROOT_PATH:
            return required or "/"
        case Role.TRUST:
            return required or "empty"
        case Role.BIND:
            return required.rpartition(":")[2]
        case _:
            return required


def unknown_value(given: Given, fix: str | None = None) -> CommandConflictError:
    """Return the error for a value that the operator cannot read, and so cannot compare with the spec."""
    return CommandConflictError(
        given.field,
        f"{given.source} gets its value from a source that the operator cannot read, such as valueFrom or the shell",
        fix or f"Remove {given.source}, which the operator adds, or write its value",
    )


def loopback_only(given: Given) -> CommandConflictError:
    """Return the error for a server that listens on loopback."""
    return CommandConflictError(
        given.field,
        f"with {given.source} {_shown(given)}, the server listens on loopback only, where the proxy cannot reach it",
        f"Remove {given.source}, so that the server listens on all addresses of the pod",
    )


def removed_variable(name: str) -> CommandConflictError:
    """Return the error for a variable that the operator sets, and the command keeps from the server."""
    return CommandConflictError(
        "spec.command",
        f"the operator sets {name} for the server, but the command removes it or makes the server ignore it",
        f"Start the server without env -i, env -u, unset, or python -I or -E, so that it gets {name}",
    )


def rejected(source: str, field: str, reason: str) -> CommandConflictError:
    """Return the error for an option or variable with which the app cannot be served."""
    return CommandConflictError(field, f"{source} cannot be used: {reason}", f"Remove {source}")


def no_setting(server: str, subcommand: str | None, role: Role) -> CommandConflictError:
    """Return the error for a field of the spec that the server has no setting for."""
    command = f"{server} {subcommand or ''}".strip()
    field = _FIELDS[role]
    return CommandConflictError(field, f"{command} has no option for it", f"Remove {field}")
