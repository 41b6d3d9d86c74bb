"""One link of the chain from a spec to an answer: what it is, its state, what was found and how to fix it. Pure."""

from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any


class State(StrEnum):
    """The state of a link."""

    OK = "ok"
    """Nothing is wrong with it."""
    WARNING = "warning"
    """The app can be served, but something about it is probably not meant so."""
    WRONG = "wrong"
    """It prevents the app from being served as its spec asks."""
    UNKNOWN = "unknown"
    """It could not be read, or nothing shows its state."""


@dataclass(frozen=True, slots=True)
class Link:
    """One link of the chain."""

    name: str
    """Stable: scripts match on it."""
    object: str
    """Kind, namespace and name of the object; empty if the link is not about one object."""
    state: State
    found: str
    """What was found, as a full sentence."""
    fix: str = ""
    """What to do, as a full sentence; empty if nothing is to be done."""

    def as_json(self) -> dict[str, Any]:
        """Return the link as JSON values."""
        return asdict(self)

    def as_text(self) -> str:
        """Return the link as one or two lines."""
        about = f" ({self.object})" if self.object else ""
        fix = f"\n{'':9}fix: {self.fix}" if self.fix else ""
        return f"{self.state.value:8} {self.name}{about}: {self.found}{fix}"


def ok(name: str, about: str, found: str) -> Link:
    """Return a link with which nothing is wrong."""
    return Link(name, about, State.OK, found)


def wrong(name: str, about: str, found: str, fix: str) -> Link:
    """Return a link that prevents the app from being served as its spec asks."""
    return Link(name, about, State.WRONG, found, fix)


def warning(name: str, about: str, found: str, fix: str) -> Link:
    """Return a link that is probably not meant so."""
    return Link(name, about, State.WARNING, found, fix)


def unknown(name: str, about: str, found: str, fix: str = "") -> Link:
    """Return a link whose state could not be determined."""
    return Link(name, about, State.UNKNOWN, found, fix)
