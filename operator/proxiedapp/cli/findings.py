"""The findings of a check as a table for people; scripts get plain lines or JSON."""

from collections.abc import Iterable

from rich.console import Console
from rich.table import Table
from rich.text import Text

from proxiedapp.verify.finding import Finding
from proxiedapp.verify.summary import TITLES


def print_table(findings: Iterable[Finding], console: Console | None = None) -> None:
    """Print a table to the terminal, in its width; words are broken only if they are longer than a line."""
    (console or Console()).print(_table(findings))


def _table(findings: Iterable[Finding]) -> Table:
    table = Table(box=None, pad_edge=False, header_style="bold")
    for name in ("", "check", "code"):
        table.add_column(name, no_wrap=True)
    table.add_column("observed", overflow="fold")
    for finding in findings:
        mark = Text("wrong", "bold red") if not finding.ok else Text("right", "green")
        if not finding.judged:
            mark = Text("-", "dim")
        seen = Text(finding.seen)  # never markup: it quotes responses of an untrusted server
        if not finding.ok:
            seen.append(f"\nexpected: {finding.expected}\nfix: {finding.fix}")
        table.add_row(mark, TITLES[finding.code], finding.code.value, seen, style="" if finding.judged else "dim")
    return table
