"""Four apps in one process, told apart by the first label of the host: what FastAPI's page on proxies shows, and more.

They differ in what their code says of addresses; none but `told` knows the prefix. Runs under every version of FastAPI
that the matrix looks at.
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
    """Return all that a proxy, or somebody who poses as one, can change about a request."""
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
    """Give an app all that a prefix touches, and mount one like it."""

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
    async def tell_facts(websocket: WebSocket) -> None:
        await websocket.accept()
        await websocket.send_json(facts(websocket))
        await websocket.receive()  # until the client closes, so that nothing sent is lost

    app.mount("/static", StaticFiles(directory=Path(__file__).parent / "static"))
    if nested >= 0:
        app.mount("/subapi", with_routes(FastAPI(title="Mounted"), nested=nested - 1))
    return app


class ByHost(FastAPI):
    """The plain app, which hands requests for the hosts of the others over to them."""

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
    "told": with_routes(FastAPI(title="Told in code", root_path=PREFIX)),
}
told = app.others["told"]
with_routes(app)
