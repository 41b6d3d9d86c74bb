"""The adapter under each server that needs it, with requests as a proxy sends them that strips the prefix.

The adapter is in a folder that looks like a mounted ConfigMap, and the app is in another. The command of a server only
names the adapter and the address to listen on; gunicorn is also set to trust no proxy itself.
"""

import asyncio
import json
import os
import re
import shutil
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import partial
from itertools import count
from pathlib import Path
from typing import Any

import httpx
import pytest
import pytest_asyncio
import websockets

from proxiedapp.servers.adapter import MODULE, source
from proxiedapp_sandbox.cluster import until
from proxiedapp_sandbox.controlplane import free_ports
from proxiedapp_sandbox.processes import ChildProcess
from tests.support import plain
from tests.support.dev import rewrite
from tests.support.sandbox import PATIENCE

BIN = Path(sys.executable).parent
APP_FOLDER = Path(__file__).parent / "adapter_app"

PREFIX = "/api/v1"
HOST = "shop.example.com"
BEHIND_THE_PROXY = {
    "Host": HOST,
    "X-Forwarded-For": "6.6.6.6, 203.0.113.5",
    "X-Forwarded-Host": HOST,
    "X-Forwarded-Port": "443",
    "X-Forwarded-Prefix": PREFIX,
    "X-Forwarded-Proto": "https",
}
FORGED = {"Daphne-Root-Path": "/forged", "Forwarded": "for=6.6.6.6;proto=https", "X-Script-Name": "/forged"}

Command = Callable[[str, int], list[str]]


def gunicorn(worker: str, *options: str) -> Command:
    def command(app: str, port: int) -> list[str]:
        return ["gunicorn", "-k", worker, "--bind", f"127.0.0.1:{port}", "--no-control-socket", *options, app]

    return command


def hypercorn(*options: str) -> Command:
    return lambda app, port: ["hypercorn", "--bind", f"127.0.0.1:{port}", *options, app]


def granian(interface: str, *options: str) -> Command:
    return lambda app, port: [
        "granian", "--interface", interface, "--host", "127.0.0.1", "--port", str(port), *options, app
    ]  # fmt: skip


def daphne(*options: str) -> Command:
    return lambda app, port: ["daphne", "--bind", "127.0.0.1", "--port", str(port), *options, app]


SERVERS: dict[str, Command] = {
    "hypercorn": hypercorn(),
    "granian asgi": granian("asgi"),
    "granian asginl": granian("asginl"),
    "daphne": daphne(),
    "gunicorn uvicorn_worker": gunicorn("uvicorn_worker.UvicornWorker"),
    "gunicorn uvicorn.workers": gunicorn("uvicorn.workers.UvicornWorker"),
    "gunicorn asgi": gunicorn("asgi"),
}
WITHOUT_LIFESPAN = {"daphne", "granian asginl"}


@dataclass
class Server:
    """A running server behind a proxy that strips the prefix."""

    name: str
    port: int
    trusts: bool
    child: ChildProcess
    headers: dict[str, str] = field(default_factory=lambda: dict(BEHIND_THE_PROXY))

    @property
    def scheme(self) -> str:
        """Return the scheme that the app must see."""
        return "https" if self.trusts else "http"

    async def get(self, path: str, **headers: str) -> httpx.Response:
        async with plain.async_client(base_url=f"http://127.0.0.1:{self.port}") as client:
            return await client.get(path, headers=self.headers | headers)

    async def websocket(self, path: str, **headers: str) -> Any:
        """Return the first message of a WebSocket. Traefik sets X-Forwarded-Proto to wss on an upgrade."""
        headers = {name: value for name, value in (self.headers | headers).items() if name != "Host"}
        async with websockets.connect(
            f"ws://{HOST}{path}",
            additional_headers=headers,
            host="127.0.0.1",
            port=self.port,
            proxy=None,
            open_timeout=None,
        ) as connection:
            return json.loads(await connection.recv())

    async def answers(self) -> bool:
        if self.child.ended:
            pytest.fail(f"{self.name} has ended: {self.log}")
        try:
            return (await self.get("/whoami/")).is_success
        except httpx.TransportError:
            return False

    @property
    def log(self) -> str:
        return self.child.log.read_text(errors="replace")


def mount(folder: Path) -> Path:
    """Write the adapter into a folder with the symbolic links of a mounted ConfigMap."""
    folder.mkdir()
    (folder / "..2026_01_01").mkdir()
    (folder / "..2026_01_01" / f"{MODULE}.py").write_text(source())
    (folder / "..data").symlink_to("..2026_01_01")
    (folder / f"{MODULE}.py").symlink_to(f"..data/{MODULE}.py")
    return folder


@asynccontextmanager
async def serving(
    tmp_path: Path,
    command: Command,
    *,
    name: str = "server",
    given: str = "main:app",
    adapter: str = f"{MODULE}:app",
    trusted: str = "127.0.0.1",
    python_path: str | None = "{mounted}",
    gunicorn_trusts: str | None = "",
    folder: Path = APP_FOLDER,
) -> AsyncIterator[Server]:
    """Run a server with the adapter; `{mounted}` in an argument or in `python_path` is the adapter's folder."""
    (port,) = free_ports(1)
    mounted = mount(tmp_path / "opt")
    program, *arguments = (argument.format(mounted=mounted) for argument in command(adapter, port))
    env = {
        "PATH": os.environ["PATH"],
        "HOME": str(tmp_path),
        "PYTHONDONTWRITEBYTECODE": "1",
        "PYTHONUNBUFFERED": "1",
        "PROXIEDAPP_APP": given,
        "PROXIEDAPP_ROOT_PATH": PREFIX,
        "PROXIEDAPP_TRUSTED_PROXIES": trusted,
    }
    if gunicorn_trusts is not None:
        env["FORWARDED_ALLOW_IPS"] = gunicorn_trusts
    if python_path is not None:
        env["PYTHONPATH"] = python_path.format(mounted=mounted)
    child = await ChildProcess.start([BIN / program, *arguments], log=tmp_path / "server.log", env=env, cwd=folder)
    server = Server(name, port, "127.0.0.1" in trusted, child)
    try:
        yield server
    finally:
        await child.stop(grace=10)


module_scoped = partial(pytest_asyncio.fixture, scope="module", loop_scope="module")
pytestmark = pytest.mark.asyncio(loop_scope="module")

TRUST = {"trusted": "127.0.0.1,10.42.0.0/16", "not trusted": "10.42.0.0/16,fd00::/8"}


@module_scoped(
    params=[pytest.param((name, trust), id=f"{name}, {trust}") for name in SERVERS for trust in TRUST],
)
async def server(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Server]:
    name, trust = request.param
    tmp_path = tmp_path_factory.mktemp("server")
    async with serving(tmp_path, SERVERS[name], name=name, trusted=TRUST[trust]) as running:
        await until(running.answers, name)
        yield running


async def test_root_path_and_paths(server: Server) -> None:
    seen = (await server.get("/whoami/%C3%A9%2Fx?a=1&b=%20")).json()
    assert seen["root_path"] == PREFIX
    assert seen["path"] == f"{PREFIX}/whoami/é/x"
    assert seen["raw_path"] == f"{PREFIX}/whoami/%C3%A9%2Fx"
    assert seen["query"] == "a=1&b=%20"


async def test_scheme_and_host(server: Server) -> None:
    seen = (await server.get("/whoami/")).json()
    assert (seen["scheme"], seen["url"]) == (server.scheme, f"{server.scheme}://{HOST}{PREFIX}/whoami/")


async def test_client(server: Server) -> None:
    host, port = (await server.get("/whoami/")).json()["client"]
    if server.trusts:
        assert (host, port) == ("203.0.113.5", 0)
    else:
        assert host == "127.0.0.1"
        assert int(port) > 0  # a string under granian


async def test_docs_and_schema(server: Server) -> None:
    schema = (await server.get("/openapi.json")).json()
    assert [entry["url"] for entry in schema["servers"]] == [PREFIX]
    assert f"url: '{PREFIX}/openapi.json'" in (await server.get("/docs")).text


@pytest.mark.parametrize("path", ["/items", "/openapi.json/", "/sub/items"])
async def test_trailing_slash_redirect_keeps_scheme_host_and_prefix(server: Server, path: str) -> None:
    answer = await server.get(path)
    other = path[:-1] if path.endswith("/") else f"{path}/"
    assert (answer.status_code, answer.headers["Location"]) == (307, f"{server.scheme}://{HOST}{PREFIX}{other}")


async def test_mounted_app(server: Server) -> None:
    schema = (await server.get("/sub/openapi.json")).json()
    assert [entry["url"] for entry in schema["servers"]] == [f"{PREFIX}/sub"]
    assert f"url: '{PREFIX}/sub/openapi.json'" in (await server.get("/sub/docs")).text
    assert (await server.get("/sub/items/")).json() == []


async def test_static_files(server: Server) -> None:
    assert (await server.get("/static/hello.txt")).text == "a static file\n"
    assert (await server.get("/static/absent.txt")).status_code == 404


async def test_request_that_still_has_the_prefix_gets_404(server: Server) -> None:
    """The proxy strips the prefix, so a request that still has it names a route that the app does not have."""
    assert (await server.get(f"{PREFIX}/items/")).status_code == 404


@pytest.mark.parametrize("proto", ["https", "wss"])
async def test_websocket(server: Server, proto: str) -> None:
    seen = await server.websocket("/socket?a=1", **{"X-Forwarded-Proto": proto})
    scheme = "wss" if server.trusts else "ws"
    assert seen["scheme"] == scheme
    assert seen["url"] == f"{scheme}://{HOST}{PREFIX}/socket?a=1"
    assert seen["url_for"] == f"{scheme}://{HOST}{PREFIX}/socket"
    assert (seen["root_path"], seen["raw_path"]) == (PREFIX, f"{PREFIX}/socket")
    assert seen["client"][0] == ("203.0.113.5" if server.trusts else "127.0.0.1")


async def test_forged_headers_change_nothing(server: Server) -> None:
    for path in ("/openapi.json", "/docs"):
        assert (await server.get(path, **FORGED)).text == (await server.get(path)).text
    seen = (await server.get("/whoami/", **FORGED)).json()
    assert (seen["root_path"], seen["scheme"]) == (PREFIX, server.scheme)
    assert (await server.websocket("/socket", **FORGED))["root_path"] == PREFIX


async def test_repeated_headers_are_joined_in_order(server: Server) -> None:
    lines = [("Host", HOST), ("X-Forwarded-For", "6.6.6.6"), ("X-Forwarded-For", "203.0.113.5, 127.0.0.1")]
    async with plain.async_client(base_url=f"http://127.0.0.1:{server.port}") as client:
        seen = (await client.get("/whoami/", headers=lines)).json()
    assert seen["client"][0] == ("203.0.113.5" if server.trusts else "127.0.0.1")


async def test_request_without_forwarding_headers_keeps_its_scheme_and_client(server: Server) -> None:
    """The kubelet's probes are such requests."""
    async with plain.async_client(base_url=f"http://127.0.0.1:{server.port}") as client:
        seen = (await client.get("/whoami/")).json()
    assert (seen["scheme"], seen["client"][0], seen["root_path"]) == ("http", "127.0.0.1", PREFIX)


async def test_lifespan_runs_if_the_server_supports_it(server: Server) -> None:
    expected = None if server.name in WITHOUT_LIFESPAN else "has run"
    assert (await server.get("/whoami/")).json()["lifespan"] == expected


@pytest.mark.parametrize(
    ("command", "given", "adapter"),
    [
        pytest.param(hypercorn(), "main:create('Shop', version='2')", f"{MODULE}:app", id="hypercorn, factory"),
        pytest.param(
            gunicorn("uvicorn_worker.UvicornWorker"),
            "main:create('Shop', version='2')",
            f"{MODULE}:app",
            id="gunicorn uvicorn, factory",
        ),
        pytest.param(
            gunicorn("asgi"), "main:create('Shop', version='2')", f"{MODULE}:app", id="gunicorn asgi, factory"
        ),
        pytest.param(granian("asgi", "--factory"), "main:create", f"{MODULE}:create", id="granian --factory"),
        pytest.param(hypercorn("--workers", "2"), "main:app", f"{MODULE}:app", id="hypercorn, two workers"),
        pytest.param(granian("asgi", "--workers", "2"), "main:app", f"{MODULE}:app", id="granian, two workers"),
        pytest.param(
            gunicorn("uvicorn_worker.UvicornWorker", "--workers", "2", "--preload"),
            "main:app",
            f"{MODULE}:app",
            id="gunicorn uvicorn, preload",
        ),
        pytest.param(gunicorn("asgi", "--preload"), "main:app", f"{MODULE}:app", id="gunicorn asgi, preload"),
        pytest.param(hypercorn("--reload"), "main:app", f"{MODULE}:app", id="hypercorn --reload"),
        pytest.param(hypercorn(), "asgi:main:app", f"{MODULE}:app", id="hypercorn, asgi:"),
        pytest.param(hypercorn(), f"{APP_FOLDER}/main.py", f"{MODULE}:app", id="hypercorn, file"),
        pytest.param(granian("asgi"), f"{APP_FOLDER}/main.py", f"{MODULE}:app", id="granian, file"),
        pytest.param(hypercorn("--root-path", "/other"), "main:app", f"{MODULE}:app", id="hypercorn, root path set"),
    ],
)
async def test_app_is_found_however_it_is_named_and_started(
    tmp_path: Path, command: Command, given: str, adapter: str
) -> None:
    async with serving(tmp_path, command, given=given, adapter=adapter) as server:
        await until(server.answers, given)
        schema = (await server.get("/openapi.json")).json()
        assert schema["servers"] == [{"url": PREFIX}]
        assert (schema["info"]["title"], schema["info"]["version"]) == (
            ("Shop", "2") if "Shop" in given else ("App", "1")
        )


@pytest.mark.parametrize(
    ("command", "adapter"),
    [
        pytest.param(hypercorn(), f"{{mounted}}/{MODULE}.py:app", id="hypercorn"),
        pytest.param(granian("asgi"), f"{{mounted}}/{MODULE}.py:app", id="granian"),
        pytest.param(
            gunicorn("uvicorn_worker.UvicornWorker", "--pythonpath", "{mounted}"), f"{MODULE}:app", id="gunicorn"
        ),
    ],
)
async def test_app_is_imported_with_the_pythonpath_of_its_image(tmp_path: Path, command: Command, adapter: str) -> None:
    """These servers need no PYTHONPATH to find the adapter, so the operator does not replace that of the image."""
    folder = app_with_a_library(tmp_path)
    async with serving(tmp_path, command, adapter=adapter, folder=folder, python_path=str(tmp_path / "lib")) as server:
        await until(server.answers, adapter)
        assert (await server.get("/whoami/")).json()["root_path"] == PREFIX


async def test_daphne_reports_a_pythonpath_that_replaced_the_one_of_the_image(tmp_path: Path) -> None:
    """It has no other way to find the adapter."""
    async with serving(tmp_path, daphne(), name="daphne", folder=app_with_a_library(tmp_path)) as server:

        async def is_logged() -> bool:
            return "No module named 'library'" in server.log and "if the image sets it too" in server.log

        await until(is_logged, "the missing module")
        await asyncio.wait_for(server.child.wait(), PATIENCE)


def app_with_a_library(tmp_path: Path) -> Path:
    """Return the folder of an app that imports a module from the folder `lib`."""
    folder = shutil.copytree(APP_FOLDER, tmp_path / "app")
    (folder / "main.py").write_text(f"import library\n{(APP_FOLDER / 'main.py').read_text()}")
    (tmp_path / "lib").mkdir()
    (tmp_path / "lib" / "library.py").touch()
    return folder


async def test_granian_works_inside_a_package_folder(tmp_path: Path) -> None:
    folder = shutil.copytree(APP_FOLDER, tmp_path / "shop")
    (folder / "__init__.py").touch()
    (folder / "main.py").rename(folder / "parts.py")
    (folder / "main.py").write_text("from .parts import app\n")
    adapter = f"{{mounted}}/{MODULE}.py:app"
    async with serving(tmp_path, granian("asgi"), adapter=adapter, folder=folder) as server:
        await until(server.answers, adapter)
        assert (await server.get("/whoami/")).json()["root_path"] == PREFIX


@pytest.mark.parametrize("name", [name for name in SERVERS if name.startswith("gunicorn")])
@pytest.mark.parametrize(
    ("gunicorn_trusts", "trusted"),
    [
        pytest.param("127.0.0.1", "127.0.0.1", id="both trust the proxy"),
        pytest.param(None, "10.42.0.0/16", id="gunicorn trusts loopback by default"),
    ],
)
async def test_gunicorn_has_its_own_list_of_trusted_proxies(
    tmp_path: Path, name: str, gunicorn_trusts: str | None, trusted: str
) -> None:
    """With an empty list, in all tests of `server`, gunicorn trusts no proxy, and the adapter alone decides."""
    async with serving(tmp_path, SERVERS[name], trusted=trusted, gunicorn_trusts=gunicorn_trusts) as server:
        await until(server.answers, name)
        seen = (await server.get("/whoami/")).json()
        assert seen["url"] == f"https://{HOST}{PREFIX}/whoami/"
        assert seen["client"][0] == (
            "203.0.113.5" if server.trusts or ("uvicorn" in name and gunicorn_trusts is None) else "127.0.0.1"
        )


@pytest.mark.parametrize(
    "command",
    [
        pytest.param(hypercorn("--reload"), id="hypercorn"),
        pytest.param(granian("asgi", "--reload"), id="granian"),
        pytest.param(gunicorn("asgi", "--reload"), id="gunicorn asgi"),
    ],
)
async def test_reload_notices_a_change_in_the_users_module(tmp_path: Path, command: Command) -> None:
    """gunicorn with a uvicorn worker reports a reload but does not reload, with or without the adapter."""
    folder = shutil.copytree(APP_FOLDER, tmp_path / "app")
    async with serving(tmp_path, command, folder=folder) as server:
        await until(server.answers, "the server")

        checks = count()

        async def shows_the_change() -> bool:
            # Write it repeatedly: the first write may come before the server starts to watch the file. But not with
            # each check, because a write restarts the server.
            main = folder / "main.py"
            changed = (APP_FOLDER / "main.py").read_text().replace('title: str = "App"', 'title: str = "New"')
            if next(checks) % 10 == 0:
                rewrite(main, changed)
            try:
                return bool((await server.get("/openapi.json")).json()["info"]["title"] == "New")
            except (httpx.TransportError, ValueError):
                return False

        await until(shows_the_change, "the change", pause=1.0)


@pytest.mark.parametrize("name", SERVERS)
@pytest.mark.parametrize(
    ("text", "error"),
    [
        pytest.param(
            "import not_installed_here", "ModuleNotFoundError: No module named 'not_installed_here'", id="import"
        ),
        pytest.param(
            "None.attribute", "AttributeError: 'NoneType' object has no attribute 'attribute'", id="attribute"
        ),
        pytest.param("unknown_name", "NameError: name 'unknown_name' is not defined", id="name"),
    ],
)
async def test_error_in_the_users_module_is_logged(tmp_path: Path, name: str, text: str, error: str) -> None:
    folder = tmp_path / "app"
    folder.mkdir()
    (folder / "main.py").write_text(f"app = None\n{text}\n")
    async with serving(tmp_path, SERVERS[name], name=name, folder=folder) as server:

        async def is_logged() -> bool:
            return error in server.log

        await until(is_logged, f"{name} with an error in main.py")
        assert re.search(rf'File "{re.escape(str(folder))}/main.py", line 2.*\n\s+{re.escape(text)}', server.log)
        await asyncio.wait_for(server.child.wait(), PATIENCE)
