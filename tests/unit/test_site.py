"""The docs site loads nothing from other hosts: it works without a network, and does not report its readers."""

import json
import re
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path

import pytest
from typing_extensions import override

from tests.support.docs import ROOT, build_site

FETCHING = {
    "audio": ("src",),
    "embed": ("src",),
    "form": ("action",),
    "iframe": ("src",),
    "img": ("src", "srcset"),
    "input": ("src",),
    "link": ("href",),
    "object": ("data",),
    "script": ("src",),
    "source": ("src", "srcset"),
    "track": ("src",),
    "use": ("href", "xlink:href"),
    "video": ("poster", "src"),
}
"""Attributes by which an element loads something by itself; links that a reader clicks do not count."""

ELSEWHERE = re.compile(r"^\s*(https?:|wss?:)?//", re.IGNORECASE)
IN_STYLE = re.compile(r"""(?:url\(|@import)\s*["']?\s*((?:https?:)?//[^"')\s]+)""", re.IGNORECASE)
IN_SCRIPT = re.compile(r"""["'`](https?://[\w.-]+)""")

NEVER_ASKED = {"https://unpkg.com": "mermaid", "https://api.github.com": "source"}
"""Hosts in the theme's own script, each with the class or component without which the script does not request it: a
diagram, and the counter of a repository's stars."""


class Loads(HTMLParser):
    """Collects what a page loads, its inline styles and scripts, its pictures, and the classes of its elements."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.urls: list[str] = []
        self.styles: list[str] = []
        self.scripts: list[str] = []
        self.marks: set[str] = set()
        self.pictures: dict[str, str] = {}
        self._within = ""
        self.feed(html)

    @override
    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        self._within = tag
        self.urls += [given[name] or "" for name in FETCHING.get(tag, ()) if name in given]
        self.styles.append(given.get("style") or "")
        if tag == "img":
            self.pictures[given.get("src") or ""] = given.get("alt") or ""
        self.marks |= {*(given.get("class") or "").split(), given.get("data-md-component") or ""}

    @override
    def handle_endtag(self, tag: str) -> None:
        self._within = ""

    @override
    def handle_data(self, data: str) -> None:
        if self._within == "style":
            self.styles.append(data)
        elif self._within == "script":
            self.scripts.append(data)


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("site")
    build_site(folder)
    return folder


@pytest.fixture(scope="module")
def pages(site: Path) -> dict[str, Loads]:
    return {str(page.relative_to(site)): Loads(page.read_text()) for page in site.rglob("*.html")}


def elsewhere(urls: Iterator[str]) -> list[str]:
    return [url for url in urls if ELSEWHERE.match(url)]


def test_pages_load_nothing_from_elsewhere(pages: dict[str, Loads]) -> None:
    assert len(pages) > 40
    assert {name: found for name, page in pages.items() if (found := elsewhere(iter(page.urls)))} == {}
    assert sum(len(page.urls) for page in pages.values()) > 100, "the loaded files were found"


def test_styles_load_nothing_from_elsewhere(site: Path, pages: dict[str, Loads]) -> None:
    files = {str(file.relative_to(site)): file.read_text() for file in site.rglob("*.css")}
    assert files
    inline = {name: "\n".join(page.styles) for name, page in pages.items()}
    assert {name: found for name, text in (files | inline).items() if (found := IN_STYLE.findall(text))} == {}


def test_scripts_contain_only_hosts_that_no_page_makes_them_request(site: Path, pages: dict[str, Loads]) -> None:
    inline = [script for page in pages.values() for script in page.scripts]
    scripts = [*(file.read_text() for file in site.rglob("*.js")), *inline]
    assert {host for text in scripts for host in IN_SCRIPT.findall(text)} == NEVER_ASKED.keys()
    asking = {name: found for name, page in pages.items() if (found := page.marks & set(NEVER_ASKED.values()))}
    assert asking == {}


def test_pictures_exist_and_have_alternative_texts(site: Path, pages: dict[str, Loads]) -> None:
    pictures = [(name, source, words) for name, page in pages.items() for source, words in page.pictures.items()]
    assert {Path(source).suffix for _, source, _ in pictures} == {".png", ".svg"}
    assert [(name, source) for name, source, _ in pictures if not ((site / name).parent / source).is_file()] == []
    assert [(name, source) for name, source, words in pictures if not words.strip()] == []


def test_linked_files_outside_docs_are_copied(site: Path) -> None:
    for file in ("gitops/argocd/health.lua", "manifests/base/rbac.yaml", "examples/hello/app.yaml"):
        assert (site / file).read_bytes() == (ROOT / file).read_bytes()


def test_each_tab_opens_its_own_page_and_not_that_of_another_folder(site: Path) -> None:
    """The tab Start opened the chart's values."""
    links = re.findall(r'<a href="([^"]+)" class="md-tabs__link">\s*([\w-]+)', (site / "index.html").read_text())
    opened = {title: href for href, title in links}
    assert opened["Start"] == "start/index.html"
    assert opened["How-tos"] == "how-to/index.html"


def test_search_ranks_tasks_before_decisions(site: Path) -> None:
    entries = json.loads((site / "search" / "search_index.json").read_text())["docs"]
    boosts = {entry["location"]: entry.get("boost", 1.0) for entry in entries}
    assert boosts["how-to/404.html"] > boosts["start/laptop.html"] > boosts["reference/api.html"]
    assert max(boost for page, boost in boosts.items() if page.startswith("decisions/")) < 1.0
