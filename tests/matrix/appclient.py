"""A client for the apps of one row: through the proxy, or directly to the pod from an address that is not trusted."""

import asyncio
import json
import re
import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any, Final, Literal
from urllib.parse import urlsplit

import httpx
from websockets.asyncio.client import connect

from tests.matrix.proxies import INGRESS_ROUTE, Proxy
from tests.matrix.rows import PREFIX, UNTRUSTED_CLIENT, Role, Row

EntryPoint = Literal["http", "https"]
ENTRY_POINTS: Final[tuple[EntryPoint, ...]] = ("http", "https")

_DOCS_URL: Final = re.compile(r"""url: '([^']*)'|spec-url="([^"]*)\"""")
_SECONDS: Final = 60.0


class WrongAnswerError(AssertionError):
    """A response is not as expected."""


def same(seen: object, expected: object, what: str) -> None:
    """Raise WrongAnswerError unless both are equal."""
    if seen != expected:
        raise WrongAnswerError(f"{what}: {seen!r} instead of {expected!r}")


@dataclass(frozen=True)
class DirectResponse:
    """The response of a pod to the untrusted client."""

    status: int
    location: str | None
    text: str
    client_address: str | None

    def json(self) -> Any:
        return json.loads(self.text)


@dataclass(frozen=True)
class Cluster:
    """The running apps of a matrix, and how to reach them."""

    namespace: str
    urls: Mapping[EntryPoint, str]
    pods: Mapping[str, str]
    """The addresses of the pods, by app."""
    statuses: Mapping[str, Mapping[str, Any]]
    """The status of each ProxiedApp after it settled."""
    client: httpx.Client
    proxy: Proxy = INGRESS_ROUTE

    def get(
        self, entry_point: EntryPoint, host: str, path: str, headers: Mapping[str, str] | None = None
    ) -> httpx.Response:
        """Send a request to the proxy, without following redirects."""
        return self.client.get(
            f"{self.urls[entry_point]}{path}",
            headers={"Host": host, **(headers or {})},
            extensions={"sni_hostname": host.partition(":")[0]},
        )

    def condition(self, app: str, condition_type: str) -> Mapping[str, str]:
        """Return a condition of a ProxiedApp; empty if it has no condition of that type."""
        conditions = self.statuses[app].get("conditions", [])
        return next((each for each in conditions if each["type"] == condition_type), {})


def client() -> httpx.Client:
    """Return a client that makes a connection for each request.

    httpx 0.28.1 keeps connections by the address of the proxy, and would send requests for one app through a TLS
    connection that was made for another one. No browser does that, and Contour 1.33.8 answers with 421.
    """
    one_request = httpx.Limits(max_keepalive_connections=0)
    return httpx.Client(verify=False, trust_env=False, timeout=_SECONDS, limits=one_request)


@dataclass(frozen=True)
class AppClient:
    """A client for one app of a row, through one entry point."""

    cluster: Cluster
    row: Row
    entry_point: EntryPoint
    role: Role = Role.MAIN
    label: str = "plain"

    @property
    def app(self) -> str:
        return self.row.app(self.role)

    @property
    def host(self) -> str:
        return f"{self.label}.{self.app}.{self.cluster.namespace}.test"

    @property
    def origin(self) -> str:
        return f"{self.entry_point}://{self.host}"

    @property
    def strips(self) -> bool:
        """Whether the proxy strips the prefix, as reported in the status of the ProxiedApp."""
        return bool(self.cluster.statuses[self.app].get("stripPrefix"))

    def get(self, path: str, headers: Mapping[str, str] | None = None) -> httpx.Response:
        """Request a path under the prefix from the proxy."""
        return self.get_from_proxy(PREFIX + path, headers)

    def get_from_proxy(self, path: str, headers: Mapping[str, str] | None = None) -> httpx.Response:
        """Request a path, which includes the prefix or not, from the proxy."""
        return self.cluster.get(self.entry_point, self.host, path, headers)

    def get_from_pod(self, path: str, headers: Mapping[str, str] | None = None) -> DirectResponse:
        """Request a path from the pod through the untrusted client."""
        request = {"host": self.cluster.pods[self.app], "path": path, "headers": {"Host": self.host, **(headers or {})}}
        host = f"{UNTRUSTED_CLIENT}.{self.cluster.namespace}.test"
        answer = self.cluster.client.post(f"{self.cluster.urls['http']}/request", headers={"Host": host}, json=request)
        answer.raise_for_status()
        return DirectResponse(**answer.json())

    def facts(self, headers: Mapping[str, str] | None = None) -> dict[str, Any]:
        """Return what the app knows about a request."""
        answer = self.get("/facts", headers)
        same(answer.status_code, 200, "status of /facts")
        seen: dict[str, Any] = answer.json()
        return seen

    def websocket(self, path: str = "/ws", headers: Mapping[str, str] | None = None) -> dict[str, Any]:
        """Return what the app knows about a WebSocket."""
        # Not websockets' client for threads: Python's TLS sockets cannot be read and written at the same time.
        return asyncio.run(self._websocket(path, dict(headers or {})))

    async def _websocket(self, path: str, headers: dict[str, str]) -> dict[str, Any]:
        url = urlsplit(self.cluster.urls[self.entry_point])
        secure = self.entry_point == "https"
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

    def condition(self, condition_type: str) -> Mapping[str, str]:
        """Return a condition of this ProxiedApp."""
        return self.cluster.condition(self.app, condition_type)


def docs_url(page: str) -> str | None:
    """Return the URL that a docs page loads its schema from."""
    found = _DOCS_URL.search(page)
    return (found[1] or found[2]) if found else None


@cache
def _unverified() -> ssl.SSLContext:
    """Return the context of all connections: a default one reads the certificates of all authorities, 20 ms of CPU."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context
