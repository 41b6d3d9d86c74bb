"""Lets pages of the site link to files outside docs/, and ranks the pages that the search finds.

Each file that a page links to is copied into the site at its own path, so one link works in the repository and in the
site, whose root is docs/, and a broken link fails the build.
"""

import re
from pathlib import Path, PurePosixPath
from posixpath import normpath, relpath

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page

ROOT = Path(__file__).resolve().parents[1]
LINK = re.compile(r"(?<=\]\()(?!\w+:)[\w./-]+(?=[#)])")
RANKS = {"how-to/": 3.0, "start/": 2.0, "concepts/": 2.0, "conditions.md": 2.0, "decisions/": 0.2, "CHANGELOG.md": 0.2}
"""Factors of the search's ranking by the beginning of a page's path: users look for tasks, not for our reasons."""


def on_files(files: Files, config: MkDocsConfig) -> None:
    """Add the files that pages link to, and those that these link to."""
    waiting = [f"docs/{file.src_uri}" for file in files if file.src_uri.endswith(".md")]
    while waiting:
        page = waiting.pop()
        for link in LINK.findall((ROOT / page).read_text()):
            path = _in_repository(page, link)
            place = _in_site(path)
            if not (ROOT / path).is_file() or files.get_file_from_path(place):
                continue
            files.append(File.generated(config, place, abs_src_path=str(ROOT / path)))
            if place.endswith(".md"):
                waiting.append(path)


def on_page_markdown(markdown: str, page: Page, config: MkDocsConfig, files: Files) -> str:
    """Rewrite links to files outside docs/, and set the page's rank in the search."""
    del config, files
    here = page.file.src_uri
    page.meta["search"] = {"boost": next((rank for start, rank in RANKS.items() if here.startswith(start)), 1.0)}
    of = here if page.file.generated_by else f"docs/{here}"

    def moved(link: re.Match[str]) -> str:
        return relpath(_in_site(_in_repository(of, link[0])), str(PurePosixPath(here).parent))

    return LINK.sub(moved, markdown)


def _in_repository(page: str, link: str) -> str:
    return normpath(str(PurePosixPath(page).parent / link))


def _in_site(path: str) -> str:
    return path.removeprefix("docs/")
