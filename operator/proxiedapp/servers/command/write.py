"""Writes arguments into a container's command, which otherwise stays as the user wrote it."""

from collections.abc import Sequence
from shlex import quote

from proxiedapp.servers.command.invocation import Invocation


def write_command(
    invocation: Invocation, added: Sequence[str], app: str | None = None
) -> tuple[tuple[str, ...] | None, tuple[str, ...] | None]:
    """Return command and args with `added` arguments, and with `app` in place of the user's app if it is given."""
    container = invocation.container
    elements = container.elements
    in_command = len(container.command or ())
    edits: list[tuple[int, int, int, str]] = []  # element, start, end, text
    if app is not None and invocation.app is not None:
        position = invocation.app.position
        if position.part is None:
            elements[position.index] = app
        else:
            edits.append((position.index, *position.part, quote(app)))
    insertion = invocation.insertion
    if added and insertion is not None and insertion.part is not None:
        end = insertion.part[1]
        edits.append((insertion.index, end, end, "".join(f" {quote(argument)}" for argument in added)))
    for index, start, end, text in sorted(edits, reverse=True):  # from the end, so that earlier positions stay valid
        elements[index] = elements[index][:start] + text + elements[index][end:]
    if added and insertion is not None and insertion.part is None:
        elements[insertion.index : insertion.index] = added
        in_command += len(added) if insertion.index < in_command or not container.args else 0
    return (
        None if container.command is None else tuple(elements[:in_command]),
        None if container.args is None else tuple(elements[in_command:]),
    )
