"""`make matrix`: run the matrix in its own sandbox, print it and write it into docs/servers.md.

`make matrix GATEWAY=traefik` or `contour` runs it through a Gateway, and writes its column in docs/gateways.md.

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
from tests.matrix.live import matrix, proxy_of
from tests.matrix.oldversions import old_versions
from tests.matrix.page import rewrite, rewrite_by_proxy
from tests.matrix.proxies import BY_GATEWAY
from tests.matrix.table import render, render_rows, table_rows
from tests.support.sandbox import can_run_here, start_sandbox, stopped_at_the_end

WIDTH: Final = 200
"""The width of the tables, in characters."""


def as_table(rows: Sequence[Mapping[str, str]]) -> Table:
    """Return rows as a table for the terminal."""
    table = Table(*rows[0], box=SIMPLE)
    for row in rows:
        table.add_row(*(escape(re.sub(r"</?sup>|`", "", each)) for each in row.values()))
    return table


def main(gateway: str | None = None) -> None:
    console = Console(width=WIDTH)
    if not can_run_here():
        sys.exit("the sandbox needs root, or a kernel that allows unprivileged user namespaces")
    if gateway is not None and gateway not in BY_GATEWAY:
        sys.exit(f"unknown gateway {gateway}: use {' or '.join(BY_GATEWAY)}")
    old_rows: list[dict[str, str]] = []
    with TemporaryDirectory() as folder:
        images, state = Path(folder) / "images", Path(folder) / "sandbox"
        images.mkdir()
        state.mkdir()
        console.print("starting a sandbox")
        with stopped_at_the_end(start_sandbox(state, images, gateway=gateway)) as sandbox:
            proxy = proxy_of(sandbox)
            with matrix(sandbox) as live:
                results = live.results()
            if gateway is None:
                with old_versions(sandbox) as live_old_versions:
                    old_rows = live_old_versions.rows()
    for result in results:
        for outcome in result.wrong:
            console.print(f"{result.row.title}: {outcome.sentence}: {outcome.wrong}", markup=False, highlight=False)
    console.print(as_table(table_rows(rewrite_by_proxy(results, proxy.title))))
    if gateway is None:
        matrix_text = render(results)
        console.print(as_table(table_rows(matrix_text)), as_table(old_rows))
        rewrite(matrix_text, render_rows(old_rows))
    all_checks = sum(len(result.outcomes) for result in results)
    console.print(f"{all_checks - sum(len(result.wrong) for result in results)}/{all_checks} through {proxy.title}")
    unexplained = [result.row.title for result in results if result.wrong and not result.limits]
    if unexplained:
        sys.exit(f"wrong, and the ProxiedApp reports no limit: {'; '.join(unexplained)}")


if __name__ == "__main__":
    if sys.argv[1:] == ["lock"]:
        for environment in ENVIRONMENTS:
            environment.compile()
    else:
        main(*sys.argv[1:])
