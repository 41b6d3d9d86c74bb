"""What the hello example answers through the proxy: the promises of a prefix, looked at one by one."""

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
    """One thing that was asked for, what came, and what should have."""

    asked: str
    got: str
    expected: str

    @property
    def right(self) -> bool:
        """Whether the answer is the expected one."""
        return self.got == self.expected


async def check_example(base_url: str) -> AsyncIterator[ExampleCheck]:
    """Ask the hello example, served at PREFIX under `base_url` (scheme, host, port), for all that a prefix touches."""
    url = base_url + PREFIX
    async with httpx.AsyncClient(verify=False, trust_env=False, timeout=10.0) as client:  # noqa: S501 - self-signed
        reply = await client.get(f"{url}/app")
        expected = json.dumps({"message": "Hello World", "root_path": PREFIX}, separators=(",", ":"))
        yield ExampleCheck(f"GET {url}/app", reply.text, expected)

        reply = await client.get(f"{url}/docs")
        loads = re.search(r"url: '([^']*)'", reply.text)
        yield ExampleCheck(
            f"the schema that {url}/docs loads", loads.group(1) if loads else "none", f"{PREFIX}/openapi.json"
        )

        reply = await client.get(f"{url}/openapi.json")
        servers = reply.json().get("servers", [{}]) if reply.is_success else [{}]
        yield ExampleCheck(f"servers[0].url in {url}/openapi.json", str(servers[0].get("url")), PREFIX)

        reply = await client.get(f"{url}/items")
        seen = f"{reply.status_code} {reply.headers.get('location')}"
        yield ExampleCheck(f"the redirect of {url}/items", seen, f"307 {url}/items/")

        reply = await client.get(f"{url}/subapi/docs")
        loads = re.search(r"url: '([^']*)'", reply.text)
        mounted = f"{PREFIX}/subapi/openapi.json"
        yield ExampleCheck(f"the schema that {url}/subapi/docs loads", loads.group(1) if loads else "none", mounted)

        reply = await client.get(f"{url}0/app")
        yield ExampleCheck(f"GET {url}0/app, which is not under the prefix", str(reply.status_code), "404")

    socket_url = f"{url}/ws".replace("http", "ws", 1)
    insecure = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    insecure.check_hostname, insecure.verify_mode = False, ssl.CERT_NONE
    tls = insecure if socket_url.startswith("wss") else None
    async with websockets.connect(socket_url, ssl=tls, proxy=None, open_timeout=10) as socket:
        await socket.send("hello")
        yield ExampleCheck(f"the websocket {socket_url}", json.loads(await socket.recv())["url"], socket_url)
