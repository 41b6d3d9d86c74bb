"""/healthz, /readyz and /metrics, served by a thread of their own, which answers even if the event loop is blocked."""

import asyncio
import contextlib
import socket
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import uvicorn
from fastapi import FastAPI, Response
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from typing_extensions import override

from proxiedapp.process.boundedhttp import MAX_CONNECTIONS, MAX_HEAD_BYTES, bounded_protocol


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


def health_app(health: Health) -> FastAPI:
    """Return the app that serves the endpoints."""
    app = FastAPI(title="ProxiedApp operator", docs_url=None, redoc_url=None, openapi_url=None)

    @app.get("/healthz")
    async def healthz() -> Response:
        return Response("ok\n") if health.alive else Response("the event loop is blocked\n", status_code=500)

    @app.get("/readyz")
    async def readyz() -> Response:
        missing = health.waiting_for
        return Response("ok\n") if missing is None else Response(f"waiting for {missing}\n", status_code=503)

    @app.get("/metrics")
    async def metrics() -> Response:
        return Response(generate_latest(), media_type=CONTENT_TYPE_LATEST)

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
