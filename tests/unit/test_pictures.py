"""The pictures of the docs: self-contained drawings, each used on a page, with alternative texts."""

import re
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Final
from xml.etree import ElementTree as ET

import pytest

from tests.support import pictures
from tests.support.docs import PAGES, ROOT
from tests.support.pictures import SVG, Area, boxes, read, style, texts
from tools import recording

DRAWINGS: Final = sorted((ROOT / "docs" / "images" / "concepts").rglob("*.svg"))
RECORDING: Final = ROOT / "docs" / "images" / "dev.svg"
SHOWN: Final = [(page, *found) for page in PAGES for found in re.findall(r"!\[(.*?)\]\((\S+?)\)", page.read_text())]


def arrows(drawing: ET.Element) -> Iterator[list[tuple[float, float]]]:
    """Yield the corners of each arrow; they go along the axes."""
    for path in drawing.iter(f"{SVG}path"):
        if path.get("class") not in {"way", "bad"}:
            continue
        start, *legs = re.findall(r"[A-Z][^A-Z]+", path.attrib["d"])
        x, y = map(float, start[1:].split())
        corners = [(x, y)]
        for leg in legs:
            assert leg[0] in "HV", f"{path.attrib['d']} goes askew"
            x, y = (float(leg[1:]), y) if leg[0] == "H" else (x, float(leg[1:]))
            corners.append((x, y))
        yield corners


each_drawing = pytest.mark.parametrize("file", DRAWINGS, ids=lambda file: file.stem)


@each_drawing
def test_a_drawing_is_self_contained(file: Path) -> None:
    pictures.assert_self_contained(file.read_text())


@each_drawing
def test_drawings_share_one_style_with_colours_for_both_schemes(file: Path) -> None:
    assert style(read(file)) == style(read(DRAWINGS[0]))
    pictures.assert_colours_for_both_schemes(read(file))


@each_drawing
def test_text_is_legible_on_a_phone(file: Path) -> None:
    pictures.assert_legible_on_a_phone(read(file))


@each_drawing
def test_nothing_overlaps_or_leaves_the_canvas(file: Path) -> None:
    pictures.assert_nothing_overlaps_or_leaves_the_canvas(read(file))


@each_drawing
def test_arrows_connect_boxes_and_cross_nothing(file: Path) -> None:
    drawing = read(file)
    all_boxes, all_texts, all_arrows = boxes(drawing), texts(drawing), list(arrows(drawing))
    assert all_arrows
    for corners in all_arrows:
        for x, y in (corners[0], corners[-1]):
            assert any(box.has_on_its_edge(x, y) for box in all_boxes), f"nothing is at {x:g},{y:g}"
        for (x1, y1), (x2, y2) in pairwise(corners):
            leg = Area(min(x1, x2), min(y1, y2), max(x1, x2), max(y1, y2))
            assert [text for text, area in all_texts.items() if area.meets(leg)] == []
            assert [box for box in all_boxes if box.meets(leg)] == []


def test_each_drawing_is_used_on_a_page() -> None:
    shown = {(page.parent / target).resolve() for page, _, target in SHOWN}
    assert set(DRAWINGS) <= shown
    assert len(DRAWINGS) >= 6


def test_each_concept_has_a_picture() -> None:
    concepts = set((ROOT / "docs" / "concepts").glob("*.md"))
    assert concepts
    assert concepts <= {page for page, _, _ in SHOWN}


def test_each_picture_has_an_alternative_text() -> None:
    assert [f"{page.name}: {target}" for page, words, target in SHOWN if len(words.split()) < 5] == []


def test_recording_shows_a_whole_session_and_loads_nothing() -> None:
    """`make recording` writes it, so its structure is rich's own."""
    text = RECORDING.read_text()
    assert not re.findall(r"@import|url\((?!#)|<image|<script|href=", text)
    shown = "\n".join(element.text or "" for element in read(RECORDING).iter(f"{SVG}text")).replace("\xa0", " ")
    for part in (f"$ {' '.join(recording.COMMAND)}", "is ready after", " 0 wrong, 0 not judged", *recording.REQUESTS):
        assert part in shown
