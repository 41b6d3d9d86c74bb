"""An app that reports which pod answers."""

import socket

from fastapi import FastAPI

app = FastAPI(title="Scaled")


@app.get("/healthz")
def healthz() -> dict[str, str]:
    return {"status": "ok"}


@app.get("/pod")
def read_pod() -> dict[str, str]:
    return {"pod": socket.gethostname()}
