"""docs/architecture.md lists every module of the folders where most work happens, with the idea of each."""

import re

import pytest

from tools.reference.modules import PAGE, ROOT, architecture, idea, modules

FOLDERS = re.findall(r"<!-- modules of ([\w/]+) -->", PAGE.read_text())


@pytest.mark.parametrize("folder", FOLDERS)
def test_page_lists_the_modules_of_the_folder(folder: str) -> None:
    section = PAGE.read_text().partition(f"<!-- modules of {folder} -->")[2].partition("<!-- end of modules -->")[0]
    listed = re.findall(r"^\| `(\w+)` \|", section, re.MULTILINE)
    files = [file.stem for file in modules(ROOT / folder)]
    assert listed == files, f"docs/architecture.md lists other modules than {folder} has: run `make generate`"


def test_page_has_the_folders_that_a_contributor_needs() -> None:
    controller = "operator/proxiedapp/controller"
    assert {controller, f"{controller}/observed", f"{controller}/watch", "operator/proxiedapp/process"} <= {*FOLDERS}


@pytest.mark.parametrize("folder", FOLDERS)
def test_each_module_states_its_idea_in_one_line(folder: str) -> None:
    assert [file.stem for file in modules(ROOT / folder) if not idea(file).rstrip().endswith(".")] == []


def test_prose_between_the_lists_is_kept() -> None:
    assert architecture().startswith("# Architecture\n")
    assert "## Data flow" in architecture()
