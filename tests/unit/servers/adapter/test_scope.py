"""The path and root path that the app sees, and what the adapter does not change."""

from copy import deepcopy
from typing import Any

import pytest

from tests.unit.servers.adapter.loading import ADAPTER, Scope, a_scope, run, seen

PREFIX = "/api/v1"


@pytest.mark.parametrize("type_", ["http", "websocket"])
@pytest.mark.parametrize(
    ("given", "expected"),
    [
        pytest.param({}, {"path": "/api/v1/items", "raw_path": b"/api/v1/items"}, id="prefix in front of both paths"),
        pytest.param({"path": "/", "raw_path": b"/"}, {"path": "/api/v1/", "raw_path": b"/api/v1/"}, id="root"),
        pytest.param(
            {"path": "/é/x", "raw_path": b"/%C3%A9%2Fx"},
            {"path": "/api/v1/é/x", "raw_path": b"/api/v1/%C3%A9%2Fx"},
            id="raw path keeps its encoding",
        ),
        pytest.param({"raw_path": None}, {"path": "/api/v1/items", "raw_path": None}, id="raw path unknown"),
        pytest.param({"raw_path": b"/items?a=1"}, {"raw_path": b"/api/v1/items?a=1"}, id="raw path with the query"),
        pytest.param(
            {"path": "/api/v1/items", "raw_path": b"/api/v1/items"},
            {"path": "/api/v1/api/v1/items", "raw_path": b"/api/v1/api/v1/items"},
            id="path of the app that begins like the prefix",
        ),
        pytest.param({"root_path": "/daphne"}, {"root_path": PREFIX}, id="root path of the server is replaced"),
    ],
)
def test_prefix_is_put_back(type_: str, given: Scope, expected: Scope) -> None:
    scope = seen(a_scope(type_, **given), root_path=PREFIX)
    assert scope["root_path"] == PREFIX
    assert scope | expected == scope


@pytest.mark.parametrize("type_", ["http", "websocket"])
def test_prefix_that_the_proxy_keeps_is_not_added_again(type_: str) -> None:
    scope = a_scope(type_, path="/api/v1/items", raw_path=b"/api/v1/items")
    assert seen(scope, root_path=PREFIX, kept=True) == scope | {"root_path": PREFIX}


def test_raw_path_stays_absent() -> None:
    scope = a_scope()
    del scope["raw_path"]
    assert "raw_path" not in seen(scope, root_path=PREFIX)


def test_without_a_prefix_only_the_root_path_is_reset() -> None:
    scope = a_scope(root_path="/from/a/header")
    assert seen(scope) == scope | {"root_path": ""}


def test_websocket_without_scheme_gets_the_default_of_the_asgi_specification() -> None:
    scope = a_scope("websocket")
    del scope["scheme"]
    assert seen(scope)["scheme"] == "ws"


@pytest.mark.parametrize("type_", ["http", "websocket"])
def test_scope_of_the_server_is_not_changed(type_: str) -> None:
    headers = [("X-Forwarded-For", "6.6.6.6"), ("X-Forwarded-Proto", "https")]
    given = a_scope(type_, headers=headers)
    before = deepcopy(given)
    scope = seen(given, root_path=PREFIX, trusted="10.0.0.0/8")
    assert given == before
    assert scope["client"] == ("6.6.6.6", 0)


def test_everything_else_is_passed_on_unchanged() -> None:
    given = a_scope(headers=[("X-Forwarded-For", "6.6.6.6"), ("Host", "example.com")], extensions={"x": {}})
    scope = seen(given, root_path=PREFIX, trusted="10.0.0.0/8")
    changed = {"client", "path", "raw_path", "root_path"}
    assert given.keys() == scope.keys()
    assert all(scope[key] is given[key] for key in given.keys() - changed)


@pytest.mark.parametrize("type_", ["lifespan", "something.new"])
def test_scopes_of_other_types_are_passed_on_as_the_same_object(type_: str) -> None:
    given = {"type": type_, "state": {}}
    assert seen(given, root_path=PREFIX, trusted="10.0.0.0/8") is given
    assert given == {"type": type_, "state": {}}


@pytest.mark.parametrize("type_", ["http", "websocket", "lifespan"])
def test_calls_reach_the_app_and_its_result_comes_back(type_: str) -> None:
    async def receive() -> None: ...
    async def send(message: Any) -> None: ...
    async def app(*given: Any) -> Any:
        return given

    adapter = ADAPTER.Adapter(app, PREFIX, ADAPTER.TrustedProxies(""))
    _, *others = run(adapter(a_scope(type_), receive, send))
    assert others == [receive, send]


def test_errors_of_the_app_are_raised_unchanged() -> None:
    async def app(*_: Any) -> None:
        raise LookupError("mine")

    with pytest.raises(LookupError, match="mine"):
        run(ADAPTER.Adapter(app, PREFIX, ADAPTER.TrustedProxies(""))(a_scope(), None, None))


def test_app_keeps_the_state_of_its_lifespan() -> None:
    """Starlette stores what its lifespan yields there, and the server copies it into each request."""

    async def app(scope: Scope, *_: Any) -> None:
        if scope["type"] == "lifespan":
            scope["state"]["database"] = "open"
        else:
            scope["state"]["seen"] = scope["state"]["database"]

    adapter = ADAPTER.Adapter(app, PREFIX, ADAPTER.TrustedProxies(""))
    state: dict[str, Any] = {}
    run(adapter({"type": "lifespan", "state": state}, None, None))
    request = a_scope(state=state.copy())
    run(adapter(request, None, None))
    assert request["state"] == {"database": "open", "seen": "open"}


def test_prefix_with_other_characters_than_ascii_fails_at_start() -> None:
    with pytest.raises(UnicodeEncodeError):
        seen(a_scope(), root_path="/é")


@pytest.mark.parametrize("path", [PREFIX, f"{PREFIX}/", f"{PREFIX}/items"])
def test_prefix_that_the_server_has_put_back_is_not_doubled(path: str) -> None:
    """A uvicorn worker with root_path in its CONFIG_KWARGS hands over such a scope."""
    given = a_scope(root_path=PREFIX, path=path, raw_path=path.encode())
    assert seen(given, root_path=PREFIX) == given


@pytest.mark.parametrize(
    ("root_path", "path"),
    [
        pytest.param("", f"{PREFIX}/items", id="the client asks for the prefix twice"),
        pytest.param(PREFIX, f"{PREFIX}x", id="a path that only begins like the prefix"),
        pytest.param(PREFIX, "/items", id="only the root path is set"),
    ],
)
def test_prefix_is_put_back_if_the_server_has_not_done_so(root_path: str, path: str) -> None:
    scope = seen(a_scope(root_path=root_path, path=path, raw_path=path.encode()), root_path=PREFIX)
    assert (scope["path"], scope["raw_path"]) == (PREFIX + path, (PREFIX + path).encode())
