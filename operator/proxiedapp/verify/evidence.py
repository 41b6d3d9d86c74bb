"""Evidence: every request of one check with its raw response, before anything is concluded."""

from dataclasses import dataclass
from enum import Enum, auto
from http import HTTPStatus
from typing import TypeAlias

from proxiedapp.verify.cookies import Cookie
from proxiedapp.verify.schema import Schema
from proxiedapp.verify.target import AppAddress, VerifyOptions, VerifyTarget


class Cause(Enum):
    """Why a request got no response."""

    DEADLINE = auto()
    """The server had enough time, so it is to blame."""
    LATE = auto()
    """The deadline passed before the request was sent or soon after: other requests took the time."""
    CONNECTION = auto()
    CERTIFICATE = auto()
    TLS = auto()
    PROTOCOL = auto()
    """The connection was established, but did not return a complete HTTP response."""
    OUTSIDE = auto()
    """It was not sent, because the path leaves the prefix: another app may be served there."""


@dataclass(frozen=True, slots=True)
class NoAnswer:
    """A request without a response."""

    path: str
    cause: Cause
    detail: str = ""

    @property
    def is_late(self) -> bool:
        """Whether this proves nothing about the requested path."""
        return self.cause is Cause.LATE

    def as_text(self) -> str:
        """Return what happened to the request, as the reason of a finding."""
        if self.cause is Cause.OUTSIDE:
            return f"GET {self.path} was not sent, because it leaves the prefix"
        return f"the check ran out of time for GET {self.path}" if self.is_late else f"no response to GET {self.path}"


@dataclass(frozen=True, slots=True)
class Answer:
    """The parts of a response that the checks use; header values as sent, empty if absent."""

    path: str
    """The public path that was requested."""
    status: int
    location: str = ""
    content_type: str = ""
    server: str = ""
    via: str = ""
    cookies: tuple[Cookie, ...] = ()
    body: bytes = b""
    """The first 64 KiB."""
    complete: bool = True
    """Whether the body was read to its end, and is not in an encoding that the request did not accept."""
    schema: Schema | None = None
    """The schema in the body, if the status is 200."""
    schema_too_large: bool = False
    """Whether the body was not read as a schema because that would cost too much."""
    forged: frozenset[str] = frozenset()
    """The headers whose forged values are in Location or body."""

    @property
    def is_ok(self) -> bool:
        """Whether the status is 200."""
        return self.status == HTTPStatus.OK

    @property
    def is_not_found(self) -> bool:
        """Whether the server has no such path."""
        return self.status in {HTTPStatus.NOT_FOUND, HTTPStatus.GONE}

    @property
    def is_denied(self) -> bool:
        """Whether the server requires authentication or authorization, or limits the rate of requests."""
        return self.status in {401, 403, 407, 429}

    @property
    def is_server_error(self) -> bool:
        """Whether the server or the proxy failed."""
        return self.status >= HTTPStatus.INTERNAL_SERVER_ERROR

    @property
    def is_redirect(self) -> bool:
        """Whether the client is sent to another URL."""
        return self.status in {301, 302, 303, 307, 308} and bool(self.location)


Reply: TypeAlias = Answer | NoAnswer
"""What became of a request."""


def schema_of(reply: Reply | None) -> Schema | None:
    """Return the schema that a response contains; None if it contains none."""
    return reply.schema if isinstance(reply, Answer) else None


@dataclass(frozen=True, slots=True)
class Extra:
    """The reply to one of the extra paths."""

    path: str
    """As given in the options."""
    reply: Reply
    docs_schema: Reply | None = None
    """If the extra path is a docs page: the reply to the schema URL that the page loads."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """All replies of one check; None if a request was not sent, for example without a prefix or without a proxy."""

    target: VerifyTarget
    options: VerifyOptions
    address: AppAddress
    seconds: float
    """The time limit of the whole check."""
    schema: Reply
    docs: Reply | None = None
    docs_schema: Reply | None = None
    """The schema URL that the docs page loads; the same reply as `schema` if it has the same path."""
    unknown_path: Reply | None = None
    """A random path under the prefix: the app's own 404."""
    outside_prefix: Reply | None = None
    """A random path outside the prefix: the 404 of the proxy, or of the app that is served there."""
    prefix_root: Reply | None = None
    """The prefix itself, requested only if neither schema nor docs page is served."""
    bare_prefix: Reply | None = None
    """Exactly the prefix, without a slash at its end; only behind a proxy."""
    slashed_prefix: Reply | None = None
    """The prefix with a slash, to compare with."""
    schema_slash: Reply | None = None
    """The schema's path with a slash appended."""
    docs_slash: Reply | None = None
    route_slash: Reply | None = None
    """A route from the schema, under the prefix, with its trailing slash added or removed, so no handler runs."""
    prefixed_route_slash: Reply | None = None
    """The same if the path in the schema already contains the prefix, without adding the prefix again."""
    doubled_schema: Reply | None = None
    """The schema's path under the doubled prefix."""
    doubled_link: Reply | None = None
    """A URL that a page of the app links to and that contains the prefix twice."""
    page_file: Reply | None = None
    """A style sheet or script of a page, requested under the prefix also if the page loads it from outside."""
    neighbouring_path: Reply | None = None
    """A random path that starts with the prefix, but not with the prefix and a slash: only a rule that matches
    characters lets it in, and no app has such a route.
    """
    forged_docs: Reply | None = None
    forged_slash: Reply | None = None
    """`schema_slash` again, with forged headers."""
    forged_schema: Reply | None = None
    extras: tuple[Extra, ...] = ()
