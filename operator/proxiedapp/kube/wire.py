"""Reading what comes over the connection: a body that is not what was asked for is a typed error, never a defect.

A proxy between the operator and the API server may answer with an error page and the status 200, or cut a body. The
request may still have reached the API server, so each of these errors is an UnavailableError, which is retried.
"""

from http import HTTPStatus
from typing import Any

import orjson

from proxiedapp.kube.errors import UnavailableError, error_of
from proxiedapp.kube.manifest import Manifest


def decode(body: bytes) -> Manifest:
    """Return the JSON object in a body. Raises UnavailableError."""
    try:
        value: Any = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise unreadable("JSON", body) from error
    if not isinstance(value, dict):
        raise unreadable("a JSON object", body)
    return value


def decode_object(body: bytes) -> Manifest:
    """Return the Kubernetes object in a body. Raises UnavailableError."""
    return checked_object(decode(body))


def checked_object(value: Manifest) -> Manifest:
    """Return a JSON object if it is a Kubernetes object. Raises UnavailableError."""
    if not _is_object(value) or "uid" not in value["metadata"]:
        raise unreadable("an object", orjson.dumps(value))
    return value


def decode_page(body: bytes) -> Manifest:
    """Return the page of a list in a body. Raises UnavailableError."""
    value = decode(body)
    if "items" in value and value["items"] is None:
        value["items"] = []  # an empty list of metadata (measured with Kubernetes 1.36.3)
    items = value.get("items")
    if not (_has_version(value) and isinstance(items, list) and all(map(_is_object, items))):
        raise unreadable("a list", body)
    return value


def decode_event(line: bytes) -> Manifest:
    """Return the event in a line of a watch. Raises ApiError, also for an event of type ERROR."""
    value = decode(line)
    found = value.get("object")
    if not isinstance(found, dict):
        raise unreadable("an event", line)
    match value.get("type"):
        case "ERROR":
            code = found.get("code")
            if not isinstance(code, int) or code < HTTPStatus.BAD_REQUEST:
                code = HTTPStatus.INTERNAL_SERVER_ERROR
            raise error_of(code, orjson.dumps(found), {})
        case "BOOKMARK" if _has_version(found):
            return value
        case "ADDED" | "MODIFIED" | "DELETED" if _is_object(found):
            return value
        case _:
            raise unreadable("an event", line)


def unreadable(expected: str, body: bytes = b"") -> UnavailableError:
    """Return the error for a body that is not what was expected, with the beginning of the body."""
    text = f": {body[:80].decode(errors='replace')!r}" if body else ""
    return UnavailableError(0, f"the answer is not {expected}{text}")


def _is_object(value: Any) -> bool:
    return isinstance(value, dict) and _has_version(value) and isinstance(value["metadata"].get("name"), str)


def _has_version(value: Manifest) -> bool:
    """Return whether an object has a resourceVersion that can be compared (Kubernetes 1.35 made that a guarantee)."""
    metadata = value.get("metadata")
    return isinstance(metadata, dict) and str(metadata.get("resourceVersion", "")).isdecimal()
