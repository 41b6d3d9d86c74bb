"""Servers and routes configured by hand, right or wrong, behind a real Traefik: the subjects of `verify`."""

import sys
from collections import Counter
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
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
from proxiedapp_sandbox.proxy import traefik_program, write_default_certificate
from tests.support import plain

ROOT = Path(__file__).parents[2]
APP = "tests.support.prefixapps:app"
BIN = Path(sys.executable).parent
PREFIX = "/api/v1"

UVICORN = ("uvicorn", "{app}", "--host", "127.0.0.1", "--port", "{port}")
FASTAPI = ("fastapi", "run", "--host", "127.0.0.1", "--port", "{port}", "--entrypoint", "{app}")
HYPERCORN = ("hypercorn", "{app}", "--bind", "127.0.0.1:{port}")
GRANIAN = ("granian", "{app}", "--interface", "asgi", "--host", "127.0.0.1", "--port", "{port}")
DAPHNE = ("daphne", "{app}", "-b", "127.0.0.1", "-p", "{port}", "--proxy-headers")
GUNICORN_ASGI = ("gunicorn", "{app}", "-k", "asgi", "--bind", "127.0.0.1:{port}")
GUNICORN_UVICORN = ("gunicorn", "{app}", "-k", "uvicorn_worker.UvicornWorker", "--bind", "127.0.0.1:{port}")
ROOT_PATH = ("--root-path", PREFIX)


ServerKey = tuple[tuple[str, ...], str, tuple[tuple[str, str], ...]]
"""The command, the app and the environment of a server."""


@dataclass(frozen=True)
class Combination:
    """A server's command, the app that it runs, and the route to it."""

    command: Sequence[str]
    strips: bool
    app: str = "app"
    prefix: str = PREFIX
    segments: bool = True
    """Whether the rule matches whole path segments."""
    removes_headers: bool = True
    """Whether the route removes forwarding headers that clients send."""
    env: Mapping[str, str] = field(default_factory=dict)

    @property
    def server(self) -> ServerKey:
        """Return what its server is started from; combinations with the same differ in their route alone."""
        return (tuple(self.command), self.app, tuple(sorted(self.env.items())))


class Servers:
    """Running servers: combinations that differ in their route alone share one, which ends with the last of them."""

    def __init__(self, folder: Path, planned: Iterable[Combination]) -> None:
        self._folder = folder
        self._left = Counter(combination.server for combination in planned)
        self._running: dict[ServerKey, tuple[int, ChildProcess]] = {}

    @asynccontextmanager
    async def serving(self, combination: Combination) -> AsyncIterator[int]:
        """Yield the port of the server, which is started unless it runs; stop it if no other combination needs it."""
        key = combination.server
        if key not in self._running:
            (port,) = free_ports(1)
            self._running[key] = (port, await self._start(combination, port))
        port, server = self._running[key]

        async def answers() -> bool:
            assert not server.ended, server.log.read_text()
            return await _answers(f"http://127.0.0.1:{port}/")

        self._left[key] -= 1
        try:
            await until(answers, f"an answer of {' '.join(combination.command)}")
            yield port
        finally:
            if self._left[key] <= 0:
                del self._running[key]
                await server.stop(10)

    async def _start(self, combination: Combination, port: int) -> ChildProcess:
        program, *arguments = (argument.format(app=APP, port=port) for argument in combination.command)
        env = {
            "PATH": f"{BIN}:/usr/bin:/bin",
            "PYTHONPATH": str(ROOT),
            "PREFIX": PREFIX,
            "APP": combination.app,
            "HOME": str(self._folder),
            **combination.env,
        }
        return await ChildProcess.start(
            [BIN / program, *arguments], log=self._folder / f"server-{port}.log", env=env, cwd=ROOT
        )

    async def stop(self) -> None:
        """Stop those whose other combinations were not run."""
        while self._running:
            _, (_, server) = self._running.popitem()
            await server.stop(10)


@dataclass(frozen=True)
class Traefik:
    """A running Traefik, the servers behind it, and the folder that it reads its routes from."""

    folder: Path
    servers: Servers
    http_port: int
    https_port: int
    insecure_port: int
    """An entry point that keeps the forwarding headers of any client (`forwardedHeaders.insecure`)."""

    @asynccontextmanager
    async def serving(self, name: str, combination: Combination) -> AsyncIterator["Route"]:
        """Have the server running and add the route; remove the route afterwards."""
        async with AsyncExitStack() as stack:
            port = await stack.enter_async_context(self.servers.serving(combination))
            route = Route(self, f"{name}.test", combination, port)
            file = self.folder / "routes" / f"{name}.yml"
            stack.callback(file.unlink)
            file.with_suffix(".new").write_text(yaml.safe_dump({"http": _routing(name, route.host, combination, port)}))
            file.with_suffix(".new").rename(file)
            await until(route.is_there, f"the route {name} in Traefik")
            yield route


@dataclass(frozen=True)
class Route:
    """A route in Traefik, identified by its host."""

    traefik: Traefik
    host: str
    combination: Combination
    port: int
    """The server's own port."""

    def target(self, entry_point: str = "http") -> VerifyTarget:
        """Return the target to check; `direct` bypasses Traefik, with the headers that Traefik would add to https."""
        if entry_point == "direct":
            headers = {"X-Forwarded-Proto": "https", "X-Forwarded-For": "192.0.2.7", "X-Forwarded-Host": self.host}
            url = f"http://127.0.0.1:{self.port}{self.combination.prefix}"
            return VerifyTarget(url, host=self.host, headers=headers, direct=True, strips=self.combination.strips)
        port = getattr(self.traefik, f"{entry_point}_port")
        scheme = "https" if entry_point == "https" else "http"
        return VerifyTarget(f"{scheme}://127.0.0.1:{port}{self.combination.prefix}", host=self.host, insecure=True)

    async def is_there(self) -> bool:
        """Return whether Traefik serves the route; each route puts its host into a response header."""
        target = self.target()
        async with plain.async_client() as client:
            reply = await client.get(f"{target.url}/", headers={"Host": self.host})
        return bool(reply.headers.get("x-route") == self.host)


@asynccontextmanager
async def traefik(folder: Path, planned: Iterable[Combination]) -> AsyncIterator[Traefik]:
    """Start Traefik on loopback, in an empty folder: with a traefik.yml in its folder it would ignore all flags.

    `planned` are the combinations that it will serve, each as often as it is in there.
    """
    http_port, https_port, insecure_port = free_ports(3)
    servers = Servers(folder, planned)
    running = Traefik(folder, servers, http_port, https_port, insecure_port)
    for name in ("empty", "routes"):
        (folder / name).mkdir()
    write_default_certificate(folder / "routes")  # else it makes a key at each change of a route
    command: list[str | Path] = [
        traefik_program(),
        f"--entrypoints.http.address=127.0.0.1:{http_port}",
        f"--entrypoints.https.address=127.0.0.1:{https_port}",
        "--entrypoints.https.http.tls=true",
        f"--entrypoints.insecure.address=127.0.0.1:{insecure_port}",
        "--entrypoints.insecure.forwardedheaders.insecure=true",
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
        yield running
    finally:
        await servers.stop()
        await child.stop(10)


async def _answers(url: str) -> bool:
    """Return whether there is any response; `until` expects an OSError for a refused connection."""
    try:
        async with plain.async_client() as client:
            await client.get(url)
    except httpx.TransportError as error:
        raise OSError(str(error)) from error
    return True


def _routing(name: str, host: str, combination: Combination, port: int) -> dict[str, Any]:
    prefix = combination.prefix
    path = f'Path("{prefix}") || PathPrefix("{prefix}/")' if combination.segments else f'PathPrefix("{prefix}")'
    middlewares: dict[str, Any] = {f"{name}-name": {"headers": {"customResponseHeaders": {"X-Route": host}}}}
    if combination.removes_headers:
        middlewares[f"{name}-headers"] = dict(REMOVE_FORGEABLE_HEADERS)
    if combination.strips:
        middlewares[f"{name}-strip"] = {"stripPrefix": {"prefixes": [prefix]}}
    router = {
        "rule": f'Host("{host}")' + (f" && ({path})" if prefix else ""),
        "middlewares": list(middlewares),
        "service": name,
    }
    return {
        "routers": {
            f"{name}-plain": {**router, "entryPoints": ["http", "insecure"]},
            f"{name}-tls": {**router, "entryPoints": ["https"], "tls": {}},
        },
        "middlewares": middlewares,
        "services": {name: {"loadBalancer": {"servers": [{"url": f"http://127.0.0.1:{port}"}]}}},
    }
