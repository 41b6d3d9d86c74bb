"""Parse the parts of an OpenAPI document that a prefix affects, and choose a route that is safe to request.

The document comes from an untrusted server: what reading it may cost is bounded in JSON values and in steps.
"""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from hashlib import blake2b
from typing import Any, Final

import orjson

from proxiedapp.api.budget import Budget, BudgetError

MAX_SCHEMA_VALUES: Final = 200_000
"""JSON values of a schema that is parsed, counted by its commas and brackets. FastAPI writes 70,000 in 1 MiB;
200,000 take at most 25 MiB of memory (docs/decisions/0018-judge-in-a-thread.md)."""
MAX_PATHS: Final = 20_000
"""Paths of a schema that is judged."""
MAX_SERVERS: Final = 100
"""Servers read of a schema."""
MAX_SERVER_URL: Final = 2_048
"""Characters read of the URL of a server in a schema."""
_PLAIN: Final = re.compile(r"(/[A-Za-z0-9._~-]{1,100}){1,16}/?")
_OBJECT: Final = re.compile(rb"[ \t\r\n]*\{")
_PARAMETER: Final = re.compile(r"\{[^{}]*\}")
_PLAIN_MAX: Final = 100
_SHOWN_PATH: Final = 1_024
"""Characters kept of a path for a message."""
_CANDIDATES_MAX: Final = 4
"""Each candidate is compared with each path that has parameters."""


class SchemaTooLargeError(Exception):
    """Reading the schema would take too much memory or too many steps, so it is not judged."""


@dataclass(frozen=True, slots=True)
class Document:
    """Servers and paths of an OpenAPI document, as it contains them."""

    title: str
    servers: tuple[str, ...]
    """URLs, in order."""
    paths: tuple[str, ...]
    get_paths: frozenset[str]
    """The paths that have a GET operation."""


@dataclass(frozen=True, slots=True)
class Schema:
    """What the checks use of an OpenAPI document: of the same small size however large the document is."""

    identity: bytes
    """A digest of title and paths."""
    servers: tuple[str, ...]
    """URLs, in order."""
    path_count: int
    prefixed_count: int
    """How many paths start with the prefix."""
    prefixed_path: str | None
    """The start of the first of them."""
    route: str | None
    """A route that is safe to request with its trailing slash added or removed."""

    def is_same_app(self, other: "Schema") -> bool:
        """Return whether both describe the same app; their servers may differ."""
        return self.identity == other.identity


def read_schema(
    body: bytes | bytearray, has_prefix: Callable[[str], bool], budget: Budget | None = None
) -> Schema | None:
    """Read a schema; None for anything that is not OpenAPI. `has_prefix` recognizes a path that starts with the prefix.

    Raises SchemaTooLargeError, and nothing else, however deep or broken the document is.
    """
    budget = budget or Budget()
    try:
        document = parse_document(body, budget)
        return None if document is None else _summary(document, has_prefix, budget)
    except BudgetError as error:
        raise SchemaTooLargeError from error


def parse_document(body: bytes | bytearray, budget: Budget) -> Document | None:
    """Parse a document; None for anything that is not OpenAPI. Raises BudgetError and SchemaTooLargeError."""
    if not _OBJECT.match(body):
        return None
    if body.count(b",") + body.count(b"[") + body.count(b"{") > MAX_SCHEMA_VALUES:
        raise SchemaTooLargeError
    try:
        document = orjson.loads(body)
    except orjson.JSONDecodeError:
        return None
    if not isinstance(document, dict) or not isinstance(document.get("openapi", document.get("swagger")), str):
        return None
    paths = _mapping(document.get("paths"))
    servers = document.get("servers")
    budget.spend(len(paths))
    if len(paths) > MAX_PATHS:
        raise SchemaTooLargeError
    return Document(
        title=title if isinstance(title := _mapping(document.get("info")).get("title"), str) else "",
        servers=tuple(_urls(servers[:MAX_SERVERS] if isinstance(servers, list) else [])),
        paths=tuple(paths),
        get_paths=frozenset(path for path, methods in paths.items() if "get" in _mapping(methods)),
    )


def _summary(document: Document, has_prefix: Callable[[str], bool], budget: Budget) -> Schema:
    # Whether a path has the prefix is decided with its escapes decoded, which is what takes time.
    budget.spend(sum(1 + path.count("%") for path in document.paths))
    prefixed = [path for path in document.paths if has_prefix(path)]
    identity = blake2b(orjson.dumps([document.title, document.paths]))
    return Schema(
        identity=identity.digest(),
        servers=document.servers,
        path_count=len(document.paths),
        prefixed_count=len(prefixed),
        prefixed_path=prefixed[0][:_SHOWN_PATH] if prefixed else None,
        route=choose_route(document, budget),
    )


def choose_route(document: Document, budget: Budget) -> str | None:
    """Return a route that is safe to request with its trailing slash added or removed; None if there is none.

    An app answers such a request with a redirect before any handler runs (`redirect` cites the source). So no other
    route may match that path, and the route itself must have no parameters. Raises BudgetError.
    """
    plain = [path for path in document.paths[:_PLAIN_MAX] if _PLAIN.fullmatch(path)]
    plain.sort(key=lambda path: (not path.endswith("/"), path not in document.get_paths))
    declared = set(document.paths)
    candidates = [path for path in plain if toggle_slash(path) not in declared][:_CANDIDATES_MAX]
    for template in document.paths:
        if not candidates:
            return None
        parts = _PARAMETER.split(template)
        budget.spend(len(parts) * len(candidates))
        if len(parts) > 1:
            candidates = [path for path in candidates if not _could_match(parts, toggle_slash(path))]
    return candidates[0] if candidates else None


def toggle_slash(path: str) -> str:
    """Return a path without its trailing slash, or with one added."""
    return path.removesuffix("/") if path.endswith("/") else f"{path}/"


def _could_match(parts: list[str], path: str) -> bool:
    """Return whether the parts of a template could match a path, if any text may be between them, slashes included."""
    first, *middle, last = parts
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
            yield url[:MAX_SERVER_URL]


def _mapping(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}
