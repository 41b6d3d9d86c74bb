"""What `proxiedapp explain` prints: sections of values with their reasons, and the stations of one request. Pure."""

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Item:
    """A value that the operator writes, and why."""

    what: str
    why: str


@dataclass(frozen=True, slots=True)
class Section:
    """Values that belong together."""

    title: str
    summary: str
    """Full sentences."""
    items: tuple[Item, ...] = ()


@dataclass(frozen=True, slots=True)
class Station:
    """What one program on the way of a request gets and does."""

    name: str
    lines: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Explanation:
    """All that is explained about one app."""

    title: str
    sections: tuple[Section, ...]
    request: tuple[Station, ...]

    def as_json(self) -> dict[str, Any]:
        """Return the explanation as JSON values."""
        return {
            "title": self.title,
            "sections": [
                {
                    "title": section.title,
                    "summary": section.summary,
                    "items": [{"what": item.what, "why": item.why} for item in section.items],
                }
                for section in self.sections
            ],
            "request": [{"station": one.name, "lines": list(one.lines)} for one in self.request],
        }
