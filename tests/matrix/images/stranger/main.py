"""Somebody in the pods' network who is not the proxy: asks other pods what it is told to ask, and tells the answer."""

from http.client import HTTPConnection
from typing import Annotated, Any

from fastapi import Body, FastAPI

app = FastAPI()


@app.post("/ask")
def ask(
    host: Annotated[str, Body()], path: Annotated[str, Body()], headers: Annotated[dict[str, str], Body()]
) -> dict[str, Any]:
    connection = HTTPConnection(host, 8000, timeout=10)
    try:
        connection.request("GET", path, headers=headers)
        answer = connection.getresponse()
        return {
            "status": answer.status,
            "location": answer.getheader("Location"),
            "text": answer.read().decode(),
            "asked_from": connection.sock.getsockname()[0] if connection.sock else None,
        }
    finally:
        connection.close()
