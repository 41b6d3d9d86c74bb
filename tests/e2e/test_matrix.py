"""Each server, with and without the adapter, in every scenario of FastAPI's page on proxies, through the real proxy.

`make matrix` prints the results and writes them into docs/servers.md; these tests compare that page with the results.
"""

from collections.abc import Iterator

import pytest

from tests.matrix import page
from tests.matrix.live import Live, matrix
from tests.matrix.oldversions import OLD_VERSIONS, LiveOldVersions, OldVersion, old_versions
from tests.matrix.rows import ROWS, Row
from tests.matrix.scenarios import COLUMNS, FORGERY
from tests.matrix.table import read, render, section, table_rows
from tests.support.sandbox import Sandbox


@pytest.fixture(scope="module")
def live(sandbox: Sandbox) -> Iterator[Live]:
    with matrix(sandbox) as running:
        yield running


@pytest.fixture(scope="module")
def olds(sandbox: Sandbox) -> Iterator[LiveOldVersions]:
    with old_versions(sandbox) as running:
        yield running


@pytest.fixture(scope="module")
def written() -> str:
    return page.PAGE.read_text()


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.id)
def test_server_is_right_or_a_condition_reports_its_limits(live: Live, row: Row) -> None:
    result = live.result(row)
    wrong = [f"{outcome.sentence}: {outcome.wrong}" for outcome in result.wrong]
    if row.adapter == "Auto" or not row.server.has_adapter:
        assert not wrong
    elif wrong:
        assert "Use spec.server.adapter: Auto" in result.limits, wrong


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.id)
def test_forged_headers_are_never_trusted(live: Live, row: Row) -> None:
    outcomes = [outcome for outcome in live.result(row).outcomes if outcome.check.column is FORGERY]
    assert outcomes
    assert not [f"{outcome.sentence}: {outcome.wrong}" for outcome in outcomes if outcome.wrong]


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.id)
def test_page_shows_the_measured_results(live: Live, row: Row, written: str) -> None:
    ((key, measured),) = read(render([live.result(row)])).items()
    assert read(section(written, page.MATRIX))[key] == measured


def test_page_has_all_servers_and_columns(live: Live, written: str) -> None:
    measured = table_rows(render(live.results()))
    shown = table_rows(section(written, page.MATRIX))
    assert [list(row)[: len(COLUMNS) + 2] for row in shown] == [list(row) for row in measured]
    assert [(row["Server"], row["Adapter"]) for row in shown] == [(row["Server"], row["Adapter"]) for row in measured]


@pytest.mark.parametrize("old", OLD_VERSIONS, ids=lambda old: old.app)
def test_old_version_is_right_or_a_condition_reports_its_limits(olds: LiveOldVersions, old: OldVersion) -> None:
    wrong = olds.wrong(old)
    assert set(wrong) == old.wrong, wrong
    assert olds.reason(old) == old.reason
    assert old.output in olds.last_outputs.get(old.app, "")


def test_page_shows_the_measured_results_of_old_versions(olds: LiveOldVersions, written: str) -> None:
    assert table_rows(section(written, page.OLD_VERSIONS)) == olds.rows()


def test_page_names_the_measured_versions(written: str) -> None:
    assert section(written, page.VERSIONS) == page.versions()
