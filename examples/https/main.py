"""An app that is served by https and builds absolute URLs."""

from fastapi import FastAPI, Request

app = FastAPI(title="Secure")


@app.get("/healthz")
def healthz() -> dict[str, str]:
    return {"status": "ok"}


@app.get("/links/")
def read_links(request: Request) -> dict[str, str]:
    return {"self": str(request.url_for("read_links"))}
