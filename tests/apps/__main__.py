"""`make apps`: run every app of the catalog behind its prefix, use it with a real browser, and write docs/apps.md.

`python -m tests.apps NAME…` runs only the apps with these names, such as `gradio`, and keeps the other results.
`python -m tests.apps page` only writes the page, from the results of earlier runs.
`python -m tests.apps lock` locks the newest versions, and `python -m tests.apps lock NAME…` those of some apps.
"""

import asyncio
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from rich.console import Console

from tests.apps.browser import SCHEMES, Look, host_of, look_at
from tests.apps.catalog import APPS, BY_NAME, App
from tests.apps.results import PAGE, Result, load, rewritten, save, table
from tests.matrix.__main__ import WIDTH, as_table
from tests.matrix.live import add_image, namespace_of
from tests.matrix.table import table_rows
from tests.support.browser import chromium
from tests.support.sandbox import Sandbox, can_run_here, eventually, start_sandbox, stopped_at_the_end

_SECONDS = 180.0


async def result_of(sandbox: Sandbox, namespace: str, app: App) -> Result:
    """Wait until an app is served, use its page by both schemes, and delete it."""
    try:
        verified = eventually(lambda: _verified(sandbox, namespace, app), f"the verdict on {app.title}", _SECONDS)
    except AssertionError as error:
        return Result(app.version, "-", dict.fromkeys(SCHEMES, Look(page=str(error))))
    async with chromium(sandbox.http_url, sandbox.https_url) as browser:
        host = host_of(app, namespace)
        looks = {scheme: await look_at(browser, app, host, scheme) for scheme in SCHEMES}
    sandbox.kubectl("delete", "proxiedapp", app.name, "-n", namespace)
    return Result(app.version, verified, looks)


def _verified(sandbox: Sandbox, namespace: str, app: App) -> str:
    """Return status and reason of Verified, once the app is ready."""
    found = sandbox.conditions(app.name, namespace)
    if found.get("Ready", {}).get("status") != "True" or "Verified" not in found:
        raise LookupError("; ".join(f"{name}: {each['reason']}: {each['message']}" for name, each in found.items()))
    return f"{found['Verified']['status']}, {found['Verified']['reason']}"


def main(names: list[str]) -> None:
    console = Console(width=WIDTH)
    if not can_run_here():
        sys.exit("the sandbox needs root, or a kernel that allows unprivileged user namespaces")
    results, apps = load(), _named(names)
    with TemporaryDirectory() as folder:
        images, state = Path(folder) / "images", Path(folder) / "sandbox"
        images.mkdir()
        state.mkdir()
        console.print("starting a sandbox")
        with stopped_at_the_end(start_sandbox(state, images)) as sandbox, namespace_of(sandbox) as namespace:
            for app in apps:
                add_image(sandbox, app.name, app.environment.image())
            sandbox.apply(*(app.manifest(namespace, host_of(app, namespace)) for app in apps))
            for app in apps:
                console.print(f"visiting {app.title} {app.version}", highlight=False)
                results[app.name] = result = asyncio.run(result_of(sandbox, namespace, app))
                for text in result.wrong:
                    console.print(f"  {text}", markup=False, highlight=False)
                save(results)
    write(console)


def write(console: Console) -> None:
    """Write the page from the results, and end with an error if an app is not right."""
    results = load()
    console.print(as_table(table_rows(table(results))))
    PAGE.write_text(rewritten(PAGE.read_text(), results))
    console.print(f"wrote {PAGE.name}")
    if wrong := [name for name, result in results.items() if result.wrong]:
        sys.exit(f"not right: {', '.join(wrong)}")


def _named(names: list[str]) -> tuple[App, ...]:
    if unknown := set(names) - BY_NAME.keys():
        sys.exit(f"unknown app {', '.join(sorted(unknown))}: use {', '.join(BY_NAME)}")
    return tuple(BY_NAME[name] for name in names) or APPS


if __name__ == "__main__":
    if sys.argv[1:2] == ["lock"]:
        for each in _named(sys.argv[2:]):
            each.environment.compile()
    elif sys.argv[1:] == ["page"]:
        write(Console(width=WIDTH))
    else:
        main(sys.argv[1:])
