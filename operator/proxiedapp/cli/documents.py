"""YAML files with Kubernetes objects, as the commands read them."""

from pathlib import Path

from proxiedapp.cli.errors import fail
from proxiedapp.local import textfile
from proxiedapp.local.errors import LocalError
from proxiedapp.local.written import Written
from proxiedapp.local.yamlsource import Document, documents


def read_documents(file: Path) -> list[Written]:
    """Return the objects in a file, or on standard input for `-`; ends the command if there is none."""
    name = textfile.name_of(file)
    found: list[Written] = []
    for one in documents(read_text(file)):
        if not isinstance(one, Document):
            fail(f"{name}:{one.position.line}:{one.position.column}: {one.problem}. {one.fix}.")
        found.append(Written(name, one))
    if not found:
        fail(f"{name}: it is empty; write at least one Kubernetes object into it")
    return found


def read_text(file: Path) -> str:
    """Return the text of a file, or of standard input for `-`; ends the command if it cannot be read."""
    try:
        return textfile.read_text(file)
    except LocalError as error:
        fail(str(error))
