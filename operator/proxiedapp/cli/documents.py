"""YAML files with Kubernetes objects, as the commands read them."""

from pathlib import Path

from proxiedapp.cli.errors import fail
from proxiedapp.local import textfile
from proxiedapp.local.errors import LocalError
from proxiedapp.local.written import Written, all_written


def read_documents(file: Path) -> list[Written]:
    """Return the objects in a file, or on standard input for `-`; ends the command if there is none."""
    name, text = textfile.name_of(file), read_text(file)
    try:
        found = list(all_written(text, name))
    except LocalError as error:
        fail(f"{error}.")
    if not found:
        fail(f"{name}: it is empty; write at least one Kubernetes object into it")
    return found


def read_text(file: Path) -> str:
    """Return the text of a file, or of standard input for `-`; ends the command if it cannot be read."""
    try:
        return textfile.read_text(file)
    except LocalError as error:
        fail(str(error))
