"""docs/compatibility.md shows the stored results of `make compat`."""

from pathlib import Path

from proxiedapp_sandbox.binaries import KUBE_VERSION
from tests.compat import report
from tests.compat.report import NOT_AVAILABLE, SUITES, VERSIONS, stored

ROOT = Path(__file__).parents[2]


def test_page_shows_the_stored_results() -> None:
    assert report.page(stored()) == report.PAGE.read_text(), "run make generate"


def test_page_names_each_version_and_test_that_failed() -> None:
    found = {"passed": 1, "total": 2, "failed": ["test_story::test_children"]}
    text = report.page({"Kubernetes 1.36.3": {"hello": found, "contract": found}})
    assert "| Kubernetes 1.36.3 | 1/2 | 1/2 | not run |  |" in text
    assert "* Kubernetes 1.36.3: `test_story::test_children`, `test_story::test_children`" in text
    assert "* Kubernetes 1.37.2: the last run did not include it." in text


def test_results_are_of_versions_and_suites_that_are_tried() -> None:
    assert [name for name, suites in stored().items() if set(suites) - set(VERSIONS[name])] == []
    assert [name for name in NOT_AVAILABLE if name in VERSIONS] == []


def test_version_of_the_sandbox_was_tried() -> None:
    assert f"Kubernetes {KUBE_VERSION.removeprefix('v')}" in stored()


def test_every_version_that_was_tried_passed_hello() -> None:
    assert [name for name, found in stored().items() if found.get("hello", {}).get("failed")] == []


def test_files_of_the_suites_exist() -> None:
    assert [file for files in SUITES.values() for file in files if not (ROOT / file).is_file()] == []
