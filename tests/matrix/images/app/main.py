"""Four apps in one process, selected by the first label of the host: those of FastAPI's page on proxies, and more.

Their code configures different addresses; only `root_path_in_code` contains the prefix. They run with every version of
FastAPI in the matrix.
"""

from pathlib import Path
from typing import Any

from fastapi import FastAPI, Request, WebSocket
from fastapi.staticfiles import StaticFiles
from starlette.requests import HTTPConnection
from starlette.types import Receive, Scope, Send

PREFIX = "/api/v1"
SERVERS = [
    {"url": "https://stag.example.com", "description": "Staging environment"},
    {"url": "https://prod.example.com", "description": "Production environment"},
]


def facts(connection: HTTPConnection) -> dict[str, Any]:
    """Return everything about a request that a proxy, or a client that pretends to be one, can change."""
    scope = connection.scope
    headers: dict[str, list[str]] = {}
    for name, value in scope["headers"]:
        headers.setdefault(name.decode("latin-1").lower(), []).append(value.decode("latin-1"))
    return {
        "scheme": scope.get("scheme"),
        "client": scope["client"][0] if scope.get("client") else None,
        "root_path": scope.get("root_path"),
        "path": scope["path"],
        "url": str(connection.url),
        "headers": headers,
    }


def with_routes(app: FastAPI, *, nested: int = 1) -> FastAPI:
    """Add everything that a prefix affects to an app, and mount another such app."""

    @app.get("/app")
    def read_main(request: Request) -> dict[str, str]:
        return {"message": "Hello World", "root_path": request.scope.get("root_path", "")}

    @app.get("/facts")
    def read_facts(request: Request) -> dict[str, Any]:
        return facts(request)

    @app.get("/items/")
    def read_items() -> list[str]:
        return ["plumbus", "portal gun"]

    @app.websocket("/ws")
    async def send_facts(websocket: WebSocket) -> None:
        await websocket.accept()
        await websocket.send_json(facts(websocket))
        await websocket.receive()  # until the client closes, so that nothing sent is lost

    app.mount("/static", StaticFiles(directory=Path(__file__).parent / "static"))
    if nested >= 0:
        app.mount("/subapi", with_routes(FastAPI(title="Mounted"), nested=nested - 1))
    return app


class ByHost(FastAPI):
    """The plain app, which passes requests for other hosts to the other apps."""

    others: dict[str, FastAPI]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        label = dict(scope.get("headers", [])).get(b"host", b"").partition(b".")[0].decode("latin-1")
        other = self.others.get(label)
        if other is None:
            await super().__call__(scope, receive, send)
        else:
            await other(scope, receive, send)


app = ByHost(title="Plain")
app.others = {
    "servers": with_routes(FastAPI(title="Additional servers", servers=SERVERS)),
    "own": with_routes(FastAPI(title="Servers of its own", servers=SERVERS, root_path_in_servers=False)),
    "in-code": with_routes(FastAPI(title="Root path in code", root_path=PREFIX)),
}
root_path_in_code = app.others["in-code"]
with_routes(app)
