"""Each command imports only the libraries that it needs."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
HELLO = "examples/hello/app.yaml"

# Runs a command as the script does.
COMMAND = """
import contextlib, io, json, os, sys
from proxiedapp.cli import app
with contextlib.redirect_stdout(io.StringIO()), contextlib.suppress(SystemExit):
    app(sys.argv[1:])
"""
MODULES = f"{COMMAND}print(json.dumps(sorted(sys.modules)))"

CLUSTER = {"aiohttp", "kopf", "kubernetes"}
HTTP = {"fastapi", "httpx", "prometheus_client", "starlette", "uvicorn"}
TERMINAL = {"markdown_it", "pygments", "rich"}
METADATA = {"email", "importlib.metadata", "zipfile"}


def printed_by(script: str, *arguments: str) -> str:
    return subprocess.run(
        [sys.executable, "-c", script, *arguments], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout


def imported_by(*arguments: str) -> set[str]:
    modules: list[str] = json.loads(printed_by(MODULES, *arguments))
    return {*modules, *(module.partition(".")[0] for module in modules)}


@pytest.mark.parametrize("argument", ["--help", "nosuch"])
def test_help_and_a_wrong_command_import_no_command(argument: str) -> None:
    modules = imported_by(argument)
    assert modules.isdisjoint(CLUSTER | HTTP | TERMINAL | {"proxiedapp_sandbox", "proxiedapp.api", "yaml"})
    assert "proxiedapp.cli.program" in modules


def test_help_imports_no_module_that_takes_long() -> None:
    assert imported_by("--help").isdisjoint(METADATA | {"pydantic_core", "typing_extensions"})


def test_render_imports_neither_a_cluster_client_nor_an_http_library() -> None:
    modules = imported_by("render", HELLO)
    assert modules.isdisjoint(CLUSTER | HTTP | TERMINAL | {"asyncio", "proxiedapp_sandbox"})
    assert "proxiedapp.resources.desired" in modules


def test_render_imports_nothing_that_its_files_do_not_use() -> None:
    policies = {"proxiedapp.api.policy", "proxiedapp.routing.policy"}
    assert imported_by("render", HELLO).isdisjoint(METADATA | policies | {"proxiedapp.controller", "proxiedapp.verify"})


def test_render_makes_no_schema_of_kubernetes_types_that_the_app_does_not_use() -> None:
    read = "from proxiedapp.api import upstream\nprint(upstream._definitions.cache_info().misses)"
    assert printed_by(f"{COMMAND}{read}", "render", HELLO) == "0\n"
    assert printed_by(f"{COMMAND}{read}", "render", "tests/unit/resources/data/input/full.yaml") == "1\n"


def test_pydantic_of_a_command_searches_for_no_plugins_and_that_of_its_children_does() -> None:
    seen = """
from pydantic.plugin import _loader
print(_loader.get_plugins(), "PYDANTIC_DISABLE_PLUGINS" in os.environ)
"""
    assert printed_by(f"{COMMAND}{seen}", "render", HELLO) == "() False\n"


def test_verify_imports_an_http_client_only() -> None:
    modules = imported_by("verify", "ftp://example.com")
    assert modules.isdisjoint(CLUSTER | {"fastapi", "proxiedapp_sandbox", "uvicorn", "proxiedapp.process"})
    assert "httpx" in modules


def test_run_imports_nothing_of_the_sandbox_or_for_a_terminal(tmp_path: Path) -> None:
    modules = imported_by("run", "--kubeconfig", str(tmp_path / "missing"), "--health-port", "0")
    assert modules.isdisjoint(TERMINAL | {"proxiedapp_sandbox", "typer.rich_utils"})
    assert modules.isdisjoint({"kubernetes.dynamic", "kubernetes.stream", "oauthlib", "requests"}), (
        "a synchronous client"
    )
    assert "kubernetes.aio.dynamic" not in modules, "several MiB"
    assert modules >= {"fastapi", "kopf", "kubernetes.aio.client", "uvicorn"}


# Serves the endpoints with the modules that `proxiedapp run` imports, and prints what one of them answers.
HEALTH = """
import socket, urllib.request
import proxiedapp.cli.leanrun
from proxiedapp.process.health import Health, serve_health
listener = socket.create_server(("127.0.0.1", 0))
with serve_health(Health(), listener):
    url = f"http://127.0.0.1:{listener.getsockname()[1]}/healthz"
    print(urllib.request.build_opener(urllib.request.ProxyHandler({})).open(url, timeout=60).read().decode())
"""


def test_endpoints_are_served_with_what_run_imports() -> None:
    assert subprocess.check_output([sys.executable, "-c", HEALTH], text=True) == "ok\n\n"


# Reads a quantity as `proxiedapp run` does for each Deployment, and prints what that has imported.
QUANTITY = """
import json, sys
import proxiedapp.cli.leanrun
from proxiedapp.controller.observed.ownedfields import intent_digest
before = set(sys.modules)
intent_digest({"metadata": {}, "spec": {"limits": {"cpu": "0.5"}}})
print(json.dumps(sorted(set(sys.modules) - before)))
"""


def test_reading_a_quantity_imports_nothing_else() -> None:
    imported = json.loads(subprocess.check_output([sys.executable, "-c", QUANTITY], text=True))
    assert imported == ["kubernetes.utils.quantity"]


# Imports of what only proxiedapp[operator] has fail, as after `pip install proxiedapp`.
SMALL = """
import sys
blocked = {"aiohttp", "fastapi", "kopf", "kubernetes", "prometheus_client", "pythonjsonlogger", "starlette", "uvicorn"}
class Blocker:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in blocked:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)
sys.meta_path.insert(0, Blocker())
from proxiedapp.cli import app
app(sys.argv[1:])
"""


def in_small_install(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", SMALL, *arguments], cwd=ROOT, capture_output=True, text=True, check=False
    )


@pytest.mark.parametrize(
    "arguments",
    [
        pytest.param(("render", HELLO), id="render"),
        pytest.param(("check", HELLO), id="check"),
        pytest.param(("explain", HELLO), id="explain"),
        pytest.param(("crd", "proxiedapps"), id="crd"),
        pytest.param(("verify", "--help"), id="verify"),
        pytest.param(("dev", "--help"), id="dev"),
        pytest.param(("doctor", "--help"), id="doctor"),
    ],
)
def test_commands_of_the_laptop_need_nothing_of_the_operator(arguments: tuple[str, ...]) -> None:
    done = in_small_install(*arguments)
    assert (done.returncode, done.stderr if arguments[0] != "check" else "") == (0, "")


def test_run_names_the_extra_that_it_needs() -> None:
    done = in_small_install("run")
    assert done.returncode == 1
    assert done.stderr.startswith("proxiedapp: `proxiedapp run` needs the package ")
    assert done.stderr.endswith("run `pip install 'proxiedapp[operator]'`\n")
