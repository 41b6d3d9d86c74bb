"""`make drain`: replace the pods of an app under load, with each server, and write the table of docs/servers.md.

`python -m tests.drain NAME…` measures only servers with these names, such as `uvicorn`, and keeps the other results.
`python -m tests.drain page` only writes the page, from the results of earlier runs.
"""

import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from rich.console import Console

from tests.drain.results import MEASURED, broken_promises, load, render, save
from tests.drain.rollouts import measure
from tests.matrix.__main__ import WIDTH, as_table
from tests.matrix.live import namespace_of
from tests.matrix.page import PAGE
from tests.matrix.table import table_rows, with_section
from tests.support.sandbox import can_run_here, start_sandbox, stopped_at_the_end

SECTION = "drain"


def main(names: list[str]) -> None:
    console = Console(width=WIDTH)
    if not can_run_here():
        sys.exit("the sandbox needs root, or a kernel that allows unprivileged user namespaces")
    known = {each.id: each for each in MEASURED}
    if unknown := set(names) - known.keys():
        sys.exit(f"unknown server {', '.join(sorted(unknown))}: use {', '.join(known)}")
    results, failed = load(), list[str]()
    with TemporaryDirectory() as folder:
        images, state = Path(folder) / "images", Path(folder) / "sandbox"
        images.mkdir()
        state.mkdir()
        console.print("starting a sandbox")
        with stopped_at_the_end(start_sandbox(state, images)) as sandbox, namespace_of(sandbox) as namespace:
            for server in [known[name] for name in names] or MEASURED:
                console.print(f"measuring {server.title}", markup=False, highlight=False)
                try:
                    results[server.title] = measure(sandbox, namespace, server)
                except AssertionError as error:
                    failed.append(f"{server.title}: {error}")
                    console.print(f"  {error}", markup=False, highlight=False)
                save(results)
    write(console)
    if failed:
        sys.exit("\n".join(failed))


def write(console: Console) -> None:
    """Write the table of the page from the results, and end with an error if a promise is broken."""
    results = load()
    text = render(results)
    console.print(as_table(table_rows(text)))
    PAGE.write_text(with_section(PAGE.read_text(), SECTION, text, "drain"))
    console.print(f"wrote {PAGE.name}")
    if broken := [text for title, each in results.items() for text in broken_promises(title, each)]:
        sys.exit("\n".join(broken))


if __name__ == "__main__":
    if sys.argv[1:] == ["page"]:
        write(Console(width=WIDTH))
    else:
        main(sys.argv[1:])
