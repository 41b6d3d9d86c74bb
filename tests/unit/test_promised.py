"""The Kubernetes versions that are promised: pages and chart agree, and `make check` has each judge the CRDs."""

import re
from pathlib import Path

import pytest

from tests.compat.report import KUBERNETES
from tests.support.crdcheck.__main__ import refused
from tests.support.docs import PAGES, ROOT
from tests.support.goprograms import PROGRAMS
from tests.support.promised import promised_minors


def test_each_promised_version_has_the_validation_code_of_its_api_server() -> None:
    validators = {
        name.removeprefix("crdcheck-"): program.pin for name, program in PROGRAMS.items() if "crdcheck" in name
    }
    assert tuple(sorted(validators)) == promised_minors()
    assert {
        minor for minor, pin in validators.items() if pin.version.startswith(f"v0{minor.removeprefix('1')}.")
    } == set(promised_minors())
    assert "-m tests.support.crdcheck crds/prox*.yaml" in (ROOT / "Makefile").read_text()


def test_oldest_promised_version_is_tried() -> None:
    assert {promised_minors()[0], promised_minors()[-1]} <= {version.rpartition(".")[0] for version in KUBERNETES}


def test_pages_promise_what_the_chart_does() -> None:
    said = {
        (page.name, found)
        for page in PAGES
        for found in re.findall(r"Kubernetes (?:\| )?(1\.\d+) or later", page.read_text())
    }
    assert {name for name, _ in said} >= {"README.md", "install.md", "cluster.md", "compatibility.md"}
    assert {version for _, version in said} == {promised_minors()[0]}
    oldest, newest = promised_minors()[0], promised_minors()[-1]
    assert f"from {oldest} to {newest}" in (ROOT / "docs" / "compatibility.md").read_text()


def test_versions_that_refuse_a_file_are_named(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    validators = {}
    for version, script in (("1.31", 'echo "$1: too expensive"; exit 1'), ("1.32", ""), ("1.33", "exit 2")):
        validators[version] = tmp_path / version
        validators[version].write_text(f"#!/bin/sh\n{script}\n")
        validators[version].chmod(0o755)
    assert refused(validators, ["apps.yaml"]) == ["1.31", "1.33"]
    assert capfd.readouterr().out == "apps.yaml: too expensive\n"
