"""/healthz, /readyz and /metrics, served by a thread of their own, which answers even if the event loop is blocked."""

import asyncio
import contextlib
import socket
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Final, TypeAlias

import uvicorn
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from typing_extensions import override
from uvicorn._types import ASGI3Application, ASGIReceiveCallable, ASGISendCallable, Scope

from proxiedapp.process.boundedhttp import MAX_CONNECTIONS, MAX_HEAD_BYTES, bounded_protocol

_TEXT: Final = "text/plain; charset=utf-8"


@dataclass(slots=True)
class Health:
    """The state of the event loop, which the endpoints report."""

    waiting_for: str | None = "the first lists"
    """What the operator waits for before it is ready; None once it is ready."""
    max_silence: float = 30.0
    """Seconds without a heartbeat after which the event loop counts as blocked."""
    clock: Callable[[], float] = time.monotonic
    _beat: float = field(init=False)

    def __post_init__(self) -> None:
        self.beat()

    def beat(self) -> None:
        """Record that the event loop runs tasks."""
        self._beat = self.clock()

    def silence(self) -> float:
        """Return the seconds since the last heartbeat."""
        return self.clock() - self._beat

    @property
    def alive(self) -> bool:
        """Whether the last heartbeat is recent."""
        return self.silence() < self.max_silence


Answer: TypeAlias = tuple[HTTPStatus, str, bytes]
"""Status, media type and body."""


def answer(health: Health, method: str, path: str) -> Answer:
    """Return what an endpoint answers."""
    if path not in {"/healthz", "/readyz", "/metrics"}:
        return HTTPStatus.NOT_FOUND, _TEXT, b"not found\n"
    if method != "GET":
        return HTTPStatus.METHOD_NOT_ALLOWED, _TEXT, b"only GET is allowed\n"
    if path == "/metrics":
        return HTTPStatus.OK, CONTENT_TYPE_LATEST, generate_latest()
    if path == "/healthz" and not health.alive:
        return HTTPStatus.INTERNAL_SERVER_ERROR, _TEXT, b"the event loop is blocked\n"
    if path == "/readyz" and health.waiting_for is not None:
        return HTTPStatus.SERVICE_UNAVAILABLE, _TEXT, f"waiting for {health.waiting_for}\n".encode()
    return HTTPStatus.OK, _TEXT, b"ok\n"


def health_app(health: Health) -> ASGI3Application:
    """Return the ASGI app that serves the endpoints. A framework would take 6 MiB of memory for it (measured)."""

    async def app(scope: Scope, _: ASGIReceiveCallable, send: ASGISendCallable) -> None:
        assert scope["type"] == "http"  # noqa: S101 - the server is configured for nothing else
        status, media_type, body = answer(health, scope["method"], scope["path"])
        headers = [(b"content-type", media_type.encode()), (b"content-length", b"%d" % len(body))]
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": body})

    return app


def listen(host: str, port: int) -> socket.socket | None:
    """Listen on the port of the endpoints; return None for port 0. Raises OSError."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    return socket.create_server((host, port), family=family) if port else None


class _Server(uvicorn.Server):
    """A server that waits until it is stopped. uvicorn 0.54 wakes up ten times a second to see whether it is."""

    def __init__(self, config: uvicorn.Config, stopped: asyncio.Event) -> None:
        super().__init__(config)
        self._stopped = stopped

    @override
    async def main_loop(self) -> None:
        await self._stopped.wait()


@contextlib.contextmanager
def serve_health(health: Health, listener: socket.socket | None) -> Iterator[None]:
    """Serve the endpoints while the block runs, then close the port."""
    if listener is None:
        yield
        return
    config = uvicorn.Config(
        health_app(health),
        lifespan="off",
        http=bounded_protocol(),
        ws="none",
        h11_max_incomplete_event_size=MAX_HEAD_BYTES,
        backlog=MAX_CONNECTIONS,
        log_config=None,
        access_log=False,
    )
    loop, stopped = asyncio.new_event_loop(), asyncio.Event()
    serving = _Server(config, stopped).serve([listener])
    thread = threading.Thread(target=loop.run_until_complete, args=[serving], name="health", daemon=True)
    thread.start()
    try:
        yield
    finally:
        loop.call_soon_threadsafe(stopped.set)
        thread.join(timeout=5)
        if not thread.is_alive():
            loop.close()
        listener.close()
