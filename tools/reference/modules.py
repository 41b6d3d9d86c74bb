"""The lists of modules in docs/architecture.md, from the first lines of their docstrings."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from tools.reference.markdown import code, table

ROOT: Final = Path(__file__).parents[2]
PAGE: Final = ROOT / "docs" / "architecture.md"

_SECTION: Final = re.compile(
    r"(?P<begin><!-- modules of (?P<folder>[\w/]+) -->\n).*?(?P<end><!-- end of modules -->)", re.DOTALL
)


def idea(file: Path) -> str:
    """Return the first line of a module's docstring; raises ValueError for a module without one."""
    if text := ast.get_docstring(ast.parse(file.read_text())):
        return text.splitlines()[0]
    raise ValueError(f"{file.relative_to(ROOT)} has no docstring: write its one idea on the first line")


def modules(folder: Path) -> Iterator[Path]:
    """Yield the modules of a folder, by name, without `__init__.py` and subfolders."""
    yield from sorted(file for file in folder.glob("*.py") if file.stem != "__init__")


def architecture() -> str:
    """Return docs/architecture.md, with its prose as it is and its lists of modules as the code has them."""

    def section(match: re.Match[str]) -> str:
        rows = [(code(file.stem), idea(file)) for file in modules(ROOT / match["folder"])]
        return f"{match['begin']}\n{table(['module', 'its one idea'], rows)}\n\n{match['end']}"

    return _SECTION.sub(section, PAGE.read_text())
