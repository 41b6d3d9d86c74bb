"""docs/apps.md is what `make apps` found, with the versions that are locked."""

from pathlib import Path

import pytest

from tests.apps.browser import Look
from tests.apps.catalog import APPS, App
from tests.apps.results import PAGE, Result, load, samples, save, shown, table
from tests.matrix.table import table_rows

each_app = pytest.mark.parametrize("app", APPS, ids=lambda app: app.name)


def a_result(http: Look, https: Look) -> Result:
    return Result("1.0", "True, Verified", {"http": http, "https": https})


def test_page_shows_the_results() -> None:
    results = load()
    assert shown(PAGE.read_text()) == (table(results), samples(results))


@each_app
def test_app_was_right_with_its_locked_version(app: App) -> None:
    result = load()[app.name]
    assert result.version == app.version
    assert result.wrong == []


def test_written_results_can_be_read_back(tmp_path: Path) -> None:
    results = {APPS[0].name: a_result(Look(websockets=""), Look(page="no title", foreign=["cdn.example"]))}
    save(results, tmp_path / "results.json")
    assert load(tmp_path / "results.json") == results


def test_row_names_the_scheme_that_is_wrong() -> None:
    result = a_result(Look(websockets=""), Look(assets="/a.css answers 404", websockets="wss://a got no message"))
    (row,) = table_rows(table({APPS[0].name: result}))
    assert (row["Page"], row["Assets"], row["Websockets"]) == ("right", "**wrong** (https)", "**wrong** (https)")
    assert result.wrong == ["https: /a.css answers 404", "https: wss://a got no message"]


def test_page_without_websockets_is_not_judged_for_them() -> None:
    (row,) = table_rows(table({APPS[0].name: a_result(Look(), Look())}))
    assert row["Websockets"] == "-"


def test_sample_names_the_hosts_that_the_page_loads_files_from() -> None:
    assert "`cdn.example`" in samples({APPS[0].name: a_result(Look(), Look(foreign=["cdn.example"]))})
