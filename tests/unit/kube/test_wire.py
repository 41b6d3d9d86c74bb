"""Whatever comes over the connection is an answer or a typed error that is retried, never a defect."""

import contextlib
from collections.abc import Callable
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxiedapp.kube.errors import ApiError, UnavailableError, error_of
from proxiedapp.kube.wire import decode, decode_event, decode_object, decode_page

METADATA = {"name": "shop", "namespace": "team", "uid": "u", "resourceVersion": "7"}
OBJECT = {"metadata": METADATA}
DECODERS: tuple[Callable[[bytes], Any], ...] = (decode, decode_object, decode_page, decode_event)

json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["metadata", "items", "object", "type", "code", "name", "uid"]), inner)
    ),
    max_leaves=10,
)


@pytest.mark.parametrize("body", [b"", b"<html>502 Bad Gateway</html>", b"[]", b"null", b'{"metadata": {', b"\xff\xfe"])
@pytest.mark.parametrize("read", DECODERS)
def test_body_that_is_not_json_is_retried(read: Callable[[bytes], Any], body: bytes) -> None:
    with pytest.raises(UnavailableError, match="the answer is not"):
        read(body)


@given(st.sampled_from(DECODERS), json_values)
def test_json_of_another_shape_is_a_typed_error(read: Callable[[bytes], Any], value: object) -> None:
    with contextlib.suppress(ApiError):
        assert isinstance(read(orjson.dumps(value)), dict)


@given(st.integers(400, 599), json_values)
def test_error_with_a_body_of_another_shape_is_a_typed_error(status: int, details: object) -> None:
    assert error_of(status, orjson.dumps({"message": "no", "details": details}), {"Retry-After": "²"}).status == status


def test_answers_of_the_right_shape_are_returned() -> None:
    assert decode_object(orjson.dumps(OBJECT)) == OBJECT
    page = {"metadata": {"resourceVersion": "9"}, "items": [OBJECT]}
    assert decode_page(orjson.dumps(page)) == page
    event = {"type": "ADDED", "object": OBJECT}
    assert decode_event(orjson.dumps(event)) == event
    bookmark = {"type": "BOOKMARK", "object": {"metadata": {"resourceVersion": "9"}}}
    assert decode_event(orjson.dumps(bookmark)) == bookmark


@pytest.mark.parametrize(("code", "status"), [(410, 410), (500, 500), (None, 500), ("x", 500)])
def test_event_of_type_error_is_raised(code: object, status: int) -> None:
    line = orjson.dumps({"type": "ERROR", "object": {"code": code, "message": "etcd is away"}})
    with pytest.raises(UnavailableError, match="etcd is away") as raised:
        decode_event(line)
    assert raised.value.status == status


def test_beginning_of_an_error_page_is_named() -> None:
    with pytest.raises(UnavailableError, match="the answer is not JSON: '<html>502"):
        decode(b"<html>502" + b" " * 10_000)


def test_empty_list_of_metadata_has_no_items() -> None:
    body = b'{"kind": "PartialObjectMetadataList", "metadata": {"resourceVersion": "7"}, "items": null}'
    assert decode_page(body)["items"] == []
