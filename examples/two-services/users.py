"""The users service. It declares its paths without a prefix; the operator serves it at /users."""

from fastapi import FastAPI, Request

app = FastAPI(title="Users")


@app.get("/healthz")
def healthz() -> dict[str, str]:
    return {"status": "ok"}


@app.get("/me/")
def read_me(request: Request) -> dict[str, str]:
    return {"name": "ada", "url": str(request.url_for("read_me"))}
