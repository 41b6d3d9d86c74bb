"""`make matrix`: runs the matrix in a sandbox of its own, prints it and writes it into docs/servers.md.

`python -m tests.matrix lock` locks the old versions anew, after a change of environments.py.
"""

import re
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from rich.box import SIMPLE
from rich.console import Console
from rich.table import Table

from tests.matrix.environments import ENVIRONMENTS
from tests.matrix.live import matrix
from tests.matrix.olds import old_versions
from tests.matrix.page import PAGE, rewrite
from tests.matrix.table import render, render_rows, table_rows
from tests.support.sandbox import can_run_here, start_sandbox

WIDTH: Final = 200
"""Columns of the terminal that the tables need."""


def as_table(rows: Sequence[Mapping[str, str]]) -> Table:
    """Return rows as a table for the terminal."""
    table = Table(*rows[0], box=SIMPLE)
    for row in rows:
        table.add_row(*(re.sub(r"</?sup>|`", "", each) for each in row.values()))
    return table


def main() -> None:
    console = Console(width=WIDTH)
    if not can_run_here():
        sys.exit("the sandbox needs root, or a kernel that allows user namespaces")
    with TemporaryDirectory() as folder:
        images, state = Path(folder) / "images", Path(folder) / "sandbox"
        images.mkdir()
        state.mkdir()
        console.print("starting a sandbox")
        sandbox = start_sandbox(state, images)
        try:
            with matrix(sandbox) as live:
                results = live.results()
            with old_versions(sandbox) as olds:
                old_rows = olds.rows()
        finally:
            done = sandbox.run("down")
            assert done.returncode == 0, done.stderr
    for result in results:
        for outcome in result.wrong:
            console.print(f"{result.row.title}: {outcome.sentence}: {outcome.wrong}", markup=False, highlight=False)
    shown = render(results), render_rows(old_rows)
    console.print(as_table(table_rows(shown[0])), as_table(old_rows))
    rewrite(*shown)
    console.print(f"{PAGE.name} says so now")


if __name__ == "__main__":
    if sys.argv[1:] == ["lock"]:
        for environment in ENVIRONMENTS:
            environment.compile()
    else:
        main()
