"""Whether an app rejects the Host header of a request.

Starlette's TrustedHostMiddleware answers 400 "Invalid host header" (starlette 1.10.0,
starlette/middleware/trustedhost.py). Other frameworks use similar words: the MCP SDK 421 "Invalid Host header", Django
with DEBUG 400 "Invalid HTTP_HOST header", Werkzeug 400 "Host '...' is not trusted", Vite 403 "This host ... is not
allowed".
"""

import re
from typing import Final

from proxiedapp.verify.evidence import Answer

_STATUSES: Final = frozenset({400, 403, 421})
_READ: Final = 4096
"""Bytes of the body that are searched."""
_REJECTED: Final = re.compile(
    rb"invalid (http_)?host\b|disallowed ?host|\bhost\b[^<]{0,300}? not (allowed|trusted)", re.IGNORECASE
)


def rejects_host(answer: Answer) -> bool:
    """Return whether a response says that the app does not accept the host of the request."""
    return answer.status in _STATUSES and _REJECTED.search(answer.body[:_READ]) is not None
