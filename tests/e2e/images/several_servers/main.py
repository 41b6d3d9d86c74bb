"""An app that lists more servers, as in FastAPI's "Behind a Proxy"."""

from fastapi import FastAPI, Request

app = FastAPI(
    title="Orders",
    servers=[
        {"url": "https://stag.example.com", "description": "Staging environment"},
        {"url": "https://prod.example.com", "description": "Production environment"},
    ],
)


@app.get("/app")
def read_app(request: Request) -> dict[str, str]:
    return {"message": "Hello World", "root_path": request.scope.get("root_path", "")}


@app.get("/healthz", include_in_schema=False)
def healthz() -> dict[str, str]:
    return {"status": "ok"}
