"""The connections of one check: what they read that is not a body is limited, and read in small pieces.

httpx offers no limit for it: an app can send interim responses, headers and the sizes of tiny chunks without end. The
event loop is busy with each of them, and has no turn for other work before a whole piece is parsed (httpcore 1.0.9,
`httpcore/_async/http11.py`, `_receive_event`).
"""

import ssl
from collections.abc import Iterable
from typing import Any, Final

import httpcore
import httpx
from typing_extensions import override

MAX_FRAMING_BYTES: Final = 512 * 1024
"""Bytes of all responses of one check that belong to no body: status lines, headers, and the sizes of chunks. Beyond
it, the check gets no further response. An app with large headers sends about 100 KiB."""
MAX_READ_BYTES: Final = 8192
"""Bytes that are read and parsed at a time. As tiny chunks, they take a few tens of milliseconds."""
_BYTES_PER_READ: Final = 8
"""How much a read counts whatever it returns, since an app can send single bytes."""
_BYTES_PER_CHUNK: Final = 16
"""How much a part of a body counts, since an app can send chunks of single bytes."""


class Framing:
    """Counts what is read of one check beside its bodies."""

    def __init__(self) -> None:
        self._left = MAX_FRAMING_BYTES

    def received(self, size: int) -> None:
        """Count what was read; raises httpcore.ReadError beyond the limit."""
        self._left -= size + _BYTES_PER_READ
        if self._left < 0:
            raise httpcore.ReadError(f"more than {MAX_FRAMING_BYTES} bytes of headers and chunk sizes")

    def is_body(self, size: int) -> None:
        """Record that so much of what was received is a part of a body."""
        self._left += size - _BYTES_PER_CHUNK


class Transport(httpx.AsyncHTTPTransport):
    """The transport of httpx over connections that count."""

    def __init__(self, context: ssl.SSLContext, framing: Framing) -> None:
        super().__init__(verify=context, trust_env=False)
        # httpx 0.28.1 has no parameter for it (httpx/_transports/default.py).
        self._pool = httpcore.AsyncConnectionPool(
            ssl_context=context, network_backend=_Backend(httpcore.AnyIOBackend(), framing)
        )


class _Backend(httpcore.AsyncNetworkBackend):
    def __init__(self, inner: httpcore.AsyncNetworkBackend, framing: Framing) -> None:
        self._inner = inner
        self._framing = framing

    @override
    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        self._framing.received(0)  # beyond the limit, no further connection is opened
        stream = await self._inner.connect_tcp(host, port, timeout, local_address, socket_options)
        return _Stream(stream, self._framing)

    @override
    async def sleep(self, seconds: float) -> None:
        await self._inner.sleep(seconds)


class _Stream(httpcore.AsyncNetworkStream):
    def __init__(self, inner: httpcore.AsyncNetworkStream, framing: Framing) -> None:
        self._inner = inner
        self._framing = framing

    @override
    async def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        data = await self._inner.read(min(max_bytes, MAX_READ_BYTES), timeout)
        self._framing.received(len(data))
        return data

    @override
    async def write(self, buffer: bytes, timeout: float | None = None) -> None:
        await self._inner.write(buffer, timeout)

    @override
    async def aclose(self) -> None:
        await self._inner.aclose()

    @override
    async def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.AsyncNetworkStream:
        return _Stream(await self._inner.start_tls(ssl_context, server_hostname, timeout), self._framing)

    @override
    def get_extra_info(self, info: str) -> Any:
        return self._inner.get_extra_info(info)
