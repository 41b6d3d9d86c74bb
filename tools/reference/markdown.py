"""Markdown tables, and the text of their cells."""

from collections.abc import Iterable, Sequence


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a table. Its cells are Markdown already."""
    return "\n".join([_line(head), "|---" * len(head) + "|", *map(_line, rows)])


def cell(text: str) -> str:
    """Return text on one line, with the separator of cells escaped."""
    return " ".join(text.split()).replace("|", "\\|")


def code(text: object) -> str:
    """Return a value as inline code."""
    return f"`{text}`"


def _line(cells: Sequence[str]) -> str:
    return f"| {' | '.join(map(cell, cells))} |"
