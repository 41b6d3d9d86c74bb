"""Headers that only a proxy may set, forged with values that can be recognized in a response.

The values are the same in each check: a FastAPI before 0.132.1 keeps each root path that it has seen in the servers of
its schema (FastAPI's release notes, 0.132.1), so it should see one forged value, not another one with each check.
"""

from collections.abc import Iterator
from typing import Final
from urllib.parse import urlsplit

from proxiedapp.verify.evidence import Answer

_FORGED_VALUES: Final = {
    "X-Forwarded-Prefix": "/forged-x-forwarded-prefix",  # set by Traefik's StripPrefix; read by app middlewares
    "X-Forwarded-Host": "forged-x-forwarded-host.invalid",  # hypercorn's ProxyFixMiddleware, mode "legacy"
    "X-Forwarded-For": "192.0.2.44",  # uvicorn, gunicorn, granian's wrapper, daphne --proxy-headers
    "Forwarded": "forged-forwarded.invalid",  # hypercorn's ProxyFixMiddleware, mode "modern"
    "Daphne-Root-Path": "/forged-daphne-root-path",  # daphne 4.2.3, daphne/http_protocol.py, from any client
    "X-Script-Name": "/forged-x-script-name",  # WSGI convention, read by app middlewares
}
"""By header; the remarks name what reads it."""


def forged_request_headers(honest_scheme: str) -> dict[str, str]:
    """Return the headers of a client that pretends to be a proxy which received the other scheme."""
    scheme = "http" if honest_scheme == "https" else "https"
    return _FORGED_VALUES | {
        "X-Forwarded-Proto": scheme,
        "Forwarded": f"for=192.0.2.45;host={_FORGED_VALUES['Forwarded']};proto={scheme}",
    }


def forged_headers_in(*texts: bytes | bytearray) -> Iterator[str]:
    """Yield the names of headers whose forged values appear in one of the texts."""
    for name, value in _FORGED_VALUES.items():
        if any(value.encode() in text for text in texts):
            yield name


def trusted_headers(honest: Answer, forged: Answer) -> Iterator[str]:
    """Yield the names of headers whose values appear in the forged response but not in the honest one.

    Other differences prove nothing: a response may contain the time, and rejecting forged headers is not a fault.
    """
    yield from (name for name in _FORGED_VALUES if name in forged.forged - honest.forged)
    if honest.is_redirect and forged.is_redirect and len({_scheme(honest), _scheme(forged)} - {""}) > 1:
        yield "X-Forwarded-Proto or Forwarded"


def _scheme(answer: Answer) -> str:
    try:
        return urlsplit(answer.location).scheme
    except ValueError:
        return ""
