"""httpx for this machine: its clients share one TLS context, which trusts any certificate.

Otherwise each client creates a context before it knows a URL, and that one reads the certificates of all authorities:
50 ms of CPU with httpx 0.28, which is far more than a request costs. Tests that wait for a response send many.
"""

from typing import Any, Final

import httpx

PATIENCE: Final = 60.0
"""Seconds that a response may take on a busy machine; httpx's own default is 5."""
_CONTEXT: Final = httpx.create_ssl_context(verify=False)


def request(method: str, url: str, **options: Any) -> httpx.Response:
    """Send one request."""
    return httpx.request(method, url, verify=_CONTEXT, trust_env=False, **{"timeout": PATIENCE, **options})


def get(url: str, **options: Any) -> httpx.Response:
    """Send one GET."""
    return request("GET", url, **options)


def client(**options: Any) -> httpx.Client:
    """Return a client."""
    return httpx.Client(verify=_CONTEXT, trust_env=False, **{"timeout": PATIENCE, **options})


def async_client(**options: Any) -> httpx.AsyncClient:
    """Return a client for asyncio."""
    return httpx.AsyncClient(verify=_CONTEXT, trust_env=False, **{"timeout": PATIENCE, **options})
