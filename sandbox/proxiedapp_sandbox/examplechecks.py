"""Checks of the hello example through the proxy: everything that a path prefix affects, one request each."""

import json
import re
import ssl
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Final

import httpx
import websockets

PREFIX: Final = "/api/v1"


@dataclass(frozen=True, slots=True)
class ExampleCheck:
    """One request, what it returned, and what it should have returned."""

    request: str
    actual: str
    expected: str

    @property
    def ok(self) -> bool:
        """Whether the request returned what was expected."""
        return self.actual == self.expected


async def check_example(base_url: str) -> AsyncIterator[ExampleCheck]:
    """Check the hello example, which is served at PREFIX under `base_url` (scheme, host and port)."""
    url = base_url + PREFIX
    async with httpx.AsyncClient(verify=False, trust_env=False, timeout=60.0) as client:  # noqa: S501 - self-signed
        response = await client.get(f"{url}/app")
        expected = json.dumps({"message": "Hello World", "root_path": PREFIX}, separators=(",", ":"))
        yield ExampleCheck(f"GET {url}/app", response.text, expected)

        response = await client.get(f"{url}/docs")
        loads = re.search(r"url: '([^']*)'", response.text)
        yield ExampleCheck(
            f"the schema that {url}/docs loads", loads.group(1) if loads else "none", f"{PREFIX}/openapi.json"
        )

        response = await client.get(f"{url}/openapi.json")
        servers = response.json().get("servers", [{}]) if response.is_success else [{}]
        yield ExampleCheck(f"servers[0].url in {url}/openapi.json", str(servers[0].get("url")), PREFIX)

        response = await client.get(f"{url}/items")
        actual = f"{response.status_code} {response.headers.get('location')}"
        yield ExampleCheck(f"the redirect of {url}/items", actual, f"307 {url}/items/")

        response = await client.get(f"{url}/subapi/docs")
        loads = re.search(r"url: '([^']*)'", response.text)
        mounted = f"{PREFIX}/subapi/openapi.json"
        yield ExampleCheck(f"the schema that {url}/subapi/docs loads", loads.group(1) if loads else "none", mounted)

        response = await client.get(f"{url}0/app")
        yield ExampleCheck(f"GET {url}0/app, which is not under the prefix", str(response.status_code), "404")

    socket_url = f"{url}/ws".replace("http", "ws", 1)
    insecure = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    insecure.check_hostname, insecure.verify_mode = False, ssl.CERT_NONE
    tls = insecure if socket_url.startswith("wss") else None
    async with websockets.connect(socket_url, ssl=tls, proxy=None, open_timeout=60) as socket:
        await socket.send("hello")
        yield ExampleCheck(f"the websocket {socket_url}", json.loads(await socket.recv())["url"], socket_url)
