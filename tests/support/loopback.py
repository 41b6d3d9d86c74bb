"""A small server on loopback for unusual responses; it records its requests."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from ssl import SSLContext

from aiohttp import web

Handler = Callable[[web.BaseRequest], Awaitable[web.StreamResponse]]
Conversation = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@dataclass
class Loopback:
    """A running server."""

    port: int = 0
    requests: list[web.BaseRequest] = field(default_factory=list)

    @property
    def paths(self) -> list[str]:
        """Return the requested paths in order, with their queries."""
        return [request.path_qs for request in self.requests]

    @property
    def raw_paths(self) -> list[str]:
        """Return the requested paths as they were sent, without decoding."""
        return [request.raw_path for request in self.requests]


@asynccontextmanager
async def serving(handler: Handler, tls: SSLContext | None = None) -> AsyncIterator[Loopback]:
    """Serve every request with one function."""
    made = Loopback()

    async def remember(request: web.BaseRequest) -> web.StreamResponse:
        made.requests.append(request)
        return await handler(request)

    runner = web.ServerRunner(web.Server(remember), shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0, ssl_context=tls).start()
    made.port = runner.addresses[0][1]
    try:
        yield made
    finally:
        await runner.cleanup()


@asynccontextmanager
async def talking(conversation: Conversation) -> AsyncIterator[Loopback]:
    """Serve every connection with one function, for protocols other than HTTP."""

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await conversation(reader, writer)
        finally:
            writer.close()

    server = await asyncio.start_server(talk, "127.0.0.1", 0)
    async with server:
        yield Loopback(server.sockets[0].getsockname()[1])


def answering(answers: Mapping[str, Callable[[], web.Response]]) -> Handler:
    """Return a handler with responses for some paths, and FastAPI's 404 for all others."""

    async def handler(request: web.BaseRequest) -> web.StreamResponse:
        if request.path in answers:
            return answers[request.path]()
        return web.Response(status=404, text='{"detail":"Not Found"}', content_type="application/json")

    return handler
