"""Asking the apps of one row: through the proxy as a client, or at the pod as a stranger."""

import asyncio
import json
import re
import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal
from urllib.parse import urlsplit

import httpx
from websockets.asyncio.client import connect

from tests.matrix.rows import PREFIX, STRANGER, Role, Row

Door = Literal["http", "https"]
DOORS: Final[tuple[Door, ...]] = ("http", "https")

_DOCS_URL: Final = re.compile(r"""url: '([^']*)'|spec-url="([^"]*)\"""")
_SECONDS: Final = 20.0


class WrongAnswerError(AssertionError):
    """An answer is not the right one."""


def same(seen: object, expected: object, what: str) -> None:
    """Raise WrongAnswerError unless both are equal."""
    if seen != expected:
        raise WrongAnswerError(f"{what}: {seen!r} instead of {expected!r}")


@dataclass(frozen=True)
class Direct:
    """A pod's answer to the stranger."""

    status: int
    location: str | None
    text: str
    asked_from: str | None

    def json(self) -> Any:
        return json.loads(self.text)


@dataclass(frozen=True)
class Place:
    """Where a running matrix is found."""

    namespace: str
    urls: Mapping[Door, str]
    pods: Mapping[str, str]
    """Addresses of the pods by app."""
    statuses: Mapping[str, Mapping[str, Any]]
    """What each ProxiedApp said when it had settled."""
    client: httpx.Client

    def ask(self, door: Door, host: str, path: str, headers: Mapping[str, str] | None = None) -> httpx.Response:
        """Ask the proxy. No redirect is followed."""
        return self.client.get(f"{self.urls[door]}{path}", headers={"Host": host, **(headers or {})})

    def condition(self, app: str, kind: str) -> Mapping[str, str]:
        """Return a condition of a ProxiedApp; empty if it has none of that kind."""
        conditions = self.statuses[app].get("conditions", [])
        return next((each for each in conditions if each["type"] == kind), {})


def client() -> httpx.Client:
    return httpx.Client(verify=False, trust_env=False, timeout=_SECONDS)


@dataclass(frozen=True)
class Visit:
    """One app of a row, at one of the proxy's doors."""

    place: Place
    row: Row
    door: Door
    role: Role = Role.MAIN
    label: str = "plain"

    @property
    def app(self) -> str:
        return self.row.app(self.role)

    @property
    def host(self) -> str:
        return f"{self.label}.{self.app}.{self.place.namespace}.test"

    @property
    def origin(self) -> str:
        return f"{self.door}://{self.host}"

    @property
    def strips(self) -> bool:
        """Whether the proxy cuts the prefix off, as the ProxiedApp's status says."""
        return bool(self.place.statuses[self.app].get("stripPrefix"))

    def get(self, path: str, headers: Mapping[str, str] | None = None) -> httpx.Response:
        """Ask for a path under the prefix."""
        return self.at_the_proxy(PREFIX + path, headers)

    def at_the_proxy(self, path: str, headers: Mapping[str, str] | None = None) -> httpx.Response:
        """Ask for a whole path."""
        return self.place.ask(self.door, self.host, path, headers)

    def at_the_pod(self, path: str, headers: Mapping[str, str] | None = None) -> Direct:
        """Have the stranger ask the pod."""
        question = {"host": self.place.pods[self.app], "path": path, "headers": {"Host": self.host, **(headers or {})}}
        host = f"{STRANGER}.{self.place.namespace}.test"
        answer = self.place.client.post(f"{self.place.urls['http']}/ask", headers={"Host": host}, json=question)
        answer.raise_for_status()
        return Direct(**answer.json())

    def facts(self, headers: Mapping[str, str] | None = None) -> dict[str, Any]:
        """Return what the app sees of a request."""
        answer = self.get("/facts", headers)
        same(answer.status_code, 200, "status of /facts")
        seen: dict[str, Any] = answer.json()
        return seen

    def websocket(self, path: str = "/ws", headers: Mapping[str, str] | None = None) -> dict[str, Any]:
        """Return what the app sees of a websocket."""
        # Not by the client for threads: Python's TLS sockets are not made to be read and written at the same time.
        return asyncio.run(self._websocket(path, dict(headers or {})))

    async def _websocket(self, path: str, headers: dict[str, str]) -> dict[str, Any]:
        url = urlsplit(self.place.urls[self.door])
        secure = self.door == "https"
        async with asyncio.timeout(_SECONDS):
            async with connect(
                f"{'wss' if secure else 'ws'}://{self.host}{PREFIX}{path}",
                host=url.hostname,
                port=url.port,
                ssl=_unverified() if secure else None,
                additional_headers=headers,
                proxy=None,
            ) as opened:
                seen: dict[str, Any] = json.loads(await opened.recv())
                return seen

    def condition(self, kind: str) -> Mapping[str, str]:
        """Return a condition of this ProxiedApp."""
        return self.place.condition(self.app, kind)


def docs_url(page: str) -> str | None:
    """Return the address from which a docs page loads its schema."""
    found = _DOCS_URL.search(page)
    return (found[1] or found[2]) if found else None


def _unverified() -> ssl.SSLContext:
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context
