"""Servers and routes put together by hand, right or wrong, behind a real Traefik: what `verify` is tried on."""

import sys
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import yaml

from proxiedapp.routing.traefik import REMOVE_FORGEABLE_HEADERS
from proxiedapp.verify.target import VerifyTarget
from proxiedapp_sandbox.cluster import until
from proxiedapp_sandbox.controlplane import free_ports
from proxiedapp_sandbox.processes import ChildProcess
from proxiedapp_sandbox.proxy import traefik_program

ROOT = Path(__file__).parents[2]
APPS = "tests.support.prefixapps"
BIN = Path(sys.executable).parent
PREFIX = "/api/v1"

UVICORN = ("uvicorn", "{app}", "--host", "127.0.0.1", "--port", "{port}")
FASTAPI = ("fastapi", "run", "--host", "127.0.0.1", "--port", "{port}", "--entrypoint", "{app}")
HYPERCORN = ("hypercorn", "{app}", "--bind", "127.0.0.1:{port}")
GRANIAN = ("granian", "{app}", "--interface", "asgi", "--host", "127.0.0.1", "--port", "{port}")
DAPHNE = ("daphne", "{app}", "-b", "127.0.0.1", "-p", "{port}", "--proxy-headers")
GUNICORN_ASGI = ("gunicorn", "{app}", "-k", "asgi", "--bind", "127.0.0.1:{port}")
GUNICORN_UVICORN = ("gunicorn", "{app}", "-k", "uvicorn_worker.UvicornWorker", "--bind", "127.0.0.1:{port}")
TOLD = ("--root-path", PREFIX)


@dataclass(frozen=True)
class Combination:
    """A server's command, the app it runs, and the route to it."""

    command: Sequence[str]
    strips: bool
    app: str = "app"
    prefix: str = PREFIX
    segments: bool = True
    """Whether the rule ends at a path segment."""
    hygiene: bool = True
    """Whether the route drops headers that clients forge."""
    env: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Traefik:
    """A running Traefik and the folder from which it reads its routes."""

    folder: Path
    http_port: int
    https_port: int
    credulous_port: int
    """An entry point that keeps whatever clients say of themselves."""

    @asynccontextmanager
    async def serving(self, name: str, made: Combination) -> AsyncIterator["Route"]:
        """Start the server and add the route; both are gone afterwards."""
        (port,) = free_ports(1)
        command = [word.format(app=f"{APPS}:{made.app}", port=port) for word in made.command]
        env = {
            "PATH": f"{BIN}:/usr/bin:/bin",
            "PYTHONPATH": str(ROOT),
            "PREFIX": PREFIX,
            "HOME": str(self.folder),
            **made.env,
        }
        server = await ChildProcess.start(
            [BIN / command[0], *command[1:]], log=self.folder / f"{name}.log", env=env, cwd=ROOT
        )
        async with AsyncExitStack() as stack:
            stack.push_async_callback(server.stop, 10)

            async def answers() -> bool:
                assert not server.ended, server.log.read_text()
                return await _answers(f"http://127.0.0.1:{port}/")

            await until(answers, f"an answer of {' '.join(command)}")
            route = Route(self, f"{name}.test", made, port)
            file = self.folder / "routes" / f"{name}.yml"
            stack.callback(file.unlink)
            file.with_suffix(".new").write_text(yaml.safe_dump({"http": _dynamic(name, route.host, made, port)}))
            file.with_suffix(".new").rename(file)
            await until(route.is_there, f"the route {name} in Traefik")
            yield route


@dataclass(frozen=True)
class Route:
    """A route in Traefik, told from others by its host."""

    traefik: Traefik
    host: str
    made: Combination
    port: int
    """Of the server itself."""

    def target(self, entry_point: str = "http") -> VerifyTarget:
        """Return how it is checked: `direct` goes past Traefik, as if Traefik had been asked by https."""
        if entry_point == "direct":
            said = {"X-Forwarded-Proto": "https", "X-Forwarded-For": "192.0.2.7", "X-Forwarded-Host": self.host}
            url = f"http://127.0.0.1:{self.port}{self.made.prefix}"
            return VerifyTarget(url, host=self.host, headers=said, direct=True, strips=self.made.strips)
        port = getattr(self.traefik, f"{entry_point}_port")
        scheme = "https" if entry_point == "https" else "http"
        return VerifyTarget(f"{scheme}://127.0.0.1:{port}{self.made.prefix}", host=self.host, insecure=True)

    async def is_there(self) -> bool:
        """Whether Traefik serves it: each route says its name."""
        target = self.target()
        async with httpx.AsyncClient(trust_env=False, timeout=10) as client:
            reply = await client.get(f"{target.url}/", headers={"Host": self.host})
        return bool(reply.headers.get("x-route") == self.host)


@asynccontextmanager
async def traefik(folder: Path) -> AsyncIterator[Traefik]:
    """Start Traefik on loopback, in an empty folder: a traefik.yml beside it would silence every flag."""
    http_port, https_port, credulous_port = free_ports(3)
    made = Traefik(folder, http_port, https_port, credulous_port)
    for name in ("empty", "routes"):
        (folder / name).mkdir()
    command: list[str | Path] = [
        traefik_program(),
        f"--entrypoints.http.address=127.0.0.1:{http_port}",
        f"--entrypoints.https.address=127.0.0.1:{https_port}",
        "--entrypoints.https.http.tls=true",
        f"--entrypoints.credulous.address=127.0.0.1:{credulous_port}",
        "--entrypoints.credulous.forwardedheaders.insecure=true",
        f"--providers.file.directory={folder / 'routes'}",
        "--providers.providersthrottleduration=50ms",
        "--log.level=INFO",
        "--global.checknewversion=false",
        "--global.sendanonymoususage=false",
    ]
    child = await ChildProcess.start(command, log=folder / "traefik.log", cwd=folder / "empty")
    try:

        async def answers() -> bool:
            assert not child.ended, child.last_log_line()
            return await _answers(f"http://127.0.0.1:{http_port}/")

        await until(answers, "an answer of Traefik")
        yield made
    finally:
        await child.stop(10)


async def _answers(url: str) -> bool:
    """Whether anything at all comes back; a refused connection is an OSError in `until`'s eyes."""
    try:
        async with httpx.AsyncClient(trust_env=False, timeout=10) as client:
            await client.get(url)
    except httpx.TransportError as error:
        raise OSError(str(error)) from error
    return True


def _dynamic(name: str, host: str, made: Combination, port: int) -> dict[str, Any]:
    path = f'Path("{made.prefix}") || PathPrefix("{made.prefix}/")' if made.segments else f'PathPrefix("{made.prefix}")'
    middlewares: dict[str, Any] = {f"{name}-name": {"headers": {"customResponseHeaders": {"X-Route": host}}}}
    if made.hygiene:
        middlewares[f"{name}-hygiene"] = dict(REMOVE_FORGEABLE_HEADERS)
    if made.strips:
        middlewares[f"{name}-strip"] = {"stripPrefix": {"prefixes": [made.prefix]}}
    router = {
        "rule": f'Host("{host}")' + (f" && ({path})" if made.prefix else ""),
        "middlewares": list(middlewares),
        "service": name,
    }
    return {
        "routers": {
            f"{name}-plain": {**router, "entryPoints": ["http", "credulous"]},
            f"{name}-tls": {**router, "entryPoints": ["https"], "tls": {}},
        },
        "middlewares": middlewares,
        "services": {name: {"loadBalancer": {"servers": [{"url": f"http://127.0.0.1:{port}"}]}}},
    }
