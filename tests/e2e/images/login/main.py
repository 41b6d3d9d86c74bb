"""A login whose cookie is named and scoped as that of Starlette's SessionMiddleware: for every path of the host."""

from fastapi import FastAPI, Request, Response

app = FastAPI(title="Login")


@app.get("/login")
def login(request: Request, response: Response) -> None:
    """Start a session; other apps have other keys, so that they cannot read it."""
    response.set_cookie("session", request.scope["root_path"].strip("/"), httponly=True, samesite="lax")


@app.get("/me")
def me(request: Request) -> bool:
    """Return whether the client is logged in."""
    return request.cookies.get("session") == request.scope["root_path"].strip("/")
