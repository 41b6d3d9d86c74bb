"""Reduce a response to what the checks use of it, so that a check keeps little memory."""

from collections.abc import Callable
from dataclasses import dataclass
from http import HTTPStatus
from typing import Final

from proxiedapp.api.budget import Budget
from proxiedapp.verify.cookies import Cookie
from proxiedapp.verify.evidence import Answer
from proxiedapp.verify.forgery import forged_headers_in
from proxiedapp.verify.schema import Schema, SchemaTooLargeError, read_schema

MAX_KEPT: Final = 64 * 1024
"""Bytes kept of a body: enough to find the schema of a docs page, and to tell two servers apart."""


@dataclass(frozen=True, slots=True)
class Response:
    """A response as it was read; header values as sent, empty if absent."""

    path: str
    status: int
    location: str = ""
    content_type: str = ""
    server: str = ""
    via: str = ""
    cookies: tuple[Cookie, ...] = ()
    body: bytes | bytearray = b""
    complete: bool = True


def reduce_response(
    response: Response, has_prefix: Callable[[str], bool], budget: Budget | None = None, *, reads_schema: bool = True
) -> Answer:
    """Return what the checks use of a response; its schema is read within the budget. Never raises."""
    schema: Schema | None = None
    too_large = False
    if reads_schema and response.status == HTTPStatus.OK and response.complete:
        try:
            schema = read_schema(response.body, has_prefix, budget)
        except SchemaTooLargeError:
            too_large = True
    return Answer(
        path=response.path,
        status=response.status,
        location=response.location,
        content_type=response.content_type,
        server=response.server,
        via=response.via,
        cookies=response.cookies,
        body=bytes(response.body[:MAX_KEPT]),
        complete=response.complete,
        schema=schema,
        schema_too_large=too_large,
        forged=frozenset(forged_headers_in(response.location.encode(), response.body)),
    )
