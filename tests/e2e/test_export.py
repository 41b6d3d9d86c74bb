"""Exported files serve the app: each proxy and its server are started by the commands of their systemd units."""

import asyncio
import http.client
import json
import os
import shlex
import ssl
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest
import trustme
import yaml
from typer.testing import CliRunner
from websockets.asyncio.client import connect

from proxiedapp.cli import app
from proxiedapp.local.proxies.programs import find_program
from proxiedapp.local.proxies.table import PROXIES
from proxiedapp.verify import check
from proxiedapp.verify.target import VerifyOptions, VerifyTarget
from proxiedapp_sandbox.controlplane import free_ports
from tests.support.sandbox import PATIENCE, eventually

APPS = Path(__file__).parent / "dev_apps"
RUNNER = CliRunner()
REACHED = "/api/v1/seen/x"
VECTORS = {
    "/api/v1/seen/x": {"traefik", "nginx", "caddy"},
    "//api/v1/seen/x": {"traefik", "nginx", "caddy"},
    "/x/../api/v1/seen/x": {"traefik", "nginx", "caddy"},
    "/%61pi/v1/seen/x": {"traefik", "nginx", "caddy"},
    "/api/v1%2Fseen/x": {"nginx", "caddy"},
    "/API/V1/seen/x": {"caddy"},
    "/api/v10/seen/x": set(),
    "/api/v1x/seen/x": set(),
    "/api/v1;x/seen/x": set(),
    "/api/v1/../seen/x": set(),
    "/api/v1/%2e%2e/seen/x": set(),
}
"""Paths as they are sent, and the proxies with which each reaches the app; others answer 404."""
FORGED = {
    "X-Forwarded-For": "6.6.6.6",
    "X-Forwarded-Prefix": "/forged",
    "X-Forwarded-Host": "forged.test",
    "Forwarded": "for=6.6.6.6",
    "Daphne-Root-Path": "/forged",
    "X-Script-Name": "/forged",
    "X-Forwarded-Server": "forged.test",
    "X-Forwarded-Ssl": "on",
    "X-Scheme": "https",
}


@contextmanager
def unit(file: Path, program: str | None = None) -> Iterator[None]:
    """Run the command of a unit with its variables; `program` replaces the first word."""
    lines = [line.partition("=")[::2] for line in file.read_text().splitlines()]
    (words,) = [shlex.split(value) for name, value in lines if name == "ExecStart"]
    given = dict(shlex.split(value)[0].partition("=")[::2] for name, value in lines if name == "Environment")
    environment = os.environ | given | {"PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"}
    folder = file.parent if program is not None else APPS
    command = words if program is None else [program, *words[1:]]
    nowhere = subprocess.DEVNULL  # not a pipe: nginx would wait until someone reads its complaints
    process = subprocess.Popen(command, cwd=folder, env=environment, stdout=nowhere, stderr=nowhere)
    try:
        yield
    finally:
        process.terminate()
        process.wait()


def asked(port: int, path: str, headers: dict[str, str] | None = None) -> tuple[int, bytes]:
    connection = http.client.HTTPConnection("127.0.0.1", port)
    try:
        connection.putrequest("GET", path, skip_host=True)
        for name, value in {"Host": "shop.test", **(headers or {})}.items():
            connection.putheader(name, value)
        connection.endheaders()
        answer = connection.getresponse()
        return answer.status, answer.read()
    except (ConnectionError, http.client.HTTPException):
        return 0, b""
    finally:
        connection.close()


@contextmanager
def served(tmp_path: Path, proxy: str, server: str, route: dict[str, object], *flags: str) -> Iterator[int]:
    """Export an app, run what was exported, and yield the port of the proxy."""
    app_port, port = free_ports(2)
    spec = {"image": "shop:1", "port": app_port, "server": {"kind": server, "app": "main:app"}, "route": route}
    manifest = {
        "apiVersion": "proxiedapp.dev/v1alpha1",
        "kind": "ProxiedApp",
        "metadata": {"name": "shop"},
        "spec": spec,
    }
    (tmp_path / "app.yaml").write_text(yaml.safe_dump(manifest))
    given = ["--proxy", proxy, "--port", str(port), "--address", "127.0.0.1", *flags]
    done = RUNNER.invoke(app, ["export", str(tmp_path / "app.yaml"), str(tmp_path / "out"), *given])
    assert done.exit_code == 0, done.stderr
    with (
        unit(tmp_path / "out" / "shop.service"),
        unit(tmp_path / "out" / f"{proxy}-apps.service", find_program(PROXIES[proxy])),
    ):
        yield port


@pytest.mark.parametrize(("proxy", "server"), [("traefik", "uvicorn"), ("nginx", "hypercorn"), ("caddy", "granian")])
def test_exported_files_serve_the_app(tmp_path: Path, proxy: str, server: str) -> None:
    with served(tmp_path, proxy, server, {"pathPrefix": "/api/v1", "hosts": ["shop.test"]}) as port:
        eventually(lambda: asked(port, "/api/v1/items/")[0] == 200, "the app through the proxy")

        target = VerifyTarget(f"http://127.0.0.1:{port}/api/v1", host="shop.test")
        options = VerifyOptions("/openapi.json", "/docs", ("/sub/docs",))
        findings = asyncio.run(check.verify(target, options, seconds=PATIENCE))
        assert [finding.as_text() for finding in findings if not finding.ok] == []

        reached = {path: asked(port, path) for path in VECTORS}
        assert {path for path, (status, _) in reached.items() if status == 200} == {
            path for path, proxies in VECTORS.items() if proxy in proxies
        }
        assert {json.loads(body)["path"] for status, body in reached.values() if status == 200} == {REACHED}

        seen = json.loads(asked(port, REACHED, FORGED)[1])
        assert (seen["root_path"], seen["scheme"], seen["client"]) == ("/api/v1", "http", "127.0.0.1")
        values = {value for _, value in seen["headers"]}
        assert values.isdisjoint({"6.6.6.6", "/forged", "forged.test", "for=6.6.6.6", "on"})


async def first_message(address: str, context: ssl.SSLContext) -> str | bytes:
    """Return the first message of a WebSocket.

    Not with websockets.sync: it reads and writes one TLS connection from two threads, and so lost 1 of 2,000 responses
    to its handshake (websockets 17.4, Python 3.11.7).
    """
    async with connect(address, ssl=context, proxy=None, open_timeout=PATIENCE) as socket:
        return await socket.recv()


@pytest.mark.parametrize(("proxy", "server"), [("traefik", "hypercorn"), ("nginx", "uvicorn"), ("caddy", "granian")])
def test_https_streams_uploads_and_websockets_pass(tmp_path: Path, proxy: str, server: str) -> None:
    authority = trustme.CA()
    leaf = authority.issue_cert("localhost")
    folder = tmp_path / "my keys"
    folder.mkdir()
    leaf.private_key_pem.write_to_path(folder / "tls.key")
    leaf.cert_chain_pems[0].write_to_path(folder / "tls.crt")
    context = ssl.create_default_context()
    authority.configure_trust(context)
    files = ["--certificate", str(folder / "tls.crt"), "--key", str(folder / "tls.key")]
    with (
        served(tmp_path, proxy, server, {"pathPrefix": "/api/v1"}, *files) as port,
        httpx.Client(
            base_url=f"https://localhost:{port}/api/v1", verify=context, trust_env=False, timeout=PATIENCE
        ) as client,
    ):
        eventually(lambda: client.get("/items/").status_code == 200, "the app through the proxy")
        forged = FORGED | {"X-Real-Ip": "6.6.6.6", "X-Forwarded-Proto": "http", "X-Forwarded-Port": "1"}
        seen = client.get("/seen/x", headers=forged).json()
        assert (seen["root_path"], seen["scheme"], seen["client"]) == ("/api/v1", "https", "127.0.0.1")
        assert {"6.6.6.6", "forged.test", "http", "1"}.isdisjoint(value for _, value in seen["headers"])
        assert client.post("/size", content=b"x" * 5_000_000).json() == 5_000_000
        with client.stream("GET", "/stream") as answer:
            lines = answer.iter_lines()
            assert next(lines) == "first"
            assert client.post("/release").status_code == 200
            assert next(lines) == "last"
        address = f"wss://localhost:{port}/api/v1/ws"
        assert asyncio.run(first_message(address, context)) == address
