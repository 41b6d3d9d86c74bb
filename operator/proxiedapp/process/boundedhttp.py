"""HTTP connections of the health port, bounded in number, size and time: any pod of the cluster can open some.

uvicorn 0.54 closes neither a connection whose request never ends nor one of too many; `limit_concurrency` would answer
the kubelet with 503.
"""

import asyncio
from collections import Counter
from typing import Any, Final

from typing_extensions import override
from uvicorn.protocols.http.h11_impl import H11Protocol

MAX_CONNECTIONS: Final = 64
"""Most open connections; a further one closes the oldest."""
MAX_CONNECTIONS_OF_ONE_ADDRESS: Final = 16
"""Most open connections from one address; a further one closes the oldest of that address, not those of others."""
MAX_CONNECTION_SECONDS: Final = 10.0
"""Seconds after which a connection is closed, whatever it does. The kubelet uses a new connection for each probe."""
MAX_HEAD_BYTES: Final = 8192
"""Most bytes of a request's line and headers."""


def bounded_protocol(seconds: float = MAX_CONNECTION_SECONDS) -> type[H11Protocol]:
    """Return a protocol class for one uvicorn server, whose connections are closed after this many seconds."""
    opened: dict[asyncio.Transport, str] = {}
    """The address of each open connection, the oldest first."""

    def close_excess(address: str) -> None:
        if Counter(opened.values())[address] > MAX_CONNECTIONS_OF_ONE_ADDRESS:
            close(next(transport for transport, other in opened.items() if other == address))
        elif len(opened) > MAX_CONNECTIONS:
            close(next(iter(opened)))

    def close(transport: asyncio.Transport) -> None:
        opened.pop(transport, None)
        transport.abort()

    class Bounded(H11Protocol):
        """A connection that is closed in any case."""

        def __init__(self, *args: Any, **kwargs: Any) -> None:
            super().__init__(*args, **kwargs)
            self._end: asyncio.TimerHandle | None = None

        @override
        def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
            super().connection_made(transport)
            address = self.client[0] if self.client else ""
            opened[transport] = address
            self._end = self.loop.call_later(seconds, close, transport)
            close_excess(address)

        @override
        def connection_lost(self, exc: Exception | None) -> None:
            opened.pop(self.transport, None)
            if self._end is not None:
                self._end.cancel()
            super().connection_lost(exc)

    return Bounded
