"""Markdown tables, and the text of their cells."""

import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Final

_SECTION: Final = re.compile(
    r"(?P<begin><!-- (?P<name>[\w ]+): from the code -->\n).*?(?P<end><!-- end of )", re.DOTALL
)


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a table. Its cells are Markdown already."""
    return "\n".join([_line(head), "|---" * len(head) + "|", *map(_line, rows)])


def filled(page: Path, sections: Mapping[str, str]) -> str:
    """Return the text of a page with these sections, each between a comment with its name and one that ends it."""

    def section(match: re.Match[str]) -> str:
        return f"{match['begin']}\n{sections[match['name']]}\n\n{match['end']}"

    return _SECTION.sub(section, page.read_text())


def cell(text: str) -> str:
    """Return text on one line, with the separator of cells escaped."""
    return " ".join(text.split()).replace("|", "\\|")


def code(text: object) -> str:
    """Return a value as inline code."""
    return f"`{text}`"


def between(page: str, name: str, text: str) -> str:
    """Return a page with other text between the marks of this name. Raises ValueError if the page has no such marks."""
    begin, end = f"<!-- {name} -->", f"<!-- end of {name} -->"
    start, stop = page.index(begin) + len(begin), page.index(end)
    return f"{page[:start]}\n\n{text}\n\n{page[stop:]}"


def _line(cells: Sequence[str]) -> str:
    return f"| {' | '.join(map(cell, cells))} |"
