"""Whether the proxy serves the apps, which is later than that it accepts connections."""

import asyncio
import ssl
from typing import Final

from proxiedapp.local.dev import page
from proxiedapp.local.proxies.setup import Listener

VERIFIER: Final = "proxiedapp-verify"
"""The User-Agent of the tool's own requests, which are not shown."""
_ANSWER_SECONDS: Final = 2.0


async def serves_page(listener: Listener) -> bool:
    """Return whether the proxy serves the tool's page, and so has read the routes of the apps, too.

    Traefik 3.7 listens before its file provider has read them, and answers 404 until then.
    """
    request = (
        f"GET {page.PREFIX}/state HTTP/1.1\r\nHost: localhost\r\nUser-Agent: {VERIFIER}\r\nConnection: close\r\n\r\n"
    )
    try:
        async with asyncio.timeout(_ANSWER_SECONDS):
            reader, writer = await asyncio.open_connection(
                reachable(listener.address), listener.port, ssl=None if listener.certificate is None else _any_server()
            )
            try:
                writer.write(request.encode())
                return (await reader.readline()).split()[1:2] == [b"200"]
            finally:
                writer.close()
    except (OSError, TimeoutError):
        return False


def reachable(address: str) -> str:
    """Return the address to connect to for an address to listen on."""
    return {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(address, address)


def _any_server() -> ssl.SSLContext:
    """Return a context that accepts any certificate; the request has nothing to hide."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    return context
