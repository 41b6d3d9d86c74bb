"""Parsing an OpenAPI document from an untrusted server, and choosing a route that is safe to request."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxiedapp.api.budget import Budget
from proxiedapp.verify.schema import (
    MAX_SCHEMA_VALUES,
    Document,
    Schema,
    SchemaTooLargeError,
    choose_route,
    parse_document,
    read_schema,
    toggle_slash,
)


def a_document(*paths: str, with_get: bool = True) -> Document:
    return Document("Shop", (), paths, frozenset(paths if with_get else ()))


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
        b'{"a":' * 100_000,
        b'{"openapi": "3.1.0", "x": NaN}',
    ],
    ids=range(14),
)
def test_other_bodies_are_not_a_schema(body: bytes) -> None:
    assert parse_document(body, Budget()) is None


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
    found = parse_document(json.dumps({"openapi": "3.1.0", **parts}).encode(), Budget())
    assert found is not None
    assert found.servers == ()


def test_servers_and_paths_keep_their_order() -> None:
    body = {
        "openapi": "3.1.0",
        "info": {"title": "Shop"},
        "servers": [{"url": "/b"}, {}, {"url": "/a"}],
        "paths": {"/z": {"get": {}}, "/a": {"post": {}}},
    }
    expected = Document("Shop", ("/b", "/a"), ("/z", "/a"), frozenset({"/z"}))
    assert parse_document(json.dumps(body).encode(), Budget()) == expected


def test_swagger_2_document_is_a_schema() -> None:
    assert parse_document(b'{"swagger": "2.0"}', Budget()) is not None


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
    assert choose_route(a_document(*paths), Budget()) == route


def test_route_with_get_comes_first() -> None:
    assert choose_route(Document("", (), ("/a/", "/b/"), frozenset({"/b/"})), Budget()) == "/b/"


TOO_LARGE = {
    "many paths": [f"/{{a}}/{n}" for n in range(200_000)],
    "many parameters": ["/b/", *(f"/a{n}" + "/{x}" * 100 for n in range(4_000))],
    "long templates": ["/b/", *(f"/{n}{'a' * 300}/" + "{x}/{y}a" * 60 for n in range(4_900))],
    "parameters without text between them": ["/b/", *(f"/{n}" + "{x}" * 150 for n in range(4_900))],
}
"""A schema of 4,900 such templates took 6 to 64 seconds before."""


@pytest.mark.parametrize("name", TOO_LARGE)
def test_reading_a_schema_is_bounded_in_steps(name: str) -> None:
    body = json.dumps({"openapi": "3.1.0", "paths": {path: {"get": {}} for path in TOO_LARGE[name]}}).encode()
    budget = Budget()
    with pytest.raises(SchemaTooLargeError):
        read_schema(body, lambda path: path.startswith("/a"), budget)
    assert budget.spent < 2 * budget.steps


@pytest.mark.parametrize("unit", [b"[],", b"{},", b"1,", b'"",'])
def test_document_with_too_many_values_is_not_parsed(unit: bytes) -> None:
    body = b'{"openapi": "3.1.0", "x": [' + unit * MAX_SCHEMA_VALUES + b"0]}"
    with pytest.raises(SchemaTooLargeError):
        read_schema(body, lambda _: False)


def test_schema_of_a_large_app_is_read() -> None:
    paths = [f"/resource{n}/{{id}}" for n in range(2_000)] + [f"/resource{n}" for n in range(2_000)]
    operation = {"get": {"summary": "Read", "parameters": [{"name": "id", "in": "path"}] * 3}}
    body = json.dumps({"openapi": "3.1.0", "paths": dict.fromkeys(paths, operation)}).encode()
    found = read_schema(body, lambda path: path.startswith("/resource1"))
    assert found is not None
    assert (found.path_count, found.prefixed_path, found.route) == (4_000, "/resource1/{id}", None)


def test_summary_is_small_however_large_the_document_is() -> None:
    paths = [f"/{n}{'a' * 2000}" for n in range(1_000)]
    servers = [{"url": "/x" * 100_000}] * 20
    body = json.dumps({"openapi": "3.1.0", "paths": {path: {} for path in paths}, "servers": servers}).encode()
    found = read_schema(body, lambda _: False)
    assert found is not None
    assert len(repr(found)) < 64 * 1024


def test_same_app_has_the_same_title_and_paths() -> None:
    def found(title: str, *paths: str, server: str = "/") -> Schema:
        parts = {"info": {"title": title}, "paths": {path: {} for path in paths}, "servers": [{"url": server}]}
        schema = read_schema(json.dumps({"openapi": "3.1.0", **parts}).encode(), lambda _: False)
        assert schema is not None
        return schema

    assert found("Shop", "/a", "/b").is_same_app(found("Shop", "/a", "/b", server="/other"))
    assert not found("Shop", "/a", "/b").is_same_app(found("Shop", "/b", "/a"))
    assert not found("Shop", "/a").is_same_app(found("Bank", "/a"))


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
    read_schema(json.dumps(document).encode(), lambda path: path.startswith("/a"))


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
    found = parse_document(json.dumps({"openapi": "3.1.0"} | document).encode(), Budget())
    if found is not None and (route := choose_route(found, Budget())) is not None:
        assert toggle_slash(route) not in found.paths


@pytest.mark.parametrize(
    "title", ["[" * 900 + "]" * 900, '{"a":' * 900 + "1" + "}" * 900, "9" * 5_000, "1e999", "null"]
)
def test_title_of_another_type_is_left_out(title: str) -> None:
    """The text of a list of 900 lists exceeds the depth of Python's stack."""
    body = f'{{"openapi": "3.1.0", "info": {{"title": {title}}}, "paths": {{"/a": {{}}}}}}'.encode()
    document = parse_document(body, Budget())
    assert document is None or document.title == ""


@pytest.mark.parametrize(
    "paths", [{"/api/v1/" + "%25" * 300_000: {}}, {f"/api/v1/{n}" + "%25" * 60: {} for n in range(5_000)}]
)
def test_escapes_of_paths_take_steps(paths: dict[str, Any]) -> None:
    """Without them, 4 MiB of escapes took two seconds, and one check reads up to 18 schemas."""
    body = json.dumps({"openapi": "3.1.0", "paths": paths}).encode()
    with pytest.raises(SchemaTooLargeError):
        read_schema(body, lambda path: path.startswith("/api/v1/"))


def test_long_path_is_not_kept() -> None:
    body = json.dumps({"openapi": "3.1.0", "paths": {"/api/v1/" + "a" * 1_000_000: {}}}).encode()
    found = read_schema(body, lambda path: path.startswith("/api/v1/"))
    assert found is not None
    assert len(found.prefixed_path or "") < 2_000
