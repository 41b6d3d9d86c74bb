"""The golden pairs of tests/unit/resources/data, for every test that compares whole children."""

from pathlib import Path
from typing import Any, Final

import yaml

from proxiedapp.api.app import ProxiedApp, parse_manifest

DATA: Final = Path(__file__).parents[1] / "unit" / "resources" / "data"
INPUTS: Final = sorted((DATA / "input").glob("*.yaml"))


def load_manifest(file: Path) -> dict[str, Any]:
    manifest: dict[str, Any] = yaml.load(file.read_text(), yaml.CSafeLoader)
    return manifest


def load_app(file: Path) -> ProxiedApp:
    return parse_manifest(load_manifest(file))


def output_of(file: Path) -> Path:
    return DATA / "output" / file.name
