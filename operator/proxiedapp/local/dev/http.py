"""The smallest HTTP client: one GET request, of which only the status matters."""

import asyncio
from contextlib import suppress


async def status_of(endpoint: tuple[str, int], path: str, *, source: str, host: str) -> int | None:
    """Return the status with which a server answers; None if it does not accept the connection, or does not answer."""
    reader, writer = None, None
    with suppress(OSError, ValueError, IndexError):
        reader, writer = await asyncio.open_connection(*endpoint, local_addr=(source, 0))
        head = f"GET {path} HTTP/1.1\r\nHost: {host}\r\nUser-Agent: proxiedapp-verify\r\nConnection: close\r\n\r\n"
        writer.write(head.encode())
        await writer.drain()
        line = await reader.readline()
        writer.close()
        return int(line.split()[1])
    if writer is not None:
        writer.close()
    return None
