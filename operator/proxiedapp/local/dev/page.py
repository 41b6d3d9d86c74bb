"""The page `/.proxiedapp/`: a directory of what runs, behind the same proxy as the apps.

It is served by a few lines of HTTP: the page, and its state as JSON, which the page requests again and again. Nothing
that an app or a client sends becomes HTML: the page sets texts only.
"""

import asyncio
import json
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from importlib.resources import files
from typing import Any, Final

from proxiedapp.kube.key import Key
from proxiedapp.local.dev import events
from proxiedapp.routing.route import Route
from proxiedapp.routing.rule import Rule

PREFIX: Final = "/.proxiedapp"
ROUTE: Final = Route(
    app=Key("proxiedapp", "page"),
    rule=Rule((), PREFIX),
    strips=False,
    entry_points=("web",),
    ingress_class_name=None,
    service="page",
    port=80,
    redirects_bare=True,
)
_KEPT_REQUESTS: Final = 50
_HEAD_MAX: Final = 16 * 1024
_SECURITY: Final = (
    "Content-Security-Policy: default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; "
    "connect-src 'self'\r\nX-Content-Type-Options: nosniff\r\nCache-Control: no-store\r\n"
)


@dataclass
class Board:
    """What the page shows: the state that the events so far lead to."""

    apps: dict[str, dict[str, Any]] = field(default_factory=dict)
    requests: deque[dict[str, Any]] = field(default_factory=lambda: deque(maxlen=_KEPT_REQUESTS))
    proxy: dict[str, Any] = field(default_factory=dict)

    def add(self, event: events.Event) -> None:
        """Record an event."""
        match event:
            case events.Started():
                self.proxy = event.as_json()
            case events.Command():
                self.apps[event.app] = {"name": event.app, "state": "starting", **event.as_json()}
            case events.Ready():
                self._app(event.app).update(state="running", **event.as_json())
            case events.Verdict():
                self._app(event.app).update(verdict=event.as_json())
            case events.Problem() if event.source in self.apps:
                self._app(event.source).update(state="stopped", problem=event.text)
            case events.Requested():
                self.requests.appendleft(event.as_json())
            case _:
                pass

    def remove(self, app: str) -> None:
        """Record that an app is no longer described."""
        self.apps.pop(app, None)

    def as_json(self) -> dict[str, Any]:
        """Return the state."""
        return {"proxy": self.proxy, "apps": list(self.apps.values()), "requests": list(self.requests)}

    def _app(self, name: str) -> dict[str, Any]:
        return self.apps.setdefault(name, {"name": name})


async def serve(board: Callable[[], dict[str, Any]]) -> tuple[asyncio.Server, int]:
    """Serve the page on loopback; return the server and its port."""
    html = files("proxiedapp.local.dev").joinpath("page.html").read_bytes()

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError, ValueError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
            head = await reader.readuntil(b"\r\n\r\n")
            path = head.split(b" ", 2)[1].decode(errors="replace").partition("?")[0]
            if path == f"{PREFIX}/":
                writer.write(_response("200 OK", "text/html; charset=utf-8", html))
            elif path == f"{PREFIX}/state":
                writer.write(_response("200 OK", "application/json", json.dumps(board()).encode()))
            else:
                writer.write(_response("404 Not Found", "text/plain", b"not found"))
            await writer.drain()
        writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0, limit=_HEAD_MAX)
    return server, server.sockets[0].getsockname()[1]


def _response(status: str, content_type: str, body: bytes) -> bytes:
    head = f"HTTP/1.1 {status}\r\nContent-Type: {content_type}\r\nContent-Length: {len(body)}\r\n"
    return f"{head}{_SECURITY}Connection: close\r\n\r\n".encode() + body
