"""The children of complete apps, compared byte for byte; data/README.md explains how to update the files."""

import os
from collections.abc import Iterator, Mapping
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest
import yaml

from proxiedapp.api.app import parse_manifest
from proxiedapp.api.crd import structural
from proxiedapp.api.spec import ProxiedAppSpec
from proxiedapp.kube.manifest import dump
from proxiedapp.resources.desired import desired
from tests.support.apps import DEFAULTS
from tests.support.golden import DATA, INPUTS, load_app, load_manifest, output_of

cases = pytest.mark.parametrize("case", INPUTS, ids=lambda path: path.stem)


@cases
def test_children_match_the_golden_file(case: Path) -> None:
    written = dump(desired(load_app(case), DEFAULTS).children)
    if os.environ.get("UPDATE_GOLDEN"):
        output_of(case).write_text(written)
    assert written == output_of(case).read_text()


@cases
def test_building_does_not_change_its_input(case: Path) -> None:
    manifest = load_manifest(case)
    app = parse_manifest(manifest)
    before = deepcopy((manifest, app))
    desired(app, DEFAULTS)
    assert (manifest, app) == before  # frozen models freeze fields, not the lists and dicts inside them


@cases
def test_yaml_parses_back_to_the_children(case: Path) -> None:
    children = desired(load_app(case), DEFAULTS).children
    assert tuple(yaml.load_all(dump(children), yaml.CSafeLoader)) == children


def test_each_output_has_an_input() -> None:
    assert sorted((DATA / "output").glob("*.yaml")) == [output_of(case) for case in INPUTS]


def test_cases_use_every_field() -> None:
    """Every field of the spec must be set in at least one case, so that its effect is visible."""
    given = {field for case in INPUTS for field in _given("spec", load_manifest(case)["spec"])}
    assert set(_fields("spec", structural(ProxiedAppSpec))) - given == set()


def _fields(path: str, schema: Mapping[str, Any]) -> Iterator[str]:
    for name, child in schema.get("properties", {}).items():
        yield f"{path}.{name}"
        yield from _fields(f"{path}.{name}", child)
    if "items" in schema:
        yield from _fields(path, schema["items"])


def _given(path: str, value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        for name, child in value.items():
            yield f"{path}.{name}"
            yield from _given(f"{path}.{name}", child)
    elif isinstance(value, list):
        for child in value:
            yield from _given(path, child)
