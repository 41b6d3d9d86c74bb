"""An app whose requests, streams and websockets are open when its pod stops."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI, WebSocket
from fastapi.responses import StreamingResponse

SHUT_DOWN = "the lifespan of the app has ended"


@asynccontextmanager
async def lifespan(_: FastAPI) -> AsyncIterator[None]:
    yield
    print(SHUT_DOWN, flush=True)  # noqa: T201 - `make drain` reads the log


app = FastAPI(lifespan=lifespan)


@app.get("/ready")
async def ready() -> str:
    return "ready"


@app.get("/wait")
async def wait(seconds: float) -> str:
    await asyncio.sleep(seconds)
    return "done"


@app.get("/stream")
async def stream(seconds: float) -> StreamingResponse:
    async def lines() -> AsyncIterator[str]:
        begin = asyncio.get_running_loop().time()
        while asyncio.get_running_loop().time() < begin + seconds:
            yield "line\n"
            await asyncio.sleep(0.5)

    return StreamingResponse(lines(), media_type="text/plain")


@app.websocket("/ws")
async def websocket(opened: WebSocket) -> None:
    await opened.accept()
    async for text in opened.iter_text():
        await opened.send_text(text)
