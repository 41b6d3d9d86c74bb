"""The table of docs/servers.md about rollouts under load, and what docs/features.md promises of it."""

from collections import Counter
from pathlib import Path
from typing import Any

from tests.drain.__main__ import SECTION
from tests.drain.client import Seen
from tests.drain.results import (
    CUTS,
    DROP_WEBSOCKETS,
    Drained,
    broken_promises,
    has_drain_time,
    load,
    missing,
    render,
    save,
)
from tests.matrix.page import PAGE
from tests.matrix.table import section, table_rows


def a_result(**changes: Any) -> Drained:
    fields: dict[str, Any] = {
        "rate": 200,
        "share": 0.4,
        "seen": seen(),
        "codes": Counter({"0": 2}),
        "lifespans": 2,
        "limits": "",
    }
    return Drained(**(fields | changes))


def seen(**changes: dict[str, int]) -> Seen:
    counts = {
        "requests": {"whole": 900},
        "websockets": {"1012": 50},
        "streams": {"whole": 40},
        "endless": {"dropped": 10},
    }
    return Seen(**{name: Counter(each) for name, each in (counts | changes).items()})


def test_page_shows_the_measured_results() -> None:
    assert section(PAGE.read_text(), SECTION, "drain") == render(load())


def test_every_server_is_measured() -> None:
    assert missing(load()) == []


def test_measured_servers_keep_their_promises() -> None:
    assert [text for title, each in load().items() for text in broken_promises(title, each)] == []


def test_written_results_can_be_read_back(tmp_path: Path) -> None:
    results = {"uvicorn": a_result(), "daphne": a_result(seen=seen(streams={"dropped": 3}), limits=CUTS)}
    save(results, tmp_path / "results.json")
    assert load(tmp_path / "results.json") == results


def test_row_counts_what_clients_lost() -> None:
    worse = seen(
        requests={"whole": 890, "502": 9, "dropped": 1},
        websockets={"1011": 20, "dropped": 30},
        streams={"whole": 30, "dropped": 10},
    )
    (row,) = table_rows(render({"uvicorn": a_result(seen=worse, codes=Counter({"137": 1, "0": 1}), lifespans=1)}))
    assert list(row.values()) == [
        "`uvicorn`",
        "200 (40% CPU)",
        "10/900",
        "10/40",
        "30 dropped, 20 closed with 1011",
        "dropped",
        "1/2",
        "1/2",
    ]


def test_lost_requests_break_a_promise() -> None:
    assert broken_promises("uvicorn", a_result(seen=seen(requests={"whole": 1, "502": 1})))


def test_cut_streams_break_a_promise_unless_the_app_reports_it() -> None:
    cut = seen(streams={"whole": 1, "dropped": 1})
    assert broken_promises("hypercorn", a_result(seen=cut))
    assert not broken_promises("daphne", a_result(seen=cut, limits=f"The route is in place, but daphne {CUTS}."))


def test_dropped_websockets_break_a_promise_of_servers_that_can_close_them() -> None:
    dropped = a_result(seen=seen(websockets={"1012": 49, "dropped": 1}))
    assert broken_promises("uvicorn", dropped)
    assert not broken_promises("granian", dropped)


def test_servers_that_drop_websockets_are_those_that_did_so_when_measured() -> None:
    """A release that closes them is noticed, so that the page can say so."""
    assert {title for title, each in load().items() if each.seen.websockets["dropped"]} == DROP_WEBSOCKETS


def test_killed_pods_break_a_promise_of_servers_with_a_drain_time() -> None:
    killed = a_result(codes=Counter({"137": 2}), lifespans=0)
    assert broken_promises("uvicorn", killed)
    assert not broken_promises("fastapi run", killed)
    assert "fastapi run" not in has_drain_time()
