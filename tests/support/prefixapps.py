"""Apps whose code contains the prefix in each of the usual ways, or not at all; run by the servers under test.

The variable APP names the one that `app` is: to build all of them takes a sixth of a server's start.
"""

import os
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, Final

from fastapi import APIRouter, FastAPI, Request, Response, WebSocket
from fastapi.responses import HTMLResponse
from fastapi.staticfiles import StaticFiles
from starlette.middleware.httpsredirect import HTTPSRedirectMiddleware
from starlette.types import ASGIApp, Receive, Scope, Send

PREFIX = os.environ["PREFIX"]


def build(routes_under: str = "", **settings: Any) -> FastAPI:
    """Return an app with all that a prefix affects: routes with and without a trailing slash, mounts, a WebSocket."""
    app = FastAPI(title="By hand", **settings)
    router = APIRouter()

    @router.get("/items/")
    def list_items() -> list[str]:
        return ["portal gun", "plumbus"]

    @router.get("/items/{name}")
    def read_item(name: str) -> str:
        return name

    @router.get("/app")
    def read_app(request: Request) -> dict[str, str]:
        return {"root_path": request.scope.get("root_path", "")}

    @router.websocket("/ws")
    async def echo(websocket: WebSocket) -> None:
        await websocket.accept()
        await websocket.receive()

    app.include_router(router, prefix=routes_under)
    mounted = FastAPI(title="Mounted")
    app.mount("/subapi", mounted)
    app.mount("/static", StaticFiles(directory=Path(__file__).parent))
    return app


def single_page() -> FastAPI:
    made = build(docs_url=None, redoc_url=None, openapi_url=None)

    @made.get("/{path:path}")
    def every_path(path: str) -> HTMLResponse:
        return HTMLResponse(f"<p>The page decides what to show at {path}</p>")

    return made


def behind_login() -> FastAPI:
    made = build()

    @made.middleware("http")
    async def require_login(request: Request, call_next: Callable[[Request], Awaitable[Response]]) -> Response:
        if "authorization" not in request.headers:
            return Response("Who are you?", 401, {"WWW-Authenticate": "Basic"})
        return await call_next(request)

    return made


def enforces_https() -> FastAPI:
    made = build()
    made.add_middleware(HTTPSRedirectMiddleware)
    return made


class TrustsPrefixHeader:
    """A widely copied middleware: it takes the root path from X-Forwarded-Prefix."""

    def __init__(self, inner: ASGIApp) -> None:
        self.inner = inner

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        given = [value for name, value in scope.get("headers", []) if name == b"x-forwarded-prefix"]
        if given:
            root_path = given[0].decode()
            scope = {**scope, "root_path": root_path, "path": root_path + scope["path"]}
        await self.inner(scope, receive, send)


APPS: Final[dict[str, Callable[[], ASGIApp]]] = {
    "app": build,
    "root_path_in_code": lambda: build(root_path=PREFIX),
    "schema_under_prefix": lambda: build(openapi_url=f"{PREFIX}/openapi.json"),
    "routes_under_prefix": lambda: build(PREFIX),
    "all_under_prefix": lambda: build(PREFIX, openapi_url=f"{PREFIX}/openapi.json", docs_url=f"{PREFIX}/docs"),
    "without_docs": lambda: build(docs_url=None, redoc_url=None),
    "without_schema": lambda: build(openapi_url=None),
    "without_redirects": lambda: build(redirect_slashes=False),
    "not_in_servers": lambda: build(root_path_in_servers=False, servers=[{"url": "https://stag.example.com"}]),
    "with_servers": lambda: build(servers=[{"url": "https://stag.example.com"}, {"url": "https://prod.example.com"}]),
    "single_page": single_page,
    "behind_login": behind_login,
    "enforces_https": enforces_https,
    "trusts_prefix_header": lambda: TrustsPrefixHeader(build()),
}

app = APPS[os.environ["APP"]]()
