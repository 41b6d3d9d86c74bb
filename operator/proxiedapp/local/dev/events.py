"""What happens during a run: each event as a line of text for people, and as JSON for editors. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Any, ClassVar, Final

from typing_extensions import override

from proxiedapp.api.conditions import printable
from proxiedapp.verify.finding import Finding
from proxiedapp.verify.summary import counts

GREEN: Final = "32"
RED: Final = "31"
YELLOW: Final = "33"
DIM: Final = "2"
BOLD: Final = "1"
_CLIENT_ERROR: Final = 400


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened."""

    name: ClassVar[str]

    def as_text(self) -> list[tuple[str, str]]:
        """Return lines, each with its style: codes of ECMA-48, empty for none."""
        raise NotImplementedError

    def as_json(self) -> dict[str, Any]:
        """Return the event's own fields."""
        return {field.name: getattr(self, field.name) for field in fields(self)}


@dataclass(frozen=True, slots=True)
class Started(Event):
    """The proxy listens."""

    name: ClassVar[str] = "started"
    proxy: str
    url: str
    page: str

    @override
    def as_text(self) -> list[tuple[str, str]]:
        """Return where the proxy and the page are."""
        return [(f"{self.proxy} listens on {self.url}; what runs is shown on {self.page}", BOLD)]


@dataclass(frozen=True, slots=True)
class Command(Event):
    """A server is started."""

    name: ClassVar[str] = "command"
    app: str
    command: str
    variables: str

    @override
    def as_text(self) -> list[tuple[str, str]]:
        """Return the command as a shell would take it."""
        return [(f"{self.app} $ {self.variables}{self.command}", DIM)]


@dataclass(frozen=True, slots=True)
class Ready(Event):
    """An app accepts connections."""

    name: ClassVar[str] = "ready"
    app: str
    url: str
    docs: tuple[str, ...]
    seconds: float

    @override
    def as_text(self) -> list[tuple[str, str]]:
        """Return the addresses of the app and of its docs."""
        docs = "".join(f"  docs {url}" for url in self.docs)
        return [(f"{self.app} is ready after {self.seconds:.1f} s: {self.url}{docs}", BOLD)]

    @override
    def as_json(self) -> dict[str, Any]:
        """Return its fields, the time in whole milliseconds."""
        return Event.as_json(self) | {"seconds": round(self.seconds, 3)}


@dataclass(frozen=True, slots=True)
class Requested(Event):
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

    @override
    def as_text(self) -> list[tuple[str, str]]:
        """Return the way of the request."""
        way = f"{self.outside} -> {self.inside or 'no app'}"
        style = RED if self.status >= _CLIENT_ERROR else ""
        return [(printable(f"{self.app} {self.method} {way} -> {self.status} in {self.seconds * 1000:.0f} ms"), style)]


@dataclass(frozen=True, slots=True)
class Verdict(Event):
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

    @override
    def as_text(self) -> list[tuple[str, str]]:
        """Return the counts, and each fault with its fix."""
        lines = [(f"{self.app} verified: {counts(self.findings)}", GREEN if self.ok else RED)]
        lines += [(f"  {finding.as_text()}", RED) for finding in self.findings if not finding.ok]
        return [*lines, *((f"  {note}", YELLOW) for note in self.notes)]

    @override
    def as_json(self) -> dict[str, Any]:
        """Return its fields, and whether nothing is wrong."""
        return Event.as_json(self) | {"ok": self.ok, "findings": [finding.as_json() for finding in self.findings]}


@dataclass(frozen=True, slots=True)
class Output(Event):
    """A server or the proxy printed a line."""

    name: ClassVar[str] = "output"
    source: str
    line: str

    @override
    def as_text(self) -> list[tuple[str, str]]:
        """Return the line behind the name of its source."""
        return [(f"{self.source} | {printable(self.line)}", DIM)]


@dataclass(frozen=True, slots=True)
class Changed(Event):
    """Files were changed."""

    name: ClassVar[str] = "changed"
    files: tuple[str, ...]

    @override
    def as_text(self) -> list[tuple[str, str]]:
        """Return the names of some of the files."""
        more = f" and {len(self.files) - 3} more" if len(self.files) > 3 else ""  # noqa: PLR2004 - fits into a line
        return [(f"changed: {', '.join(self.files[:3])}{more}", YELLOW)]


@dataclass(frozen=True, slots=True)
class Problem(Event):
    """Something cannot run until the user changes a file."""

    name: ClassVar[str] = "problem"
    source: str
    text: str

    @override
    def as_text(self) -> list[tuple[str, str]]:
        """Return the problem behind the name of what has it."""
        return [(printable(f"{self.source}: {self.text}"), RED)]


@dataclass(frozen=True, slots=True)
class Note(Event):
    """Something that is different on this machine than in a cluster."""

    name: ClassVar[str] = "note"
    source: str
    text: str

    @override
    def as_text(self) -> list[tuple[str, str]]:
        """Return the note behind the name of what it is about."""
        return [(f"{self.source}: {self.text}", YELLOW)]
