"""An app in the pod network that is not the proxy: it sends a given request to another pod and returns the response."""

from http.client import HTTPConnection
from typing import Annotated, Any

from fastapi import Body, FastAPI

app = FastAPI()


@app.post("/request")
def request(
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
            "client_address": connection.sock.getsockname()[0] if connection.sock else None,
        }
    finally:
        connection.close()
