"""YAML files with Kubernetes objects, as the commands read them."""

import sys
from pathlib import Path

import yaml

from proxiedapp.cli.errors import fail
from proxiedapp.kube.manifest import Manifest


def read_documents(file: Path) -> list[Manifest]:
    """Return the objects in a file, or on standard input for `-`; ends the command if one is not an object."""
    try:
        text = sys.stdin.read() if str(file) == "-" else file.read_text()
        documents = [document for document in yaml.safe_load_all(text) if document is not None]
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        fail(f"{file}: {error}")
    for number, document in enumerate(documents, start=1):
        if not isinstance(document, dict):
            fail(f"{file}: document {number}: it is not a Kubernetes object, which is a YAML mapping")
    return documents
