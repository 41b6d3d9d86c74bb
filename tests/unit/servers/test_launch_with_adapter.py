"""Servers whose flags are not enough: the adapter is run in place of the app, or `limits` reports what is wrong."""

from typing import Any

import pytest

from proxiedapp.api.errors import CommandConflictError, StripModeError, UnknownServerError
from tests.support.commands import GRACEFUL, GRANIAN_VARIABLES, GUNICORN_VARIABLES, PREFIX, env, launched, words

ADAPTER_VARIABLES = {
    "PROXIEDAPP_APP": "main:app",
    "PROXIEDAPP_ROOT_PATH": PREFIX,
    "PROXIEDAPP_TRUSTED_PROXIES": "10.0.0.0/8",
}
SERVER_VARIABLES: dict[str, dict[str, str]] = {
    "gunicorn": GUNICORN_VARIABLES,
    "granian": GRANIAN_VARIABLES,
    "daphne": {"PYTHONPATH": "/opt/proxiedapp"},
    "pyvoy": {"PYTHONPATH": "/opt/proxiedapp"},
    "hypercorn": {},
}
FILE = "/opt/proxiedapp/proxiedapp_adapter.py:app"
"""The adapter for servers that accept files."""
GUNICORN_ADDS = f"--bind 0.0.0.0:8000 {GRACEFUL} --pythonpath /opt/proxiedapp"
NEVER: dict[str, Any] = {"server": {"adapter": "Never"}}


@pytest.mark.parametrize(
    ("command", "result"),
    [
        pytest.param("hypercorn main:app", f"hypercorn {FILE} --bind 0.0.0.0:8000 {GRACEFUL}", id="hypercorn"),
        pytest.param(
            "granian main:app",
            f"granian {FILE} --host 0.0.0.0 --port 8000 --interface asgi",
            id="granian, which gets its interface",
        ),
        pytest.param(
            "granian --interface asginl main:app --port=8000",
            f"granian --interface asginl {FILE} --port=8000 --host 0.0.0.0",
            id="granian without lifespan",
        ),
        pytest.param("daphne main:app", "daphne {app} --bind 0.0.0.0 --port 8000", id="daphne"),
        pytest.param(
            "daphne -b 0.0.0.0 -p 8000 main:app", "daphne -b 0.0.0.0 -p 8000 {app}", id="daphne with host and port"
        ),
        pytest.param(
            "gunicorn -k uvicorn_worker.UvicornWorker main:app",
            f"gunicorn -k uvicorn_worker.UvicornWorker {{app}} {GUNICORN_ADDS}",
            id="gunicorn with a uvicorn worker",
        ),
        pytest.param(
            "gunicorn main:app --worker-class=uvicorn.workers.UvicornH11Worker -w 4",
            f"gunicorn {{app}} --worker-class=uvicorn.workers.UvicornH11Worker -w 4 {GUNICORN_ADDS}",
            id="gunicorn with the older uvicorn worker",
        ),
        pytest.param(
            "gunicorn -kasgi main:app -b :8000 --graceful-timeout 9",
            "gunicorn -kasgi {app} -b :8000 --graceful-timeout 9 --pythonpath /opt/proxiedapp",
            id="gunicorn's own asgi worker",
        ),
        pytest.param(
            "gunicorn --worker-cl uvicorn_worker.UvicornWorker --bin 0.0.0.0:8000 --grace 9 main:app",
            "gunicorn --worker-cl uvicorn_worker.UvicornWorker --bin 0.0.0.0:8000 --grace 9 {app} "
            "--pythonpath /opt/proxiedapp",
            id="abbreviated options",
        ),
        pytest.param(
            "python -m hypercorn -w 2 -- main:app",
            f"python -m hypercorn -w 2 --bind 0.0.0.0:8000 {GRACEFUL} -- {FILE}",
            id="app after --",
        ),
        pytest.param(
            "pyvoy main:app", "pyvoy {app} --address 0.0.0.0 --port 8000 --websockets", id="pyvoy, which needs a switch"
        ),
        pytest.param(
            "tini -- daphne -p 8000 main:app", "tini -- daphne -p 8000 {app} --bind 0.0.0.0", id="behind a wrapper"
        ),
    ],
)
def test_adapter_replaces_the_app(command: str, result: str) -> None:
    launch = launched(command)
    assert launch.command == tuple(words(result.format(app="proxiedapp_adapter:app")))
    server = next(name for name in SERVER_VARIABLES if name in command)
    assert launch.env == SERVER_VARIABLES[server] | ADAPTER_VARIABLES
    assert (launch.adapter, launch.strips) == (True, True)
    assert ("cuts requests" in launch.limits) == (server in {"daphne", "pyvoy"})


@pytest.mark.parametrize(
    ("script", "result"),
    [
        pytest.param("exec hypercorn main:app", f"exec hypercorn {FILE} --bind 0.0.0.0:8000 {GRACEFUL}", id="exec"),
        pytest.param(
            "hypercorn 'main:app' -w 2 && true",
            f"hypercorn {FILE} -w 2 --bind 0.0.0.0:8000 {GRACEFUL} && true",
            id="quoted app in the middle",
        ),
        pytest.param(
            "granian --interface asgi -- main:app",
            f"granian --interface asgi --host 0.0.0.0 --port 8000 -- {FILE}",
            id="app after --",
        ),
    ],
)
def test_adapter_replaces_the_app_in_a_script(script: str, result: str) -> None:
    assert launched(["sh", "-c", script]).command == ("sh", "-c", result)


def test_adapter_replaces_an_app_that_is_an_argument_of_the_script() -> None:
    launch = launched(["sh", "-c", 'exec hypercorn "$@"', "sh"], ["-w", "2", "main:app"])
    assert launch.command == ("sh", "-c", f'exec hypercorn "$@" --bind 0.0.0.0:8000 {GRACEFUL}', "sh")
    assert launch.args == ("-w", "2", FILE)


@pytest.mark.parametrize(
    ("options", "variables", "name"),
    [
        pytest.param("--factory", {}, "create", id="switch"),
        pytest.param("", {"GRANIAN_FACTORY": "True"}, "create", id="variable"),
        pytest.param("", {"GRANIAN_FACTORY": "0"}, "app", id="variable that is off"),
        pytest.param("--factory", {"GRANIAN_FACTORY": "0"}, "create", id="switch over variable"),
        pytest.param("--no-factory", {"GRANIAN_FACTORY": "1"}, "app", id="switch that is off over variable"),
        pytest.param("--factory --no-factory", {}, "app", id="the last switch"),
        pytest.param("--no-factory --factory", {}, "create", id="the last switch, on"),
    ],
)
def test_server_that_expects_a_factory_gets_one(options: str, variables: dict[str, str], name: str) -> None:
    launch = launched(f"granian {options} main:make", env=env(**variables) or None)
    assert f"/opt/proxiedapp/proxiedapp_adapter.py:{name}" in (launch.command or ())
    assert launch.env["PROXIEDAPP_APP"] == "main:make"


def test_factory_switch_from_a_secret_is_rejected() -> None:
    variable = {"name": "GRANIAN_FACTORY", "valueFrom": {"secretKeyRef": {"name": "shop", "key": "value"}}}
    with pytest.raises(CommandConflictError, match="GRANIAN_FACTORY gets its value from a source"):
        launched("granian main:make", env=[variable])


def test_call_as_the_app_is_passed_to_the_adapter() -> None:
    launch = launched(["gunicorn", "-k", "asgi", 'main:make("x")'])
    assert "proxiedapp_adapter:app" in (launch.command or ())
    assert launch.env["PROXIEDAPP_APP"] == 'main:make("x")'


def test_python_path_of_the_user_follows_that_of_the_adapter() -> None:
    launch = launched("daphne main:app", env=env(PYTHONPATH="/src:/lib"))
    assert launch.env["PYTHONPATH"] == "/opt/proxiedapp:/src:/lib"


@pytest.mark.parametrize(
    "command", ["hypercorn", "granian", "gunicorn -k asgi", "gunicorn -k uvicorn_worker.UvicornWorker"]
)
def test_python_path_of_the_image_stays_as_it_is(command: str) -> None:
    assert "PYTHONPATH" not in launched(f"{command} main:app").env
    assert "PYTHONPATH" not in launched(f"env PYTHONPATH=src {command} main:app").env


@pytest.mark.parametrize(
    ("options", "variables", "path"),
    [
        pytest.param("--pythonpath src,lib", {}, "src,lib,/opt/proxiedapp", id="flag"),
        pytest.param("", {"GUNICORN_CMD_ARGS": "--pythonpath=src"}, "src,/opt/proxiedapp", id="variable"),
        pytest.param("--pythonpath /opt/proxiedapp", {}, "/opt/proxiedapp", id="the adapter's own folder"),
    ],
)
def test_folders_of_the_user_stay_in_the_path_of_gunicorn(options: str, variables: dict[str, str], path: str) -> None:
    command = launched(f"gunicorn -k asgi {options} main:app", env=env(**variables) or None).command or ()
    assert command[-2:] == ("--pythonpath", path), "the last one counts, and its last folder is searched first"


def test_adapter_without_a_prefix_still_gets_the_trusted_proxies() -> None:
    launch = launched("hypercorn main:app", prefix="/")
    assert launch.env == ADAPTER_VARIABLES | {"PROXIEDAPP_ROOT_PATH": ""}
    assert (launch.adapter, launch.strips) == (True, False)


@pytest.mark.parametrize(
    ("command", "added", "strips"),
    [
        pytest.param(
            "hypercorn main:app", "--root-path /api --bind 0.0.0.0:8000 --graceful-timeout 20", False, id="hypercorn"
        ),
        pytest.param(
            "granian --interface asgi main:app",
            "--url-path-prefix /api --host 0.0.0.0 --port 8000",
            False,
            id="granian",
        ),
        pytest.param(
            "daphne main:app", "--root-path /api --bind 0.0.0.0 --port 8000 --proxy-headers", False, id="daphne"
        ),
        pytest.param(
            "gunicorn -k asgi main:app",
            "--root-path /api --forwarded-allow-ips 10.0.0.0/8 --bind 0.0.0.0:8000 --graceful-timeout 20",
            False,
            id="gunicorn-asgi",
        ),
        pytest.param(
            "gunicorn -k uvicorn_worker.UvicornWorker main:app",
            "--forwarded-allow-ips 10.0.0.0/8 --bind 0.0.0.0:8000 --graceful-timeout 20",
            True,
            id="gunicorn-uvicorn",
        ),
    ],
)
def test_without_the_adapter_flags_are_added_and_limits_are_reported(command: str, added: str, strips: bool) -> None:
    launch = launched(command, **NEVER)
    assert launch.command == tuple(words(f"{command} {added}"))
    assert launch.env == (SERVER_VARIABLES[command.split(maxsplit=1)[0]] if "daphne" not in command else {})
    assert (launch.adapter, launch.strips) == (False, strips)
    assert "Use spec.server.adapter: Auto" in launch.limits


@pytest.mark.parametrize("worker", ["asgi", "uvicorn_worker.UvicornWorker"])
@pytest.mark.parametrize(
    ("bind", "trusted"),
    [
        pytest.param(
            "[::]:8000", "10.0.0.0/8,fd00::/8,192.0.2.1,::ffff:10.0.0.0/104,::ffff:192.0.2.1/128", id="both families"
        ),
        pytest.param(
            "[::]", "10.0.0.0/8,fd00::/8,192.0.2.1,::ffff:10.0.0.0/104,::ffff:192.0.2.1/128", id="both, without a port"
        ),
        pytest.param("[fd00::1]:8000", "10.0.0.0/8,fd00::/8,192.0.2.1", id="IPv6 only"),
        pytest.param("0.0.0.0:8000", "10.0.0.0/8,fd00::/8,192.0.2.1", id="IPv4 only"),
    ],
)
def test_server_on_both_families_trusts_mapped_addresses_too(worker: str, bind: str, trusted: str) -> None:
    networks = ["10.0.0.0/8", "fd00::/8", "192.0.2.1"]
    launch = launched(f"gunicorn -k {worker} -b {bind} main:app", trusted=networks, server={"adapter": "Never"})
    command = launch.command or ()
    assert command[command.index("--forwarded-allow-ips") + 1] == trusted


@pytest.mark.parametrize(
    "command",
    [
        "hypercorn main:app",
        "granian main:app",
        "daphne main:app",
        "pyvoy main:app",
        "gunicorn -k asgi main:app",
        "gunicorn -k uvicorn_worker.UvicornWorker main:app",
    ],
)
def test_adapter_knows_that_the_proxy_keeps_the_prefix(command: str) -> None:
    launch = launched(command, route={"stripPrefix": "Never"})
    assert launch.env == SERVER_VARIABLES[command.split(maxsplit=1)[0]] | ADAPTER_VARIABLES | {
        "PROXIEDAPP_PREFIX_KEPT": "yes"
    }
    assert (launch.adapter, launch.strips) == (True, False)
    assert "--root-path" not in (launch.command or ())


def test_no_prefix_is_kept_if_there_is_none() -> None:
    assert launched("hypercorn main:app", prefix="/", route={"stripPrefix": "Never"}).env == ADAPTER_VARIABLES | {
        "PROXIEDAPP_ROOT_PATH": ""
    }


@pytest.mark.parametrize(
    ("command", "fields"),
    [
        pytest.param(
            "hypercorn main:app", {**NEVER, "route": {"stripPrefix": "Always"}}, id="hypercorn by flags, Always"
        ),
        pytest.param("uvicorn main:app", {"route": {"stripPrefix": "Never"}}, id="uvicorn, Never"),
        pytest.param(
            "gunicorn -k uvicorn_worker.UvicornWorker main:app",
            {**NEVER, "route": {"stripPrefix": "Never"}},
            id="gunicorn-uvicorn by flags, Never",
        ),
    ],
)
def test_strip_mode_that_the_server_cannot_serve_is_rejected(command: str, fields: dict[str, Any]) -> None:
    with pytest.raises(StripModeError):
        launched(command, **fields)


@pytest.mark.parametrize(
    ("command", "fields", "field", "problem"),
    [
        pytest.param(
            "hypercorn main:app --root-path /other",
            {},
            "spec.command",
            "--root-path /other contradicts spec.route.pathPrefix, which is /api",
            id="other root path, though the adapter replaces it",
        ),
        pytest.param(
            "granian --interface rsgi main:app",
            {},
            "spec.command",
            "--interface rsgi cannot run a FastAPI app, which needs the interface asgi",
            id="other interface",
        ),
        pytest.param(
            "granian main:app",
            {"env": env(GRANIAN_URL_PATH_PREFIX="/v2")},
            "spec.env",
            "GRANIAN_URL_PATH_PREFIX /v2 contradicts spec.route.pathPrefix, which is /api",
            id="other prefix by variable",
        ),
        pytest.param(
            "gunicorn -k asgi main:app -b 127.0.0.1:8000",
            {},
            "spec.command",
            "with --bind 127.0.0.1:8000, the server listens on loopback only, where the proxy cannot reach it",
            id="listens on loopback",
        ),
        pytest.param(
            "hypercorn -b unix:/run/socket main:app",
            {},
            "spec.command",
            "--bind unix:/run/socket cannot be used: the proxy reaches the pod over the network, not through a Unix "
            "socket",
            id="listens on a Unix socket",
        ),
        pytest.param(
            "gunicorn -k uvicorn_worker.UvicornWorker main:app",
            {"env": env(FORWARDED_ALLOW_IPS="*")},
            "spec.env",
            "FORWARDED_ALLOW_IPS * contradicts spec.proxy.trustedProxies, which is 10.0.0.0/8",
            id="trusts every address, by variable",
        ),
        pytest.param(
            "gunicorn main:app",
            {"env": env(GUNICORN_CMD_ARGS="-k asgi --root-path=/v2")},
            "spec.env",
            "--root-path /v2 contradicts spec.route.pathPrefix, which is /api",
            id="other root path in GUNICORN_CMD_ARGS",
        ),
        pytest.param(
            "gunicorn -k asgi -b 127.0.0.1:8000 main:app",
            {"env": env(GUNICORN_CMD_ARGS="-b 0.0.0.0:8000")},
            "spec.command",
            "with --bind 127.0.0.1:8000, the server listens on loopback only, where the proxy cannot reach it",
            id="listens on loopback, though not by GUNICORN_CMD_ARGS",
        ),
        pytest.param(
            "daphne --proxy-headers main:app",
            {},
            "spec.command",
            "--proxy-headers cannot be used: "
            "daphne then takes the client's address from any client, and the adapter cannot recognise the proxy by it",
            id="daphne that trusts every client",
        ),
        pytest.param(
            "hypercorn -c hypercorn.toml",
            {},
            "spec.command",
            "it does not name the app for hypercorn to run",
            id="command without an app",
        ),
        pytest.param(
            "pyvoy --static-mount a=b c=d main:app",
            {},
            "spec.command",
            "--static-mount cannot be used: it takes several values, among which the operator cannot recognise the app",
            id="option with any number of values",
        ),
        pytest.param(
            "pyvoy --interface wsgi main:app",
            {},
            "spec.command",
            "--interface wsgi cannot run a FastAPI app, which needs the interface asgi",
            id="pyvoy as a WSGI server",
        ),
        pytest.param(
            ["sh", "-c", "hypercorn $APP"],
            {},
            "spec.command",
            "the name of the app comes from a source that the operator cannot read, such as valueFrom or the shell",
            id="app from a variable of the shell",
        ),
        pytest.param(
            "env PYTHONPATH=src daphne main:app",
            {},
            "spec.command",
            "the operator cannot add the adapter's folder to PYTHONPATH, which the command sets",
            id="Python path set by the command",
        ),
        *(
            pytest.param(
                command,
                {},
                "spec.command",
                f"the operator sets {variable} for the server, but the command removes it or makes the server "
                "ignore it",
                id=f"variable of the adapter removed: {command}",
            )
            for command, variable in (
                ("env -i hypercorn main:app", "PROXIEDAPP_APP"),
                ("env - granian main:app", "GRANIAN_WORKERS_KILL_TIMEOUT"),
                ("env -u PROXIEDAPP_ROOT_PATH hypercorn main:app", "PROXIEDAPP_ROOT_PATH"),
                ("python -I -m daphne main:app", "PYTHONPATH"),
                ("python -uEm pyvoy main:app", "PYTHONPATH"),
            )
        ),
        pytest.param(
            "gunicorn -k asgi main:app",
            {"env": env(GUNICORN_CMD_ARGS="--certfile a.pem")},
            "spec.env",
            "--certfile cannot be used: the proxy sends plain HTTP to the pod, and TLS ends at the proxy",
            id="option that cannot be used, from a variable",
        ),
        pytest.param(
            "gunicorn -k asgi -b fd://3 main:app",
            {},
            "spec.command",
            "--bind fd://3 cannot be used: the proxy reaches the pod over the network, not through an inherited socket",
            id="bind to an inherited socket",
        ),
        pytest.param(
            "gunicorn -k asgi -b 0.0.0.0:8000,0.0.0.0:9000 main:app",
            {},
            "spec.command",
            "--bind 0.0.0.0:8000,0.0.0.0:9000 cannot be used: it is not one host:port, such as 0.0.0.0:8000",
            id="two addresses in one bind",
        ),
        pytest.param(
            "gunicorn -k asgi -b tcp://127.0.0.1:8000 main:app",
            {},
            "spec.command",
            "with --bind tcp://127.0.0.1:8000, the server listens on loopback only, where the proxy cannot reach it",
            id="loopback with a scheme",
        ),
        pytest.param(
            "daphne main:app",
            {"server": {"workers": 2}},
            "spec.server.workers",
            "daphne has no option for it",
            id="workers for daphne, which has one process",
        ),
    ],
)
def test_contradiction_is_rejected(command: Any, fields: dict[str, Any], field: str, problem: str) -> None:
    with pytest.raises(CommandConflictError) as rejected:
        launched(command, **fields)
    assert (rejected.value.field, rejected.value.problem) == (field, problem)


def test_one_address_that_the_proxy_can_reach_is_enough() -> None:
    command = "gunicorn -k asgi -b unix:/run/socket -b 127.0.0.1:9000 -b 0.0.0.0:8000 main:app"
    assert "--bind" not in (launched(command).command or ())


def test_worker_class_is_read_from_a_variable() -> None:
    launch = launched("gunicorn main:app", env=env(GUNICORN_CMD_ARGS="-k uvicorn_worker.UvicornWorker"))
    assert launch.server == "gunicorn-uvicorn"


def test_server_kind_replaces_a_worker_class_that_is_not_in_the_command() -> None:
    launch = launched("gunicorn -c gunicorn.conf.py main:app", server={"kind": "gunicorn-asgi"})
    assert (launch.server, launch.adapter) == ("gunicorn-asgi", True)


@pytest.mark.parametrize("kind", ["gunicorn-uvicorn", "gunicorn-asgi"])
def test_server_kind_decides_what_a_worker_class_of_the_user_is(kind: str) -> None:
    launch = launched("gunicorn -k app.workers:MyWorker main:app", server={"kind": kind})
    assert launch.server == kind
    with pytest.raises(UnknownServerError):
        launched("gunicorn -k app.workers:MyWorker main:app")


@pytest.mark.parametrize("worker", ["sync", "gthread", "gevent", "tornado", "gunicorn.workers.ggevent.GeventWorker"])
def test_server_kind_does_not_make_a_wsgi_worker_run_asgi_apps(worker: str) -> None:
    with pytest.raises(UnknownServerError):
        launched(f"gunicorn -k {worker} main:app", server={"kind": "gunicorn-uvicorn"})


@pytest.mark.parametrize("server", ["hypercorn", "gunicorn -k asgi"])
@pytest.mark.parametrize("bind", ["0.0.0.0", "[::]"])
def test_address_without_a_port_means_the_default_port_of_the_server(server: str, bind: str) -> None:
    assert "--bind" not in (launched(f"{server} -b {bind} main:app").command or ())
    with pytest.raises(CommandConflictError) as rejected:
        launched(f"{server} -b {bind} main:app", port=9000)
    assert f"--bind {bind} (port 8000 by default) contradicts spec.port, which is 9000" in str(rejected.value)


def test_wsgi_worker_class_is_unknown_and_the_fix_names_the_option() -> None:
    with pytest.raises(UnknownServerError) as unknown:
        launched("gunicorn main:app")
    assert "gunicorn with -k and its worker class" in unknown.value.fix


@pytest.mark.parametrize(
    ("kind", "command"),
    [
        (
            "gunicorn-uvicorn",
            "gunicorn -k uvicorn_worker.UvicornWorker proxiedapp_adapter:app --bind {bind} --workers 2 {more}",
        ),
        ("gunicorn-asgi", "gunicorn -k asgi proxiedapp_adapter:app --bind {bind} --workers 2 {more}"),
        ("hypercorn", f"hypercorn {FILE} --bind {{bind}} --workers 2 {GRACEFUL}"),
        ("granian", f"granian --interface asgi {FILE} --host 0.0.0.0 --port 8000 --workers 2"),
    ],
)
def test_command_is_written_from_kind_and_app(kind: str, command: str) -> None:
    launch = launched(None, server={"kind": kind, "app": "main:app", "workers": 2})
    more = f"{GRACEFUL} --pythonpath /opt/proxiedapp"
    assert launch.command == tuple(words(command.format(bind="0.0.0.0:8000", more=more)))
    assert launch.env == SERVER_VARIABLES[command.split(maxsplit=1)[0]] | ADAPTER_VARIABLES


@pytest.mark.parametrize(("strip_prefix", "strips"), [("Auto", True), ("Always", True), ("Never", False)])
def test_other_server_gets_variables_and_keeps_its_command(strip_prefix: str, strips: bool) -> None:
    launch = launched("python main.py", server={"kind": "other"}, route={"stripPrefix": strip_prefix})
    assert launch.command == ("python", "main.py")
    assert launch.env == {"FORWARDED_ALLOW_IPS": "10.0.0.0/8,::ffff:10.0.0.0/104"}
    assert (launch.adapter, launch.strips) == (False, strips)
    assert "the operator does not configure this server" in launch.limits


def test_other_server_can_be_the_command_of_the_image() -> None:
    launch = launched(None, server={"kind": "other"})
    assert (launch.command, launch.args, launch.server) == (None, None, "other")
