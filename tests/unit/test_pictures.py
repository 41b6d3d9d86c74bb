"""The pictures of the docs: self-contained drawings, each used on a page, with alternative texts."""

import re
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Final, NamedTuple
from xml.etree import ElementTree as ET

import pytest

from tests.support.docs import PAGES, ROOT
from tools import recording

DRAWINGS: Final = sorted((ROOT / "docs" / "images" / "concepts").rglob("*.svg"))
RECORDING: Final = ROOT / "docs" / "images" / "dev.svg"
SHOWN: Final = [(page, *found) for page in PAGES for found in re.findall(r"!\[(.*?)\]\((\S+?)\)", page.read_text())]
SVG: Final = "{http://www.w3.org/2000/svg}"
ELEMENTS: Final = {"svg", "title", "style", "defs", "marker", "path", "rect", "text"}
WIDTH: Final = 480.0
ON_A_PHONE: Final = 358.0
"""The width of a picture on a screen with 390 pixels."""
LEGIBLE: Final = 11.0

EM: Final = {"": 0.55, "head": 0.62, "code": 0.61}
"""The average width of a letter relative to the font size, for DejaVu, which is wider than most fonts."""
SIZE: Final = {"": 15.0, "head": 16.0, "code": 15.0}


class Area(NamedTuple):
    """A part of the drawing."""

    left: float
    top: float
    right: float
    bottom: float

    def holds(self, other: "Area") -> bool:
        across = self.left <= other.left and other.right <= self.right
        return across and self.top <= other.top and other.bottom <= self.bottom

    def meets(self, other: "Area") -> bool:
        across = self.left < other.right and other.left < self.right
        return across and self.top < other.bottom and other.top < self.bottom

    def has_on_its_edge(self, x: float, y: float) -> bool:
        within = self.left <= x <= self.right and self.top <= y <= self.bottom
        return within and (x in {self.left, self.right} or y in {self.top, self.bottom})


def read(file: Path) -> ET.Element:
    return ET.fromstring(file.read_text())  # noqa: S314 - our own


def style(drawing: ET.Element) -> str:
    return drawing.findtext(f"{SVG}style") or ""


def canvas(drawing: ET.Element) -> Area:
    return Area(*map(float, drawing.attrib["viewBox"].split()))


def boxes(drawing: ET.Element) -> list[Area]:
    return [
        Area(x, y, x + float(rect.attrib["width"]), y + float(rect.attrib["height"]))
        for rect in drawing.iter(f"{SVG}rect")
        if rect.get("class") != "card"
        for x, y in [(float(rect.attrib["x"]), float(rect.attrib["y"]))]
    ]


def texts(drawing: ET.Element) -> dict[str, Area]:
    """Return the area of each text, with its number, because a text may occur twice."""
    return {f"{number} {each.text}": _area(each) for number, each in enumerate(drawing.iter(f"{SVG}text"))}


def _area(text: ET.Element) -> Area:
    classes = (text.get("class") or "").split()
    kind = next((one for one in classes if one in EM), "")
    width = len(text.text or "") * EM[kind] * SIZE[kind]
    x, y = float(text.attrib["x"]), float(text.attrib["y"])
    left = x - width / 2 if "mid" in classes else x
    return Area(left, y - 0.75 * SIZE[kind], left + width, y + 0.25 * SIZE[kind])


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
    text, drawing = file.read_text(), read(file)
    assert len(text) < 6_000
    assert drawing.findtext(f"{SVG}title")
    assert {each.tag.removeprefix(SVG) for each in drawing.iter()} <= ELEMENTS, "no script, no picture in the picture"
    ids = {each.attrib["id"] for each in drawing.iter() if "id" in each.attrib}
    assert {name for each in drawing.iter() for name in each.attrib if "href" in name or name.startswith("on")} == set()
    assert set(re.findall(r"url\(([^)]*)\)", text)) <= {f"#{one}" for one in ids}
    assert "@import" not in text
    assert re.findall(r"xmlns=\"(.*?)\"", text) == [SVG.strip("{}")]


@each_drawing
def test_drawings_share_one_style_with_colours_for_both_schemes(file: Path) -> None:
    drawing = read(file)
    assert style(drawing) == style(read(DRAWINGS[0]))
    light, dark = (dict(re.findall(r"(--\w+): (#\w+)", one)) for one in re.findall(r"svg \{(.*?)\}", style(drawing)))
    assert light.keys() == dark.keys() == set(re.findall(r"var\((--\w+)\)", style(drawing)))
    assert not light.items() & dark.items()
    used = {one for each in drawing.iter() for one in (each.get("class") or "").split()}
    assert used <= set(re.findall(r"^ +\.(\w+) ", style(drawing), re.MULTILINE))


@each_drawing
def test_text_is_legible_on_a_phone(file: Path) -> None:
    drawing = read(file)
    assert canvas(drawing).right == WIDTH
    sizes = {float(size) for size in re.findall(r"(\d+)px", style(drawing))}
    assert sizes == set(SIZE.values())
    assert min(sizes) * ON_A_PHONE / WIDTH >= LEGIBLE


@each_drawing
def test_nothing_overlaps_or_leaves_the_canvas(file: Path) -> None:
    drawing = read(file)
    room, all_boxes, all_texts = canvas(drawing), boxes(drawing), texts(drawing)
    assert all_boxes
    assert [box for box in all_boxes if not room.holds(box)] == []
    assert [text for text, area in all_texts.items() if not room.holds(area)] == []
    assert [(one, other) for one in all_boxes for other in all_boxes if one < other and one.meets(other)] == []
    cut = [text for text, area in all_texts.items() for box in all_boxes if box.meets(area) and not box.holds(area)]
    assert cut == []
    pairs = [(one, other) for one in all_texts for other in all_texts if one < other]
    assert [pair for pair in pairs if all_texts[pair[0]].meets(all_texts[pair[1]])] == []


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
