"""An app for hypercorn, with a mounted app and a redirect: the two things that break first behind a prefix."""

from fastapi import FastAPI, Request

app = FastAPI(title="On hypercorn")
reports = FastAPI(title="Reports")
app.mount("/reports", reports)


@app.get("/healthz")
def healthz() -> dict[str, str]:
    return {"status": "ok"}


@app.get("/items/")
def list_items(request: Request) -> dict[str, str]:
    return {"scheme": request.url.scheme, "url": str(request.url)}


@reports.get("/daily")
def read_daily(request: Request) -> dict[str, str]:
    return {"root_path": request.scope["root_path"]}
