"""Reading an OpenAPI document as far as a prefix goes, and choosing a route in it that can be asked for unharmed."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Final

import orjson

from proxiedapp.verify.evidence import Answer, Reply

_PLAIN: Final = re.compile(r"(/[A-Za-z0-9._~-]{1,100}){1,16}/?")
_CANDIDATES_MAX: Final = 100


@dataclass(frozen=True, slots=True)
class Schema:
    """What an OpenAPI document says of servers and paths."""

    title: str
    servers: tuple[str, ...]
    """URLs, in order."""
    paths: tuple[str, ...]
    get_paths: frozenset[str]
    """The paths that have a GET."""

    def is_same_app(self, other: "Schema") -> bool:
        """Whether both describe one app; their servers may differ."""
        return (self.title, self.paths) == (other.title, other.paths)


def schema_of(reply: Reply | None) -> Schema | None:
    """Return the schema that an answer holds; None if it holds none."""
    if not isinstance(reply, Answer) or not reply.is_ok or not reply.complete:
        return None
    return parse_schema(reply.body)


def parse_schema(body: bytes) -> Schema | None:
    """Read a document; None for anything that is not OpenAPI. Never raises, however deep or broken it is."""
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
    """Choose a route without parameters to be asked for with its final slash added or taken away.

    An app answers that with a redirect, before any handler runs. So there must be no route that the other spelling
    could match, with parameters or without.
    """
    plain = [path for path in schema.paths[:_CANDIDATES_MAX] if _PLAIN.fullmatch(path)]
    plain.sort(key=lambda path: (not path.endswith("/"), path not in schema.get_paths))
    others = schema.paths
    if len(others) > _CANDIDATES_MAX * 50:  # comparing with all of them would take long
        return None
    return next((path for path in plain if not any(_could_match(other, toggle_slash(path)) for other in others)), None)


def toggle_slash(path: str) -> str:
    """Return a path with its final slash taken away, or with one added."""
    return path.removesuffix("/") if path.endswith("/") else f"{path}/"


def _could_match(template: str, path: str) -> bool:
    """Whether a path could be one of a template, taking each parameter for anything at all."""
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
