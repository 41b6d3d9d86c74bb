"""YAML files with Kubernetes objects, as the commands read them."""

import sys
from pathlib import Path
from typing import Any

import yaml

from proxiedapp.cli.errors import fail
from proxiedapp.kube.manifest import Manifest


def read_documents(file: Path) -> list[Manifest]:
    """Return the objects in a file, or on standard input for `-`; ends the command if there is none."""
    name = "standard input" if str(file) == "-" else str(file)
    documents = [document for document in load_yaml(file, name) if document is not None]
    if not documents:
        fail(f"{name}: it is empty; write at least one Kubernetes object into it")
    for number, document in enumerate(documents, start=1):
        if not isinstance(document, dict):
            fail(f"{name}: document {number}: it is not a Kubernetes object, which is a YAML mapping")
    return documents


def load_yaml(file: Path, name: str) -> list[Any]:
    """Return the documents in a file, or on standard input for `-`; ends the command if it is not YAML."""
    try:
        text = sys.stdin.read() if str(file) == "-" else file.read_text("utf-8")
        return list(yaml.safe_load_all(text))
    except OSError as error:
        fail(f"{name}: cannot read it: {(error.strerror or str(error)).lower()}")
    except UnicodeDecodeError:
        fail(f"{name}: it is not UTF-8 text")
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        where = "" if mark is None else f":{mark.line + 1}:{mark.column + 1}"
        fail(f"{name}{where}: it is not valid YAML: {' '.join((error.problem or error.context or '').split())}")
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        fail(f"{name}: it is not valid YAML: {' '.join(str(error).split())}")
