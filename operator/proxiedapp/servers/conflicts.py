"""What is wrong when a command or a variable contradicts the spec, and how to fix it."""

from proxiedapp.api.errors import CommandConflictError
from proxiedapp.servers.given import Given
from proxiedapp.servers.server import Role


def contradiction(given: Given, role: Role, required: str) -> CommandConflictError:
    """Return the error for a value that is not the one which the spec requires."""
    return CommandConflictError(
        given.field,
        f"{given.source} {given.value.text} contradicts {role.value}, which asks for {required or 'none'}",
        f"Remove {given.source}, which the operator writes, or change {role.value}",
    )


def unknown_value(given: Given, role: Role) -> CommandConflictError:
    """Return the error for a value that the operator cannot read, and so cannot compare."""
    return CommandConflictError(
        given.field,
        f"{given.source} takes its value from a place that cannot be seen here",
        f"Remove it: the operator writes it from {role.value}",
    )


def loopback_only(given: Given) -> CommandConflictError:
    """Return the error for a server that listens on loopback."""
    return CommandConflictError(
        given.field,
        f"with {given.source} {given.value.text} the server listens inside its pod only, "
        "where the proxy cannot reach it",
        f"Remove {given.source}: the operator writes one that can be reached",
    )


def rejected(source: str, field: str, reason: str) -> CommandConflictError:
    """Return the error for an option or variable with which the app cannot be served."""
    return CommandConflictError(field, f"{source} cannot be served: {reason}", f"Remove {source}")


def no_setting(server: str, subcommand: str | None, role: Role) -> CommandConflictError:
    """Return the error for a field of the spec that the server has no setting for."""
    run_by = f"{server} {subcommand or ''}".strip()
    return CommandConflictError(role.value, f"{run_by} cannot be told about it", f"Remove {role.value}")
