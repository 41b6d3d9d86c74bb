"""An app whose manifests are in a Git repository."""

from fastapi import FastAPI

app = FastAPI(title="From Git")


@app.get("/healthz")
def healthz() -> dict[str, str]:
    return {"status": "ok"}
