"""Parse the parts of an OpenAPI document that a prefix affects, and choose a route that is safe to request."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Final

import orjson

from proxiedapp.verify.evidence import Answer, Reply

_PLAIN: Final = re.compile(r"(/[A-Za-z0-9._~-]{1,100}){1,16}/?")
_CANDIDATES_MAX: Final = 100
_PATHS_MAX: Final = 5_000
"""Each candidate is compared with each path; more paths than this would take too long."""


@dataclass(frozen=True, slots=True)
class Schema:
    """Servers and paths of an OpenAPI document."""

    title: str
    servers: tuple[str, ...]
    """URLs, in order."""
    paths: tuple[str, ...]
    get_paths: frozenset[str]
    """The paths that have a GET operation."""

    def is_same_app(self, other: "Schema") -> bool:
        """Return whether both describe the same app; their servers may differ."""
        return (self.title, self.paths) == (other.title, other.paths)


def schema_of(reply: Reply | None) -> Schema | None:
    """Return the schema that a response contains; None if it contains none."""
    if not isinstance(reply, Answer) or not reply.is_ok or not reply.complete:
        return None
    return parse_schema(reply.body)


def parse_schema(body: bytes) -> Schema | None:
    """Parse a document; None for anything that is not OpenAPI. Never raises, however deep or broken it is."""
    try:
        document = orjson.loads(body)
    except orjson.JSONDecodeError:
        return None
    if not isinstance(document, dict) or not isinstance(document.get("openapi", document.get("swagger")), str):
        return None
    paths = _mapping(document.get("paths"))
    servers = document.get("servers")
    return Schema(
        title=str(_mapping(document.get("info")).get("title", "")),
        servers=tuple(_urls(servers if isinstance(servers, list) else [])),
        paths=tuple(paths),
        get_paths=frozenset(path for path, methods in paths.items() if "get" in _mapping(methods)),
    )


def choose_route(schema: Schema) -> str | None:
    """Return a route that is safe to request with its trailing slash added or removed; None if there is none.

    An app answers such a request with a redirect before any handler runs (`redirect` cites the source). So no other
    route may match that path, and the route itself must have no parameters.
    """
    plain = [path for path in schema.paths[:_CANDIDATES_MAX] if _PLAIN.fullmatch(path)]
    plain.sort(key=lambda path: (not path.endswith("/"), path not in schema.get_paths))
    others = schema.paths
    if len(others) > _PATHS_MAX:
        return None
    return next((path for path in plain if not any(_could_match(other, toggle_slash(path)) for other in others)), None)


def toggle_slash(path: str) -> str:
    """Return a path without its trailing slash, or with one added."""
    return path.removesuffix("/") if path.endswith("/") else f"{path}/"


def _could_match(template: str, path: str) -> bool:
    """Return whether a template could match a path, if each parameter matches any text, slashes included."""
    first, *others = re.split(r"\{[^{}]*\}", template)
    if not others:
        return path == template
    *middle, last = others
    if not path.startswith(first) or not path.endswith(last):
        return False
    at = len(first)
    for part in middle:
        at = path.find(part, at)
        if at < 0:
            return False
        at += len(part)
    return at <= len(path) - len(last)


def _urls(servers: Iterable[Any]) -> Iterable[str]:
    for server in servers:
        url = _mapping(server).get("url")
        if isinstance(url, str):
            yield url


def _mapping(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}
