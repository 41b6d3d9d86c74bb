"""Lets pages of the site link to files beside docs/: each that is linked to is taken into the site at its own path.

So one link works in the repository and in the site, whose root is docs/, and one that leads nowhere fails the build.
"""

import re
from pathlib import Path, PurePosixPath
from posixpath import normpath, relpath

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page

ROOT = Path(__file__).resolve().parents[1]
LINK = re.compile(r"(?<=\]\()(?!\w+:)[\w./-]+(?=[#)])")


def on_files(files: Files, config: MkDocsConfig) -> None:
    """Add what is linked to, and what that links to."""
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
    """Point links out of docs/ to where the files are in the site."""
    del config, files
    here = page.file.src_uri
    of = here if page.file.generated_by else f"docs/{here}"

    def moved(link: re.Match[str]) -> str:
        return relpath(_in_site(_in_repository(of, link[0])), str(PurePosixPath(here).parent))

    return LINK.sub(moved, markdown)


def _in_repository(page: str, link: str) -> str:
    return normpath(str(PurePosixPath(page).parent / link))


def _in_site(path: str) -> str:
    return path.removeprefix("docs/")
