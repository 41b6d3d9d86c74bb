"""An explanation as lines of text, for terminals of any width. Pure."""

import textwrap
from collections.abc import Iterator

from proxiedapp.local.explain.explanation import Explanation, Section, Station

_NARROWEST = 40
"""Columns to which lines are never shortened further."""


def as_text(explanation: Explanation, width: int) -> str:
    """Return the explanation in lines of at most this many columns; commands and rules are not broken."""
    width = max(width, _NARROWEST)
    parts = [explanation.title]
    parts += ["\n".join(_section(section, width)) for section in explanation.sections]
    parts.append("\n".join(["One request", *_drawn(explanation.request, width)]))
    return "\n\n".join(parts)


def _section(section: Section, width: int) -> Iterator[str]:
    yield section.title
    yield from _wrapped(section.summary, width, "  ")
    for item in section.items:
        yield f"  {item.what}"
        yield from _wrapped(item.why, width, "      ")


def _drawn(stations: tuple[Station, ...], width: int) -> Iterator[str]:
    for number, station in enumerate(stations):
        last = number == len(stations) - 1
        yield f"  {station.name}"
        bar = " " if last else "│"
        for line in station.lines:
            yield from _wrapped(line, width, f"  {bar}   ")
        if not last:
            yield "  ▼"


def _wrapped(text: str, width: int, indent: str) -> list[str]:
    return textwrap.wrap(
        text,
        width,
        initial_indent=indent,
        subsequent_indent=indent,
        break_long_words=False,
        break_on_hyphens=False,
    )
