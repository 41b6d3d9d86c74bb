"""What happens during a run: each event as a line of text for people, and as JSON for editors. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Final, Protocol

from proxiedapp.api.conditions import printable
from proxiedapp.verify.finding import Finding
from proxiedapp.verify.summary import counts

GREEN: Final = "32"
RED: Final = "31"
YELLOW: Final = "33"
DIM: Final = "2"
BOLD: Final = "1"
_CLIENT_ERROR: Final = 400


class Event(Protocol):
    """Something that happened."""

    name: ClassVar[str]

    def as_text(self) -> list[tuple[str, str]]:
        """Return lines, each with its style: codes of ECMA-48, empty for none."""

    def as_json(self) -> dict[str, Any]:
        """Return the event's own fields."""


@dataclass(frozen=True, slots=True)
class Started:
    """The proxy listens."""

    name: ClassVar[str] = "started"
    proxy: str
    url: str
    page: str

    def as_text(self) -> list[tuple[str, str]]:
        """Return where the proxy and the page are."""
        return [(f"{self.proxy} listens on {self.url}; what runs is shown on {self.page}", BOLD)]

    def as_json(self) -> dict[str, Any]:
        """Return its fields."""
        return {"proxy": self.proxy, "url": self.url, "page": self.page}


@dataclass(frozen=True, slots=True)
class Command:
    """A server is started."""

    name: ClassVar[str] = "command"
    app: str
    command: str
    variables: str

    def as_text(self) -> list[tuple[str, str]]:
        """Return the command as a shell would take it."""
        return [(f"{self.app} $ {self.variables}{self.command}", DIM)]

    def as_json(self) -> dict[str, Any]:
        """Return its fields."""
        return {"app": self.app, "command": self.command, "variables": self.variables}


@dataclass(frozen=True, slots=True)
class Ready:
    """An app accepts connections."""

    name: ClassVar[str] = "ready"
    app: str
    url: str
    docs: tuple[str, ...]
    seconds: float

    def as_text(self) -> list[tuple[str, str]]:
        """Return the addresses of the app and of its docs."""
        docs = "".join(f"  docs {url}" for url in self.docs)
        return [(f"{self.app} is ready after {self.seconds:.1f} s: {self.url}{docs}", BOLD)]

    def as_json(self) -> dict[str, Any]:
        """Return its fields."""
        return {"app": self.app, "url": self.url, "docs": list(self.docs), "seconds": round(self.seconds, 3)}


@dataclass(frozen=True, slots=True)
class Requested:
    """The proxy answered a request, or the app did through it."""

    name: ClassVar[str] = "request"
    app: str
    method: str
    outside: str
    """The path that the client requested."""
    inside: str
    """The path that the app got; empty if the proxy answered itself."""
    status: int
    seconds: float

    def as_text(self) -> list[tuple[str, str]]:
        """Return the way of the request."""
        way = f"{self.outside} -> {self.inside or 'no app'}"
        style = RED if self.status >= _CLIENT_ERROR else ""
        return [(printable(f"{self.app} {self.method} {way} -> {self.status} in {self.seconds * 1000:.0f} ms"), style)]

    def as_json(self) -> dict[str, Any]:
        """Return its fields."""
        return {
            "app": self.app,
            "method": self.method,
            "outside": self.outside,
            "inside": self.inside,
            "status": self.status,
            "seconds": self.seconds,
        }


@dataclass(frozen=True, slots=True)
class Verdict:
    """An app was verified through the proxy."""

    name: ClassVar[str] = "verdict"
    app: str
    findings: Sequence[Finding]
    notes: tuple[str, ...] = ()
    """What could not be verified on this machine."""

    @property
    def ok(self) -> bool:
        """Whether nothing is wrong."""
        return all(finding.ok for finding in self.findings)

    def as_text(self) -> list[tuple[str, str]]:
        """Return the counts, and each fault with its fix."""
        lines = [(f"{self.app} verified: {counts(self.findings)}", GREEN if self.ok else RED)]
        lines += [(f"  {finding.as_text()}", RED) for finding in self.findings if not finding.ok]
        return [*lines, *((f"  {note}", YELLOW) for note in self.notes)]

    def as_json(self) -> dict[str, Any]:
        """Return its fields."""
        findings = [finding.as_json() for finding in self.findings]
        return {"app": self.app, "ok": self.ok, "findings": findings, "notes": list(self.notes)}


@dataclass(frozen=True, slots=True)
class Output:
    """A server or the proxy printed a line."""

    name: ClassVar[str] = "output"
    source: str
    line: str

    def as_text(self) -> list[tuple[str, str]]:
        """Return the line behind the name of its source."""
        return [(f"{self.source} | {printable(self.line)}", DIM)]

    def as_json(self) -> dict[str, Any]:
        """Return its fields."""
        return {"source": self.source, "line": self.line}


@dataclass(frozen=True, slots=True)
class Changed:
    """Files were changed."""

    name: ClassVar[str] = "changed"
    files: tuple[str, ...]

    def as_text(self) -> list[tuple[str, str]]:
        """Return the names of some of the files."""
        more = f" and {len(self.files) - 3} more" if len(self.files) > 3 else ""  # noqa: PLR2004 - fits into a line
        return [(f"changed: {', '.join(self.files[:3])}{more}", YELLOW)]

    def as_json(self) -> dict[str, Any]:
        """Return its fields."""
        return {"files": list(self.files)}


@dataclass(frozen=True, slots=True)
class Problem:
    """Something cannot run until the user changes a file."""

    name: ClassVar[str] = "problem"
    source: str
    text: str

    def as_text(self) -> list[tuple[str, str]]:
        """Return the problem behind the name of what has it."""
        return [(printable(f"{self.source}: {self.text}"), RED)]

    def as_json(self) -> dict[str, Any]:
        """Return its fields."""
        return {"source": self.source, "text": self.text}


@dataclass(frozen=True, slots=True)
class Note:
    """Something that is different on this machine than in a cluster."""

    name: ClassVar[str] = "note"
    source: str
    text: str

    def as_text(self) -> list[tuple[str, str]]:
        """Return the note behind the name of what it is about."""
        return [(f"{self.source}: {self.text}", YELLOW)]

    def as_json(self) -> dict[str, Any]:
        """Return its fields."""
        return {"source": self.source, "text": self.text}
