"""`python -m tools.reference docs` writes the pages; `--check docs` reports those which differ from the code."""

import sys
from pathlib import Path

from tools.reference.pages import PAGES


def _stale(folder: Path) -> list[Path]:
    pages = {folder / name: page for name, page in PAGES.items()}
    return [path for path, page in pages.items() if not path.exists() or path.read_text() != page()]


def _main(*arguments: str) -> str | None:
    match arguments:
        case ("--check", folder):
            stale = " and ".join(map(str, _stale(Path(folder))))
            return f"{stale}: run make generate" if stale else None
        case (folder,):
            for name, page in PAGES.items():
                (Path(folder) / name).parent.mkdir(exist_ok=True)
                (Path(folder) / name).write_text(page())
            return None
        case _:
            return __doc__


if __name__ == "__main__":
    sys.exit(_main(*sys.argv[1:]))
