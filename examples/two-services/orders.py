"""The orders service. It declares its paths without a prefix; the operator serves it at /orders."""

from fastapi import FastAPI, Request

app = FastAPI(title="Orders")


@app.get("/healthz")
def healthz() -> dict[str, str]:
    return {"status": "ok"}


@app.get("/latest/")
def read_latest(request: Request) -> dict[str, str]:
    return {"order": "42", "url": str(request.url_for("read_latest"))}
