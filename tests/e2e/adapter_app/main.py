"""An app with everything that a prefix can break: docs, a slash route, a mounted app, static files, a websocket."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from fastapi import FastAPI, Request, WebSocket
from fastapi.staticfiles import StaticFiles
from starlette.requests import HTTPConnection


def facts(connection: HTTPConnection) -> dict[str, Any]:
    scope = connection.scope
    raw_path = scope.get("raw_path")
    return {
        "client": list(scope["client"]),
        "scheme": scope.get("scheme"),
        "root_path": scope["root_path"],
        "path": scope["path"],
        "raw_path": None if raw_path is None else raw_path.decode(),
        "query": scope["query_string"].decode(),
        "url": str(connection.url),
        "url_for": str(connection.url_for("socket")),
        "lifespan": scope.get("state", {}).get("lifespan"),
    }


def create(title: str = "App", *, version: str = "1") -> FastAPI:
    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[dict[str, str]]:
        yield {"lifespan": "has run"}

    app = FastAPI(title=title, version=version, lifespan=lifespan)
    sub_app = FastAPI()

    @app.get("/whoami/{rest:path}")
    def whoami(request: Request, rest: str) -> dict[str, Any]:
        return {"rest": rest, **facts(request)}

    @app.get("/items/")
    def items() -> list[str]:
        return []

    @app.websocket("/socket", name="socket")
    async def socket(websocket: WebSocket) -> None:
        await websocket.accept()
        await websocket.send_json(facts(websocket))
        await websocket.close()

    @sub_app.get("/items/")
    def sub_items() -> list[str]:
        return []

    app.mount("/sub", sub_app)
    app.mount("/static", StaticFiles(directory=Path(__file__).parent / "static"))
    return app


app = create()
