"""Write the tables as Markdown between two markers in docs/servers.md, and read them back."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from string import ascii_lowercase
from typing import Final

from typing_extensions import override

from tests.matrix.live import Result
from tests.matrix.scenarios import COLUMNS, Column, Outcome

NOTHING: Final = "-"
"""The text of a cell without checks."""

_CELL: Final = re.compile(r"(?P<right>\d+)/(?P<all>\d+)(?:<sup>[a-z]</sup>)?")


@dataclass(frozen=True)
class Cell:
    """The number of right checks, and of all checks."""

    right: int
    all: int

    @override
    def __str__(self) -> str:
        return f"{self.right}/{self.all}" if self.all else NOTHING


def cell(outcomes: Iterable[Outcome], column: Column) -> Cell:
    """Count the checks of a column."""
    own = [outcome for outcome in outcomes if outcome.check.column is column]
    return Cell(sum(not outcome.wrong for outcome in own), len(own))


def render(results: Sequence[Result]) -> str:
    """Return the matrix as Markdown; a note below it shows what the ProxiedApps with wrong checks report."""
    heads = [f"{column.title} {f'({column.scenarios})' if column.scenarios != NOTHING else ''}" for column in COLUMNS]
    lines = [_line(["Server", "Adapter", *map(str.strip, heads)]), _line(["---", "---", *([":-:"] * len(COLUMNS))])]
    letters: dict[str, str] = {}
    for result in results:
        limits = result.limits or "nothing."
        letter = letters.setdefault(limits, ascii_lowercase[len(letters)]) if result.wrong else ""
        cells = [cell(result.outcomes, column) for column in COLUMNS]
        texts = [f"{each}<sup>{letter}</sup>" if each.right < each.all else str(each) for each in cells]
        lines.append(_line([code(result.row.server.title), result.row.adapter, *texts]))
    notes = [f"\n<sup>{letter}</sup> The ProxiedApp reports: {limits}" for limits, letter in letters.items()]
    return "\n".join([*lines, *notes]) + "\n"


def summary(result: Result) -> str:
    """Return how many checks of a row are right, and whether the ProxiedApp reports why others are not."""
    right = len(result.outcomes) - len(result.wrong)
    return f"{right}/{len(result.outcomes)}" + (", Limited" if result.wrong and result.limits else "")


def read(text: str) -> dict[tuple[str, str], dict[str, Cell]]:
    """Parse a matrix: the cells of each server and adapter, by column."""
    rows = table_rows(text)
    found = {}
    for row in rows:
        (_, server), (_, adapter), *cells = row.items()
        found[server, adapter] = {head: _read_cell(each) for head, each in cells}
    return found


def table_rows(text: str) -> list[dict[str, str]]:
    """Parse the rows of a Markdown table, by its column heads."""
    lines = [line for line in text.splitlines() if line.startswith("|")]
    heads, _, *rows = [[word.strip() for word in line.strip().strip("|").split(" | ")] for line in lines]
    return [dict(zip(heads, row, strict=True)) for row in rows]


def render_rows(rows: Sequence[Mapping[str, str]]) -> str:
    """Return a Markdown table of rows that have the same column heads."""
    heads = list(rows[0])
    return "\n".join([_line(heads), _line(["---"] * len(heads)), *(_line(list(row.values())) for row in rows)]) + "\n"


def section(page: str, name: str, target: str = "matrix") -> str:
    """Return the text between the markers of that name; raises ValueError if the page does not contain them."""
    begin, end = _markers(name, target)
    start, stop = page.index(begin) + len(begin), page.index(end)
    return page[start:stop].strip() + "\n"


def with_section(page: str, name: str, content: str, target: str = "matrix") -> str:
    """Return a page with other text between its markers."""
    begin, end = _markers(name, target)
    start, stop = page.index(begin) + len(begin), page.index(end)
    return f"{page[:start]}\n\n{content.strip()}\n\n{page[stop:]}"


def _markers(name: str, target: str) -> tuple[str, str]:
    return f"<!-- {name}: written by `make {target}` -->", f"<!-- end of {name} -->"


def _read_cell(text: str) -> Cell:
    match = _CELL.fullmatch(text)
    if match is None:
        if text != NOTHING:
            raise ValueError(f"{text!r} is not a cell")
        return Cell(0, 0)
    return Cell(int(match["right"]), int(match["all"]))


def _line(words: Sequence[str]) -> str:
    return f"| {' | '.join(words)} |"


def code(title: str) -> str:
    """Return the title of a server as code, unless parts of it are."""
    return title if "`" in title else f"`{title}`"
