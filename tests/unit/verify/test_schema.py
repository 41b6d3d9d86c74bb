"""Reading an OpenAPI document that anybody may have written, and choosing a route from it."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxiedapp.verify.schema import Schema, choose_route, parse_schema, toggle_slash


def a_schema(*paths: str, get_paths: bool = True) -> Schema:
    return Schema("Shop", (), paths, frozenset(paths if get_paths else ()))


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"null",
        b"[]",
        b'"openapi"',
        b"{}",
        b'{"openapi": 3}',
        b'{"openapi": null}',
        b'{"openapi": "3.1.0", "paths": {}',
        b"<html>",
        b"\xff\xfe\x00",
        bytes(range(256)),
        b"[" * 1_000_000,
        b'{"a":' * 1_000_000,
        b'{"openapi": "3.1.0", "x": NaN}',
    ],
    ids=range(14),
)
def test_what_is_no_schema(body: bytes) -> None:
    assert parse_schema(body) is None


@pytest.mark.parametrize(
    "parts",
    [
        {},
        {"paths": None, "info": None, "servers": None},
        {"paths": [], "info": [], "servers": {}},
        {"paths": "x", "info": "x", "servers": "x"},
        {"servers": [None, [], {}, {"url": None}, {"url": 1}, "x"]},
        {"info": {"title": ["x"]}},
        {"paths": {"/a": None, "/b": [], "/c": {"get": None}}},
    ],
    ids=range(7),
)
def test_a_schema_may_hold_anything_where_something_else_belongs(parts: dict[str, Any]) -> None:
    found = parse_schema(json.dumps({"openapi": "3.1.0", **parts}).encode())
    assert found is not None
    assert found.servers == ()


def test_servers_and_paths_keep_their_order() -> None:
    body = {
        "openapi": "3.1.0",
        "info": {"title": "Shop"},
        "servers": [{"url": "/b"}, {}, {"url": "/a"}],
        "paths": {"/z": {"get": {}}, "/a": {"post": {}}},
    }
    assert parse_schema(json.dumps(body).encode()) == Schema("Shop", ("/b", "/a"), ("/z", "/a"), frozenset({"/z"}))


def test_an_old_document_is_one_too() -> None:
    assert parse_schema(b'{"swagger": "2.0"}') is not None


@pytest.mark.parametrize(
    ("paths", "route"),
    [
        pytest.param(["/app", "/items/"], "/items/", id="one that ends in a slash is best"),
        pytest.param(["/app"], "/app", id="any will do"),
        pytest.param([], None, id="none at all"),
        pytest.param(["/"], None, id="not the root"),
        pytest.param(["/items", "/items/"], None, id="both spellings have handlers"),
        pytest.param(["/items/", "/{name}"], None, id="a parameter could be it"),
        pytest.param(["/items/", "/{name}/x"], "/items/", id="this one could not"),
        pytest.param(["/files", "/files/{path}"], None, id="a path parameter may be empty"),
        pytest.param(["/files/x", "/{a}x{b}/"], None, id="several parameters"),
        pytest.param(["/a b", "/é", "/a?b", "/{x}", "//", "/a//b", "x"], None, id="nothing that needs care"),
        pytest.param(["/" + "x" * 500], None, id="nothing long"),
    ],
)
def test_the_route_to_ask(paths: list[str], route: str | None) -> None:
    assert choose_route(a_schema(*paths)) == route


def test_a_route_with_get_before_one_without() -> None:
    assert choose_route(Schema("", (), ("/a/", "/b/"), frozenset({"/b/"}))) == "/b/"


def test_a_schema_of_many_paths_takes_no_time() -> None:
    assert choose_route(a_schema(*(f"/{{a}}/{n}" for n in range(200_000)))) is None
    assert choose_route(a_schema(*(f"/a{n}" + "/{x}" * 100 for n in range(4_000)), "/b/")) is None


def test_toggled() -> None:
    assert (toggle_slash("/a"), toggle_slash("/a/")) == ("/a/", "/a")


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers(-5, 5) | st.text(),
        lambda x: (
            st.lists(x)
            | st.dictionaries(
                st.sampled_from(["openapi", "paths", "servers", "url", "info", "title", "get", "/a", "/a/"]), x
            )
        ),
    )
)
def test_nothing_raises(document: Any) -> None:
    found = parse_schema(json.dumps(document).encode())
    if found is not None:
        choose_route(found)


@given(
    st.dictionaries(
        st.sampled_from(["openapi", "swagger", "paths", "servers", "info"]),
        st.none()
        | st.text()
        | st.lists(st.text() | st.dictionaries(st.sampled_from(["url"]), st.text() | st.none()))
        | st.dictionaries(st.text(), st.none() | st.dictionaries(st.sampled_from(["get"]), st.none())),
    )
)
def test_nothing_that_resembles_a_schema_raises(document: dict[str, Any]) -> None:
    found = parse_schema(json.dumps({"openapi": "3.1.0"} | document).encode())
    if found is not None and (route := choose_route(found)) is not None:
        assert toggle_slash(route) not in found.paths
