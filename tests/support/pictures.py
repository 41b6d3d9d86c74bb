"""What is asked of every drawing in SVG: that it loads nothing, and is legible on a phone, in both colour schemes."""

import re
from pathlib import Path
from typing import Final, NamedTuple
from xml.etree import ElementTree as ET

SVG: Final = "{http://www.w3.org/2000/svg}"
WIDTH: Final = 480.0
ON_A_PHONE: Final = 358.0
"""The width of a picture on a screen with 390 pixels."""
LEGIBLE: Final = 11.0
ELEMENTS: Final = {"svg", "title", "style", "defs", "marker", "path", "rect", "text"}

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
    return parsed(file.read_text())


def parsed(text: str) -> ET.Element:
    return ET.fromstring(text)  # noqa: S314 - our own


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


def assert_self_contained(text: str) -> None:
    drawing = parsed(text)
    assert len(text) < 6_000
    assert drawing.findtext(f"{SVG}title")
    assert {each.tag.removeprefix(SVG) for each in drawing.iter()} <= ELEMENTS, "no script, no picture in the picture"
    ids = {each.attrib["id"] for each in drawing.iter() if "id" in each.attrib}
    assert {name for each in drawing.iter() for name in each.attrib if "href" in name or name.startswith("on")} == set()
    assert set(re.findall(r"url\(([^)]*)\)", text)) <= {f"#{one}" for one in ids}
    assert "@import" not in text
    assert re.findall(r"xmlns=\"(.*?)\"", text) == [SVG.strip("{}")]


def assert_colours_for_both_schemes(drawing: ET.Element) -> None:
    light, dark = (dict(re.findall(r"(--\w+): (#\w+)", one)) for one in re.findall(r"svg \{(.*?)\}", style(drawing)))
    assert light.keys() == dark.keys() == set(re.findall(r"var\((--\w+)\)", style(drawing)))
    assert not light.items() & dark.items()
    used = {one for each in drawing.iter() for one in (each.get("class") or "").split()}
    assert used <= set(re.findall(r"^ +\.(\w+) ", style(drawing), re.MULTILINE))


def assert_legible_on_a_phone(drawing: ET.Element) -> None:
    assert canvas(drawing).right == WIDTH
    sizes = {float(size) for size in re.findall(r"(\d+)px", style(drawing))}
    assert sizes == set(SIZE.values())
    assert min(sizes) * ON_A_PHONE / WIDTH >= LEGIBLE


def assert_nothing_overlaps_or_leaves_the_canvas(drawing: ET.Element) -> None:
    room, all_boxes, all_texts = canvas(drawing), boxes(drawing), texts(drawing)
    assert all_boxes
    assert [box for box in all_boxes if not room.holds(box)] == []
    assert [text for text, area in all_texts.items() if not room.holds(area)] == []
    assert [(one, other) for one in all_boxes for other in all_boxes if one < other and one.meets(other)] == []
    cut = [text for text, area in all_texts.items() for box in all_boxes if box.meets(area) and not box.holds(area)]
    assert cut == []
    pairs = [(one, other) for one in all_texts for other in all_texts if one < other]
    assert [pair for pair in pairs if all_texts[pair[0]].meets(all_texts[pair[1]])] == []
