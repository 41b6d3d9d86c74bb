"""YAML files with Kubernetes objects, as the commands read them."""

import sys
from pathlib import Path
from typing import Final

from proxiedapp.cli.errors import fail
from proxiedapp.kube.manifest import Manifest
from proxiedapp.local.yamlsource import Document, documents

MAX_FILE_BYTES: Final = 16 * 1024 * 1024
"""Bytes of one file; beyond it, the file is not read. etcd accepts objects of up to 1.5 MiB."""


def read_documents(file: Path) -> list[Manifest]:
    """Return the objects in a file, or on standard input for `-`; ends the command if there is none."""
    name = "standard input" if str(file) == "-" else str(file)
    found: list[Manifest] = []
    for one in documents(read_text(file)):
        if not isinstance(one, Document):
            fail(f"{name}:{one.position.line}:{one.position.column}: {one.problem}. {one.fix}.")
        found.append(one.body)
    if not found:
        fail(f"{name}: it is empty; write at least one Kubernetes object into it")
    return found


def read_text(file: Path) -> str:
    """Return the text of a file, or of standard input for `-`; ends the command if it cannot be read."""
    name = "standard input" if str(file) == "-" else str(file)
    try:
        if str(file) == "-":
            return sys.stdin.read()
        if file.stat().st_size > MAX_FILE_BYTES:
            fail(f"{name}: it is larger than {MAX_FILE_BYTES // 1024**2} MiB. Leave it out, or split it")
        return file.read_text(encoding="utf-8")
    except OSError as error:
        fail(f"{name}: cannot read it: {(error.strerror or str(error)).lower()}")
    except UnicodeDecodeError:
        fail(f"{name}: it is not text in UTF-8. Leave it out, or convert it")
