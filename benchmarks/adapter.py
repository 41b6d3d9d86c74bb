"""Measure what the adapter costs for each request, as a ratio within one run.

  in process   an app that answers nothing, called with the scope of a request that came through a proxy: alone, in
               uvicorn's own middleware, and in the adapter, once trusting that proxy and once not
  served       a FastAPI endpoint in uvicorn on loopback: alone, with uvicorn's own `--root-path` and trust list, and
               in the adapter. The client is wrk if it is installed, otherwise an asyncio client. A second app alone
               shows the noise

The apps take turns, in another order in each round, and a ratio is the median of all rounds. CPU is that of the
server's process. Compare the ratios of one run, not the absolute numbers of two.
"""

import argparse
import asyncio
import importlib
import json
import os
import re
import shutil
import statistics
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import AsyncExitStack
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import httpx
from typing_extensions import override
from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware

from proxiedapp.servers.adapter import MODULE, source
from proxiedapp_sandbox.cluster import until
from proxiedapp_sandbox.controlplane import free_ports
from proxiedapp_sandbox.processes import ChildProcess

PREFIX = "/api/v1"
HEADERS = {
    "Host": "shop.example.com",
    "User-Agent": "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0",
    "Accept": "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8",
    "Accept-Encoding": "gzip, deflate, br, zstd",
    "Accept-Language": "en-US,en;q=0.5",
    "Cookie": "session=0123456789abcdef0123456789abcdef",
    "X-Forwarded-For": "203.0.113.5",
    "X-Forwarded-Host": "shop.example.com",
    "X-Forwarded-Port": "443",
    "X-Forwarded-Prefix": PREFIX,
    "X-Forwarded-Proto": "https",
    "X-Forwarded-Server": "traefik-0",
    "X-Real-Ip": "203.0.113.5",
}
MAIN = """
from fastapi import FastAPI

app = FastAPI()

@app.get("/items/{item_id}")
async def item(item_id: int, q: str | None = None) -> dict[str, int | str | None]:
    return {"item_id": item_id, "q": q}
"""
BATCH = 200  # scopes are built in advance; a small batch stays in the cache of the processor

Scope = dict[str, Any]
App = Callable[[Any, Any, Any], Awaitable[Any]]


def a_scope() -> Scope:
    """Return the scope that uvicorn builds for a request forwarded by Traefik."""
    return {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.3"},
        "http_version": "1.1",
        "server": ("10.42.0.10", 8000),
        "client": ("10.42.0.9", 40000),
        "scheme": "http",
        "method": "GET",
        "root_path": "",
        "path": "/items/1",
        "raw_path": b"/items/1",
        "query_string": b"q=x",
        "headers": [(name.lower().encode(), value.encode()) for name, value in HEADERS.items()],
        "state": {},
    }


async def answers_nothing(scope: Any, receive: Any, send: Any) -> None:
    """The app of the in-process measurements."""


def in_process() -> dict[str, App]:
    """Return the apps to compare. The adapter reads its variables when it is imported."""
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / f"{MODULE}.py").write_text(source())
        sys.path.insert(0, folder)
        os.environ["PROXIEDAPP_APP"] = "json:loads"  # any callable
        adapter: Any = importlib.import_module(MODULE)
        sys.path.remove(folder)
    trusting, not_trusting = map(adapter.TrustedProxies, ("10.42.0.0/16,fd00::/8", "127.0.0.1"))
    return {
        "bare": answers_nothing,
        "uvicorn": ProxyHeadersMiddleware(answers_nothing, trusted_hosts="10.42.0.0/16,fd00::/8"),
        "adapter": adapter.Adapter(answers_nothing, PREFIX, trusting),
        "adapter, not trusted": adapter.Adapter(answers_nothing, PREFIX, not_trusting),
    }


def nanoseconds_per_call(app: App, calls: int) -> float:
    """Return the nanoseconds of one call of an app that never waits, without the time to build the scopes."""
    took = 0
    for _ in range(calls // BATCH):
        scopes = [a_scope() for _ in range(BATCH)]  # uvicorn's middleware modifies the scope
        began = time.perf_counter_ns()
        for scope in scopes:
            try:
                app(scope, None, None).send(None)  # type: ignore[attr-defined]
            except StopIteration:
                continue
        took += time.perf_counter_ns() - began
    return took / (calls // BATCH * BATCH)


@dataclass
class Served:
    """A running server."""

    port: int
    child: ChildProcess

    @property
    def cpu_nanoseconds(self) -> int:
        """Return the CPU time of its threads; the clock ticks in /proc/PID/stat are too coarse."""
        threads = Path(f"/proc/{self.child.identity.pid}/task").iterdir()
        return sum(int((thread / "schedstat").read_text().split()[0]) for thread in threads)

    async def answers(self) -> bool:
        """Return whether it gives the expected answer."""
        async with httpx.AsyncClient(trust_env=False) as client:
            try:
                return (await client.get(f"http://127.0.0.1:{self.port}/items/1", headers=HEADERS)).is_success
            except httpx.TransportError:
                return False


async def serve(folder: Path, name: str, app: str, *options: str) -> Served:
    """Start uvicorn with the app in `main.py`."""
    (port,) = free_ports(1)
    env = os.environ | {
        "PYTHONPATH": str(folder),
        "PROXIEDAPP_APP": "main:app",
        "PROXIEDAPP_ROOT_PATH": PREFIX,
        "PROXIEDAPP_TRUSTED_PROXIES": "127.0.0.1",
    }
    command = [sys.executable, "-m", "uvicorn", app, "--port", str(port), "--no-access-log", *options]
    served = Served(port, await ChildProcess.start(command, log=folder / f"{name}.log", env=env, cwd=folder))
    await until(served.answers, f"uvicorn ({name})")
    return served


async def load_by_wrk(port: int, seconds: float, connections: int) -> tuple[int, float]:
    """Return the number of answers and the seconds they took."""
    headers = [word for name, value in HEADERS.items() for word in ("-H", f"{name}: {value}")]
    process = await asyncio.create_subprocess_exec(
        "wrk", "-t1", f"-c{connections}", f"-d{max(1, round(seconds))}s", *headers, f"http://127.0.0.1:{port}/items/1",
        stdout=asyncio.subprocess.PIPE,
    )  # fmt: skip
    output = (await process.communicate())[0].decode()
    found = re.search(r"(\d+) requests in ([\d.]+)s", output)
    if found is None or "Non-2xx" in output:
        raise RuntimeError(f"wrk: {output}")
    return int(found[1]), float(found[2])


class Asking(asyncio.Protocol):
    """A connection that sends the next request as soon as it has the answer, with as little work as possible."""

    def __init__(self, request: bytes, until_: float) -> None:
        self.request, self.until = request, until_
        self.answers = 0
        self.closed = asyncio.get_running_loop().create_future()
        self.transport: Any = None

    @override
    def connection_made(self, transport: Any) -> None:
        self.transport = transport
        transport.write(self.request)

    @override
    def data_received(self, data: bytes) -> None:
        if data.startswith(b"HTTP/1.1 "):
            if not data.startswith(b"HTTP/1.1 200"):
                raise RuntimeError(data.decode())
            head, _, self.body = data.partition(b"\r\n\r\n")
            self.length = int(re.search(rb"content-length: (\d+)", head)[1])  # type: ignore[index]
        else:
            self.body += data
        if len(self.body) == self.length:
            self.answers += 1
            if time.monotonic() < self.until:
                self.transport.write(self.request)
            else:
                self.transport.close()

    @override
    def connection_lost(self, error: Exception | None) -> None:
        self.closed.set_result(error)


async def load_by_asyncio(port: int, seconds: float, connections: int) -> tuple[int, float]:
    """Return the number of answers and the seconds they took."""
    head = "".join(f"{name}: {value}\r\n" for name, value in HEADERS.items())
    request = f"GET /items/1 HTTP/1.1\r\n{head}\r\n".encode()
    loop = asyncio.get_running_loop()
    began = time.monotonic()
    make = partial(Asking, request, began + seconds)
    pairs = [await loop.create_connection(make, "127.0.0.1", port) for _ in range(connections)]
    await asyncio.gather(*(protocol.closed for _, protocol in pairs))
    return sum(protocol.answers for _, protocol in pairs), time.monotonic() - began


def orders(names: list[str], rounds: int) -> Iterator[list[str]]:
    """Return the order of the apps in each round; each is first equally often."""
    for number in range(rounds):
        start = number % len(names)
        turned = names[start:] + names[:start]
        yield turned if number // len(names) % 2 == 0 else turned[::-1]


def ratios(rounds: list[dict[str, float]], name: str) -> float:
    return statistics.median(each[name] / each["bare"] for each in rounds)


def measure_in_process(rounds: int, calls: int) -> dict[str, Any]:
    apps = in_process()
    for app in apps.values():
        nanoseconds_per_call(app, calls)  # warm
    measured = [
        {name: nanoseconds_per_call(apps[name], calls) for name in order} for order in orders(list(apps), rounds)
    ]
    return {
        name: {
            "ns": round(statistics.median(each[name] for each in measured)),
            "added_ns": round(statistics.median(each[name] - each["bare"] for each in measured)),
            "ratio": round(ratios(measured, name), 2),
        }
        for name in apps
    }


async def measure_served(rounds: int, seconds: float, connections: int) -> dict[str, Any]:
    load = load_by_wrk if shutil.which("wrk") else load_by_asyncio
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        (folder / f"{MODULE}.py").write_text(source())
        (folder / "main.py").write_text(MAIN)
        commands = {
            "bare": ("main:app", "--no-proxy-headers"),
            "bare again": ("main:app", "--no-proxy-headers"),
            "uvicorn": ("main:app", "--root-path", PREFIX, "--forwarded-allow-ips", "127.0.0.1"),
            "adapter": (f"{MODULE}:app", "--no-proxy-headers"),
        }
        speed: list[dict[str, float]] = []
        cpu: list[dict[str, float]] = []
        async with AsyncExitStack() as stack:
            servers: dict[str, Served] = {}
            for name, (app, *options) in commands.items():
                servers[name] = await serve(folder, name, app, *options)
                stack.push_async_callback(servers[name].child.stop, 10)
                await load(servers[name].port, seconds, connections)  # warm
            for order in orders(list(servers), rounds):
                speed.append({})
                cpu.append({})
                for name in order:
                    before = servers[name].cpu_nanoseconds
                    answers, took = await load(servers[name].port, seconds, connections)
                    speed[-1][name] = answers / took
                    cpu[-1][name] = (servers[name].cpu_nanoseconds - before) / 1000 / answers
    return {
        "client": load.__name__.removeprefix("load_by_"),
        **{
            name: {
                "requests_per_second": round(statistics.median(each[name] for each in speed)),
                "speed_ratio": round(ratios(speed, name), 3),
                "cpu_us": round(statistics.median(each[name] for each in cpu), 1),
                "cpu_ratio": round(ratios(cpu, name), 3),
            }
            for name in commands
        },
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=80)
    parser.add_argument("--calls", type=int, default=5_000, help="of each app in a round")
    parser.add_argument("--seconds", type=float, default=0.5, help="for each server in a round")
    parser.add_argument("--connections", type=int, default=16)
    parser.add_argument("--json", type=Path, help="write the results here too")
    given = parser.parse_args()
    result = {
        "connections": given.connections,
        "in process": measure_in_process(given.rounds, given.calls),
        "served": asyncio.run(measure_served(given.rounds, given.seconds, given.connections)),
    }
    text = json.dumps(result, indent=2)
    print(text)
    if given.json:
        given.json.write_text(f"{text}\n")


if __name__ == "__main__":
    main()
