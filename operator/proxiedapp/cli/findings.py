"""The findings of a check as a table for people; scripts get plain lines or JSON."""

from collections.abc import Iterable
from typing import Final

from rich.console import Console
from rich.table import Table
from rich.text import Text

from proxiedapp.verify.finding import Finding
from proxiedapp.verify.summary import TITLES

_WIDE: Final = 110
"""Columns of a terminal from which on titles and codes have columns of their own; below, URLs would be broken."""


def print_table(findings: Iterable[Finding], console: Console | None = None) -> None:
    """Print a table to the terminal, in its width; words are broken only if they are longer than a line.

    Rich leaves colors out if NO_COLOR is set, or if the terminal has none (https://no-color.org).
    """
    console = console or Console(highlight=False)
    console.print(_wide(findings) if console.width >= _WIDE else _narrow(findings))


def _wide(findings: Iterable[Finding]) -> Table:
    table = Table(box=None, pad_edge=False, header_style="bold")
    for name in ("", "check", "code"):
        table.add_column(name, no_wrap=True)
    table.add_column("observed", overflow="fold")
    for finding in findings:
        style = "" if finding.judged else "dim"
        table.add_row(_mark(finding), TITLES[finding.code], finding.code.value, _observed(finding), style=style)
    return table


def _narrow(findings: Iterable[Finding]) -> Table:
    table = Table(box=None, pad_edge=False, show_header=False)
    table.add_column(no_wrap=True)
    table.add_column(overflow="fold")
    for finding in findings:
        title = Text.assemble((TITLES[finding.code], "bold"), f" ({finding.code.value})\n", _observed(finding))
        table.add_row(_mark(finding), title, style="" if finding.judged else "dim")
    return table


def _mark(finding: Finding) -> Text:
    if not finding.judged:
        return Text("-", "dim")
    return Text("right", "green") if finding.ok else Text("wrong", "bold red")


def _observed(finding: Finding) -> Text:
    seen = Text(finding.seen)  # never markup: it quotes responses of an untrusted server
    if not finding.ok:
        seen.append(f"\nexpected: {finding.expected}\nfix: {finding.fix}")
    return seen
