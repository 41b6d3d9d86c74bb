"""`make matrix`: run the matrix in its own sandbox, print it and write it into docs/servers.md.

`python -m tests.matrix lock` locks the old versions again after a change of environments.py.
"""

import re
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from rich.box import SIMPLE
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from tests.matrix.environments import ENVIRONMENTS
from tests.matrix.live import matrix
from tests.matrix.oldversions import old_versions
from tests.matrix.page import PAGE, rewrite
from tests.matrix.table import render, render_rows, table_rows
from tests.support.sandbox import can_run_here, start_sandbox

WIDTH: Final = 200
"""The width of the tables, in characters."""


def as_table(rows: Sequence[Mapping[str, str]]) -> Table:
    """Return rows as a table for the terminal."""
    table = Table(*rows[0], box=SIMPLE)
    for row in rows:
        table.add_row(*(escape(re.sub(r"</?sup>|`", "", each)) for each in row.values()))
    return table


def main() -> None:
    console = Console(width=WIDTH)
    if not can_run_here():
        sys.exit("the sandbox needs root, or a kernel that allows unprivileged user namespaces")
    with TemporaryDirectory() as folder:
        images, state = Path(folder) / "images", Path(folder) / "sandbox"
        images.mkdir()
        state.mkdir()
        console.print("starting a sandbox")
        sandbox = start_sandbox(state, images)
        try:
            with matrix(sandbox) as live:
                results = live.results()
            with old_versions(sandbox) as live_old_versions:
                old_rows = live_old_versions.rows()
        finally:
            done = sandbox.run("down")
            assert done.returncode == 0, done.stderr
    for result in results:
        for outcome in result.wrong:
            console.print(f"{result.row.title}: {outcome.sentence}: {outcome.wrong}", markup=False, highlight=False)
    matrix_text = render(results)
    console.print(as_table(table_rows(matrix_text)), as_table(old_rows))
    rewrite(matrix_text, render_rows(old_rows))
    console.print(f"wrote {PAGE.name}")


if __name__ == "__main__":
    if sys.argv[1:] == ["lock"]:
        for environment in ENVIRONMENTS:
            environment.compile()
    else:
        main()
