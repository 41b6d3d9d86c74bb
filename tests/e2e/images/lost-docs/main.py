"""An app that writes its docs page itself and forgets the prefix, which works only without a proxy in front."""

from fastapi import FastAPI
from fastapi.openapi.docs import get_swagger_ui_html
from starlette.responses import HTMLResponse

app = FastAPI(title="Hello", docs_url=None, redoc_url=None)


@app.get("/docs", include_in_schema=False)
def docs() -> HTMLResponse:
    return get_swagger_ui_html(openapi_url="/openapi.json", title="Hello")


@app.get("/items/")
def list_items() -> list[str]:
    return ["portal gun", "plumbus"]


@app.get("/healthz")
def healthz() -> dict[str, str]:
    return {"status": "ok"}
