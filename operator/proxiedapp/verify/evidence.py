"""Everything that was asked and answered in one check."""

from dataclasses import dataclass
from enum import Enum, auto
from http import HTTPStatus
from typing import Final, TypeAlias

from proxiedapp.verify.target import AppAddress, VerifyOptions, VerifyTarget

BODY_MAX: Final = 4 * 1024 * 1024
"""Bytes read of any answer."""


class Cause(Enum):
    """Why no answer came."""

    DEADLINE = auto()
    """It was waited for long enough to blame whoever should have answered."""
    LATE = auto()
    """The time ran out soon after the request was made, or before: slowness elsewhere is to blame."""
    CONNECTION = auto()
    CERTIFICATE = auto()
    TLS = auto()
    PROTOCOL = auto()
    """A connection was there, but no answer that HTTP knows."""


@dataclass(frozen=True, slots=True)
class NoAnswer:
    """A request that got no answer."""

    path: str
    cause: Cause
    detail: str = ""

    @property
    def is_late(self) -> bool:
        """Whether it says nothing of the path that was asked for."""
        return self.cause is Cause.LATE

    def as_text(self) -> str:
        """Return why this cannot be judged."""
        return f"the time ran out before {self.path} answered" if self.is_late else f"no answer to GET {self.path}"


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer, as far as it matters; header values as sent, empty if absent."""

    path: str
    """The public path that was asked for."""
    status: int
    location: str = ""
    content_type: str = ""
    server: str = ""
    body: bytes = b""
    complete: bool = True
    """Whether the body is complete: not cut at the limit, and not in an encoding that nobody asked for."""

    @property
    def is_ok(self) -> bool:
        """Whether it is what was asked for."""
        return self.status == HTTPStatus.OK

    @property
    def is_not_found(self) -> bool:
        """Whether there is no such path."""
        return self.status in {HTTPStatus.NOT_FOUND, HTTPStatus.GONE}

    @property
    def is_denied(self) -> bool:
        """Whether somebody wants to know first who asks, or to be asked less often."""
        return self.status in {401, 403, 407, 429}

    @property
    def is_server_error(self) -> bool:
        """Whether server or proxy are at fault."""
        return self.status >= HTTPStatus.INTERNAL_SERVER_ERROR

    @property
    def is_redirect(self) -> bool:
        """Whether it sends the client elsewhere."""
        return self.status in {301, 302, 303, 307, 308} and bool(self.location)


Reply: TypeAlias = Answer | NoAnswer


def why_unanswered(reply: Reply | None) -> str:
    """Return why something that got no answer, or was not asked for, cannot be judged."""
    return reply.as_text() if isinstance(reply, NoAnswer) else "it was not asked for"


@dataclass(frozen=True, slots=True)
class Extra:
    """What an extra path answered."""

    path: str
    """As given in the options."""
    reply: Reply
    docs_schema: Reply | None = None
    """If it is a docs page: the schema it loads."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """All answers of one check; None is what was not asked, for example since there is no prefix or no proxy."""

    target: VerifyTarget
    options: VerifyOptions
    address: AppAddress
    seconds: float
    schema: Reply
    docs: Reply | None = None
    docs_schema: Reply | None = None
    """The schema that the docs page loads, if that is another path than the schema's."""
    unknown_path: Reply | None = None
    """A path under the prefix that no app has: the app's own 404."""
    outside_prefix: Reply | None = None
    """The same beside the prefix: the proxy's own 404, or that of whoever serves there."""
    prefix_root: Reply | None = None
    """The prefix itself, if nothing else answered."""
    schema_slash: Reply | None = None
    docs_slash: Reply | None = None
    route_slash: Reply | None = None
    """A route from the schema under the prefix, with its final slash added or taken away: no handler runs for it."""
    prefixed_route_slash: Reply | None = None
    """The same, where the path in the schema carries the prefix already, taken as it stands."""
    doubled_schema: Reply | None = None
    """The schema under the doubled prefix."""
    neighbouring_path: Reply | None = None
    """The schema's path glued to the prefix without a slash: what only a comparison by characters lets through."""
    forged_docs: Reply | None = None
    forged_slash: Reply | None = None
    forged_schema: Reply | None = None
    extras: tuple[Extra, ...] = ()
