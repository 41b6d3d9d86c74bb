"""Parsing an OpenAPI document from an untrusted server, and choosing a route that is safe to request."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxiedapp.verify.schema import Schema, choose_route, parse_schema, toggle_slash


def a_schema(*paths: str, with_get: bool = True) -> Schema:
    return Schema("Shop", (), paths, frozenset(paths if with_get else ()))


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
def test_other_bodies_are_not_a_schema(body: bytes) -> None:
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
def test_invalid_parts_of_a_schema_are_ignored(parts: dict[str, Any]) -> None:
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


def test_swagger_2_document_is_a_schema() -> None:
    assert parse_schema(b'{"swagger": "2.0"}') is not None


@pytest.mark.parametrize(
    ("paths", "route"),
    [
        pytest.param(["/app", "/items/"], "/items/", id="a path that ends in a slash comes first"),
        pytest.param(["/app"], "/app", id="a path without a slash"),
        pytest.param([], None, id="no paths"),
        pytest.param(["/"], None, id="never the root"),
        pytest.param(["/items", "/items/"], None, id="both spellings are routes"),
        pytest.param(["/items/", "/{name}"], None, id="a parameter matches"),
        pytest.param(["/items/", "/{name}/x"], "/items/", id="a parameter before another segment"),
        pytest.param(["/files", "/files/{path}"], None, id="a parameter matches nothing"),
        pytest.param(["/files/x", "/{a}x{b}/"], None, id="several parameters match"),
        pytest.param(["/a b", "/é", "/a?b", "/{x}", "//", "/a//b", "x"], None, id="no unusual characters"),
        pytest.param(["/" + "x" * 500], None, id="no long path"),
    ],
)
def test_chosen_route_runs_no_handler(paths: list[str], route: str | None) -> None:
    assert choose_route(a_schema(*paths)) == route


def test_route_with_get_comes_first() -> None:
    assert choose_route(Schema("", (), ("/a/", "/b/"), frozenset({"/b/"}))) == "/b/"


def test_schema_with_too_many_paths_has_no_chosen_route() -> None:
    assert choose_route(a_schema(*(f"/{{a}}/{n}" for n in range(200_000)))) is None
    assert choose_route(a_schema(*(f"/a{n}" + "/{x}" * 100 for n in range(4_000)), "/b/")) is None


def test_toggle_slash() -> None:
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
def test_no_document_raises(document: Any) -> None:
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
def test_no_document_like_a_schema_raises(document: dict[str, Any]) -> None:
    found = parse_schema(json.dumps({"openapi": "3.1.0"} | document).encode())
    if found is not None and (route := choose_route(found)) is not None:
        assert toggle_slash(route) not in found.paths
