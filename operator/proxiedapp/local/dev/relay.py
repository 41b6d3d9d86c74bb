"""A relay of bytes between the proxy and an app.

It makes the app see an address that no server trusts by default, because only then a check shows whether the app trusts
its proxy: between two programs on 127.0.0.1, every setting looks right. It also holds connections while the app
restarts, so that a request during a reload gets an answer instead of an error.
"""

import asyncio
from contextlib import suppress
from typing import Final

_HELD_SECONDS: Final = 50.0
"""How long a connection waits for an app that starts, which is less than nginx waits for a response."""
_CHUNK: Final = 64 * 1024


class Relay:
    """Accepts the proxy's connections on loopback, and connects to the app from a given address."""

    def __init__(self) -> None:
        self._target: tuple[str, str, int] | None = None
        self._starting = True
        self._changed = asyncio.Event()
        self._server: asyncio.Server | None = None
        self._connections: set[asyncio.Task[None]] = set()

    async def start(self) -> int:
        """Listen on loopback; return the port."""
        self._server = await asyncio.start_server(self._accept, "127.0.0.1", 0)
        port: int = self._server.sockets[0].getsockname()[1]
        return port

    def hold(self) -> None:
        """Let new connections wait, because the app starts."""
        self._target, self._starting = None, True
        self._changed.clear()

    def refuse(self) -> None:
        """Close connections at once, because the app does not run."""
        self._target, self._starting = None, False
        self._changed.set()

    def connect(self, source: str, address: str, port: int) -> None:
        """Let connections through to the app; it sees `source` as the address of its clients."""
        self._target = (source, address, port)
        self._changed.set()

    async def close(self) -> None:
        """Stop listening, and close all connections."""
        if self._server is not None:
            self._server.close()
        for connection in self._connections:
            connection.cancel()
        await asyncio.gather(*self._connections, return_exceptions=True)

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        if task is not None:
            self._connections.add(task)
            task.add_done_callback(self._connections.discard)
        try:
            with suppress(OSError, TimeoutError):
                while self._target is None and self._starting:  # it may start again before this task goes on
                    await asyncio.wait_for(self._changed.wait(), _HELD_SECONDS)
                if self._target is not None:
                    await self._relay(reader, writer, *self._target)
        except asyncio.CancelledError:
            pass  # asyncio's streams would log a task that was cancelled when the relay closes
        finally:
            writer.close()

    async def _relay(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, source: str, address: str, port: int
    ) -> None:
        app_reader, app_writer = await asyncio.open_connection(address, port, local_addr=(source, 0))
        try:
            await asyncio.gather(_copy(reader, app_writer), _copy(app_reader, writer))
        finally:
            app_writer.close()


async def _copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Copy until the end, and pass the end on: the other direction may still have something to send."""
    with suppress(ConnectionError):
        while chunk := await reader.read(_CHUNK):
            writer.write(chunk)
            await writer.drain()
    with suppress(OSError):
        if writer.can_write_eof():
            writer.write_eof()
