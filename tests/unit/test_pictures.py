"""The pictures of the docs: drawings that stand for themselves, each on a page, with words for who cannot see them."""

import re
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from tests.support.docs import PAGES, ROOT

DRAWINGS = sorted((ROOT / "docs" / "images").rglob("*.svg"))
SHOWN = [(page, *found) for page in PAGES for found in re.findall(r"!\[(.*?)\]\((\S+?)\)", page.read_text())]
SVG = "{http://www.w3.org/2000/svg}"


@pytest.mark.parametrize("file", DRAWINGS, ids=lambda file: file.stem)
def test_a_drawing_needs_nothing_else(file: Path) -> None:
    text = file.read_text()
    drawing = ET.fromstring(text)  # noqa: S314 - our own
    assert drawing.tag == f"{SVG}svg"
    assert drawing.findtext(f"{SVG}title")
    assert not list(drawing.iter(f"{SVG}script"))
    assert not list(drawing.iter(f"{SVG}image"))
    assert set(re.findall(r"(?:href=|url\()[\"']?([^\"')]+)", text)) <= {"#tip", "#end"}
    assert len(text) < 6_000


@pytest.mark.parametrize("file", DRAWINGS, ids=lambda file: file.stem)
def test_nothing_is_drawn_outside(file: Path) -> None:
    drawing = ET.fromstring(file.read_text())  # noqa: S314 - our own
    _, _, width, height = map(float, drawing.attrib["viewBox"].split())
    for box in drawing.iter(f"{SVG}rect"):
        assert float(box.get("x", 0)) + float(box.attrib["width"]) <= width
        assert float(box.get("y", 0)) + float(box.attrib["height"]) <= height
    assert all(0 < float(each.attrib["y"]) < height for each in drawing.iter(f"{SVG}text"))


def test_each_drawing_is_on_a_page() -> None:
    shown = {(page.parent / target).resolve() for page, _, target in SHOWN}
    assert set(DRAWINGS) <= shown
    assert len(DRAWINGS) >= 5


def test_each_picture_has_words() -> None:
    assert [f"{page.name}: {target}" for page, words, target in SHOWN if len(words.split()) < 5] == []
