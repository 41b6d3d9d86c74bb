"""The pieces of a page: tables, and text that may stand in one."""

from collections.abc import Iterable, Sequence


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a table; its cells are Markdown already."""
    return "\n".join([_line(head), "|---" * len(head) + "|", *map(_line, rows)])


def cell(text: str) -> str:
    """Put text on one line that a table can hold."""
    return " ".join(text.split()).replace("|", "\\|")


def code(text: object) -> str:
    """Show a value as it is written."""
    return f"`{text}`"


def _line(cells: Sequence[str]) -> str:
    return f"| {' | '.join(map(cell, cells))} |"
