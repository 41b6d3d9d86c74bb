"""A small FastAPI app that shows what a prefix touches. It does not know under which prefix it is served."""

from fastapi import FastAPI, Request, WebSocket

app = FastAPI(title="Hello")


@app.get("/app")
def read_app(request: Request) -> dict[str, str]:
    return {"message": "Hello World", "root_path": request.scope.get("root_path", "")}


@app.get("/items/")
def list_items() -> list[str]:
    return ["portal gun", "plumbus"]


@app.get("/whoami")
def whoami(request: Request) -> dict[str, str | None]:
    """What the app knows about the request. It is right only if the server trusts the proxy, and no other sender."""
    return {
        "scheme": request.url.scheme,
        "host": request.headers.get("host"),
        "client": request.client.host if request.client else None,
        "url": str(request.url),
        "forwarded_prefix": request.headers.get("x-forwarded-prefix"),
    }


@app.get("/healthz")
def healthz() -> dict[str, str]:
    return {"status": "ok"}


@app.websocket("/ws")
async def echo(websocket: WebSocket) -> None:
    await websocket.accept()
    await websocket.send_json({"url": str(websocket.url), "said": await websocket.receive_text()})
    await websocket.close()


subapi = FastAPI(title="Hello, mounted")


@subapi.get("/sub")
def read_sub() -> dict[str, str]:
    return {"message": "Hello World from sub API"}


app.mount("/subapi", subapi)
