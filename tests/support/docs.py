"""The code blocks of the documentation: objects that readers apply, and commands that they run."""

import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from textwrap import dedent
from typing import Any, Final

import yaml

ROOT: Final = Path(__file__).parents[2]
PAGES: Final = (
    ROOT / "README.md",
    ROOT / "CONTRIBUTING.md",
    ROOT / "SECURITY.md",
    ROOT / "gitops" / "README.md",
    *sorted((ROOT / "examples").rglob("*.md")),
    *sorted((ROOT / "docs").rglob("*.md")),
)

_BLOCK: Final = re.compile(r"^( *)```(\w+)\n(.*?)^\1```$", re.MULTILINE | re.DOTALL)


@dataclass(frozen=True, slots=True)
class Example:
    """One object of a YAML block."""

    where: str
    """The page and the number of the object in it, as a test's id."""
    manifest: dict[str, Any]


def blocks(page: Path, language: str) -> Iterator[str]:
    """Yield the content of a page's code blocks in one language."""
    for _, found, text in _BLOCK.findall(page.read_text()):
        if found == language:
            yield dedent(text)


def examples() -> Iterator[Example]:
    """Yield all objects in YAML blocks."""
    for page in PAGES:
        documents = [document for text in blocks(page, "yaml") for document in yaml.load_all(text, yaml.CSafeLoader)]
        for number, document in enumerate(documents, start=1):
            yield Example(f"{page.relative_to(ROOT)}:{number}", document)


def proxied_apps() -> list[Example]:
    """Return the examples that are ProxiedApps."""
    return [example for example in examples() if example.manifest.get("kind") == "ProxiedApp"]


def commands() -> Iterator[tuple[str, str]]:
    """Yield each line of a shell block with its page."""
    for page in PAGES:
        for text in blocks(page, "sh"):
            for line in text.replace("\\\n", " ").splitlines():
                yield str(page.relative_to(ROOT)), line


def build_site(folder: Path) -> None:
    """Build the docs site, strictly."""
    done = subprocess.run(
        [sys.executable, "-m", "mkdocs", "build", "--site-dir", folder],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
