"""An app with everything that a wrong prefix or a wrong trust setting breaks, and that shows what it gets."""

import asyncio
from collections.abc import AsyncIterator

from fastapi import FastAPI, Request, WebSocket
from fastapi.responses import StreamingResponse

app = FastAPI()
sub = FastAPI()
released = asyncio.Event()


@app.get("/items/")
def items() -> list[str]:
    return ["a"]


@app.get("/seen/{rest:path}")  # noqa: FAST003 - it returns what it gets, not a part of it
def seen(request: Request) -> dict[str, object]:
    return {
        "path": request.scope["path"],
        "root_path": request.scope["root_path"],
        "scheme": request.url.scheme,
        "client": request.client.host if request.client else "",
        "headers": [[name.decode(), value.decode()] for name, value in request.scope["headers"]],
    }


@app.post("/size")
async def size(request: Request) -> int:
    return sum([len(part) async for part in request.stream()])


@app.get("/stream")
def stream() -> StreamingResponse:
    return StreamingResponse(lines(), media_type="text/plain")


async def lines() -> AsyncIterator[str]:
    yield "first\n"
    await released.wait()  # a proxy that collects the response never gets its end
    yield "last\n"


@app.post("/release")
async def release() -> None:
    released.set()


@app.websocket("/ws")
async def ws(socket: WebSocket) -> None:
    await socket.accept()
    await socket.send_text(str(socket.url))
    await socket.close()


@sub.get("/items/")
def sub_items() -> list[str]:
    return ["b"]


app.mount("/sub", sub)
