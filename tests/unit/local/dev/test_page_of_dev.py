"""The measured tables of docs/how-to/dev.md are whole, and say what the code has."""

import json

from benchmarks import laptop
from tests.devmatrix import __main__ as devmatrix
from tools.reference.markdown import between

PAGE = devmatrix.PAGE.read_text()


def part(name: str) -> str:
    return PAGE.partition(f"<!-- {name} -->")[2].partition(f"<!-- end of {name} -->")[0].strip()


def test_every_server_is_right_behind_every_proxy() -> None:
    table, summary, ends = part(devmatrix.MARK).split("\n\n")
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in table.splitlines()[2:]]
    assert [row[0] for row in rows] == list(devmatrix.SERVERS)
    runs = len(devmatrix.SERVERS) * len(devmatrix.PROXIES) * len(devmatrix.SCHEMES)
    assert f"Nothing is wrong in {runs} of {runs} runs" in summary
    assert ends.startswith("200 of 200 starts")
    for row in rows:
        for proxy, cell in zip(devmatrix.PROXIES, row[1:], strict=True):
            right, every = map(int, cell.split("/"))
            known = sum(name == proxy for name, _ in devmatrix.DIFFERING) * len(devmatrix.SCHEMES)
            assert every - right <= known, f"{row[0]} behind {proxy}"


def test_sizes_and_starts_are_those_of_the_stored_run() -> None:
    report = json.loads(laptop.RESULTS.read_text())
    assert between(PAGE, laptop.MARK, laptop.section(report)) == PAGE, "run make laptop"
