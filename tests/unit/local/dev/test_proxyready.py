"""Whether the proxy has read its routes, judged by the answer of the tool's page."""

import asyncio
import ssl
from pathlib import Path

import pytest

from proxiedapp.local.dev.certificates import write_certificate
from proxiedapp.local.dev.proxyready import serves_page
from proxiedapp.local.proxies.setup import Listener


async def answers(listener: Listener, status: str) -> bool:
    """Return the verdict about a proxy that answers each request with a status."""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        assert (await reader.readline()) == b"GET /.proxiedapp/state HTTP/1.1\r\n"
        writer.write(f"HTTP/1.1 {status}\r\nContent-Length: 0\r\n\r\n".encode())
        await writer.drain()
        writer.close()

    context = None
    if listener.certificate is not None:
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(listener.certificate, listener.key)
    async with await asyncio.start_server(answer, "127.0.0.1", 0, ssl=context) as server:
        port = server.sockets[0].getsockname()[1]
        return await serves_page(Listener("0.0.0.0", port, listener.certificate, listener.key))


@pytest.mark.parametrize(("status", "expected"), [("200 OK", True), ("404 Not Found", False), ("502 Bad", False)])
@pytest.mark.parametrize("https", [False, True], ids=["http", "https"])
async def test_proxy_that_answers_404_has_not_read_its_routes(
    tmp_path: Path, status: str, expected: bool, https: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "data"))
    files = map(str, write_certificate(tmp_path, [])) if https else ()
    listener = Listener("127.0.0.1", 0, *files)
    assert await answers(listener, status) is expected


async def test_proxy_that_does_not_listen_does_not_serve() -> None:
    server = await asyncio.start_server(lambda *_: None, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    server.close()
    await server.wait_closed()
    assert not await serves_page(Listener("127.0.0.1", port))
