"""Commands and variables that contradict the spec are rejected, with the field to change. None is overridden."""

from typing import Any

import pytest

from proxiedapp.api.errors import CommandConflictError, RejectedError
from proxiedapp.api.reasons import Reason
from tests.support.commands import env, launched

HIDDEN = {"secretKeyRef": {"name": "shop", "key": "value"}}
COMMAND, ENV = "spec.command", "spec.env"
NO_HEADERS = "cannot be used: the server then ignores X-Forwarded-* headers, and redirects use http instead of https"
UNREADABLE = "gets its value from a source that the operator cannot read, such as valueFrom or the shell"


@pytest.mark.parametrize(
    ("command", "field", "problem"),
    [
        pytest.param(
            "uvicorn main:app --root-path /v2",
            COMMAND,
            "--root-path /v2 contradicts spec.route.pathPrefix, which is /api",
            id="other root path",
        ),
        pytest.param(
            "uvicorn main:app --root-path=/api/",
            COMMAND,
            "--root-path /api/ contradicts spec.route.pathPrefix, which is /api",
            id="root path with a trailing slash",
        ),
        *(
            pytest.param(
                command,
                COMMAND,
                f"{command.split()[-1]} cannot be used: its value is missing, so the server would take the next option "
                "for it",
                id=f"no value in {command}",
            )
            for command in (
                "uvicorn main:app --port",
                "fastapi run main.py --root-path",
                "gunicorn -k asgi main:app --timeout",
                "hypercorn main:app --workers",
                "granian main:app --interface",
                "daphne main:app --port",
            )
        ),
        pytest.param(
            "uvicorn main:app --port 9000",
            COMMAND,
            "--port 9000 contradicts spec.port, which is 8000",
            id="other port",
        ),
        pytest.param(
            "uvicorn main:app --port 8000 --port 9000",
            COMMAND,
            "--port 9000 contradicts spec.port, which is 8000",
            id="other port in the last flag",
        ),
        pytest.param(
            "uvicorn main:app --host 127.0.0.1",
            COMMAND,
            "with --host 127.0.0.1, the server listens on loopback only, where the proxy cannot reach it",
            id="loopback host",
        ),
        *(
            pytest.param(
                f"uvicorn main:app --host {host}",
                COMMAND,
                f"with --host {host}, the server listens on loopback only, where the proxy cannot reach it",
                id=f"loopback as {host}",
            )
            for host in ("127.1", "2130706433", "::ffff:127.0.0.1", "LOCALHOST", "localhost.", "ip6-localhost")
        ),
        *(
            pytest.param(
                command,
                COMMAND,
                "the operator sets FORWARDED_ALLOW_IPS for the server, but the command removes it or makes the server "
                "ignore it",
                id=f"trust removed: {command}",
            )
            for command in (
                "env -u FORWARDED_ALLOW_IPS fastapi run",
                "env -uFORWARDED_ALLOW_IPS fastapi run",
                "env --unset=FORWARDED_ALLOW_IPS fastapi run",
                "env -i PATH=/bin fastapi run",
                "env - fastapi run",
                "sh -c 'unset FORWARDED_ALLOW_IPS; exec fastapi run'",
                "bash -c 'exec -c fastapi run'",
                "env -i sh -c 'exec fastapi run'",
            )
        ),
        pytest.param(
            "fastapi dev --host localhost",
            COMMAND,
            "with --host localhost, the server listens on loopback only, where the proxy cannot reach it",
            id="localhost",
        ),
        pytest.param(
            "uvicorn main:app --host=::1",
            COMMAND,
            "with --host ::1, the server listens on loopback only, where the proxy cannot reach it",
            id="IPv6 loopback",
        ),
        pytest.param(
            "uvicorn main:app --forwarded-allow-ips '*'",
            COMMAND,
            "--forwarded-allow-ips * contradicts spec.proxy.trustedProxies, which is 10.0.0.0/8",
            id="trusts every address",
        ),
        pytest.param(
            "env FORWARDED_ALLOW_IPS=* fastapi run",
            COMMAND,
            "FORWARDED_ALLOW_IPS * contradicts spec.proxy.trustedProxies, which is 10.0.0.0/8",
            id="trusts every address, by env",
        ),
        pytest.param(
            "sh -c 'FORWARDED_ALLOW_IPS=* fastapi run'",
            COMMAND,
            "FORWARDED_ALLOW_IPS * contradicts spec.proxy.trustedProxies, which is 10.0.0.0/8",
            id="trusts every address, by an assignment",
        ),
        pytest.param(
            "sh -c 'export FORWARDED_ALLOW_IPS=\"*\"; fastapi run'",
            COMMAND,
            "FORWARDED_ALLOW_IPS * contradicts spec.proxy.trustedProxies, which is 10.0.0.0/8",
            id="trusts every address, by an earlier export",
        ),
        pytest.param(
            "sh -c 'FORWARDED_ALLOW_IPS=*\nfastapi run'",
            COMMAND,
            "FORWARDED_ALLOW_IPS * contradicts spec.proxy.trustedProxies, which is 10.0.0.0/8",
            id="trusts every address, by an earlier assignment",
        ),
        pytest.param(
            "uvicorn main:app --uds /tmp/s",
            COMMAND,
            "--uds cannot be used: the proxy reaches the pod over the network, not through a Unix socket",
            id="Unix socket",
        ),
        pytest.param(
            "uvicorn main:app --fd 3",
            COMMAND,
            "--fd cannot be used: the proxy reaches the pod over the network, not through an inherited socket",
            id="inherited socket",
        ),
        pytest.param(
            "uvicorn main:app --ssl-keyfile=k",
            COMMAND,
            "--ssl-keyfile cannot be used: the proxy sends plain HTTP to the pod, and TLS ends at the proxy",
            id="TLS in the pod",
        ),
        pytest.param(
            "uvicorn main:app --ssl-certfile c",
            COMMAND,
            "--ssl-certfile cannot be used: the proxy sends plain HTTP to the pod, and TLS ends at the proxy",
            id="TLS in the pod, certificate",
        ),
        pytest.param(
            "fastapi run --no-proxy-headers",
            COMMAND,
            f"--no-proxy-headers {NO_HEADERS}",
            id="no proxy headers",
        ),
        pytest.param(
            "uvicorn main:app --proxy-headers --no-proxy-headers",
            COMMAND,
            f"--no-proxy-headers {NO_HEADERS}",
            id="no proxy headers in the last flag",
        ),
        pytest.param(
            "fastapi run -emain:app --port 9000",
            COMMAND,
            "--port 9000 contradicts spec.port, which is 8000",
            id="other port after a short option with its value",
        ),
        pytest.param(
            "sh -c 'uvicorn \"$@\" --port 9000' sh main:app --port 8000",
            COMMAND,
            "--port 9000 contradicts spec.port, which is 8000",
            id="other port after the arguments of the script",
        ),
        pytest.param(
            "sh -c 'uvicorn main:app --port $(cat port)'",
            COMMAND,
            f"--port {UNREADABLE}",
            id="port from a command substitution",
        ),
        pytest.param(
            "sh -c 'PORT=8000; fastapi run --port $PORT'",
            COMMAND,
            f"--port {UNREADABLE}",
            id="port from a variable that the script sets",
        ),
    ],
)
def test_command_that_contradicts_the_spec_is_rejected(command: str, field: str, problem: str) -> None:
    with pytest.raises(CommandConflictError) as rejected:
        launched(command)
    assert (rejected.value.field, rejected.value.problem) == (field, problem)


def test_variable_equal_to_the_default_is_accepted() -> None:
    assert launched("uvicorn main:app", env=env(UVICORN_PROXY_HEADERS="True")).command


@pytest.mark.parametrize(
    "command",
    [
        "env -i uvicorn main:app",
        "env -u HTTP_PROXY fastapi run",
        "env -i FORWARDED_ALLOW_IPS=10.0.0.0/8 fastapi run",
        "sh -c 'unset PORT; exec fastapi run'",
        "env -u UVICORN_PORT uvicorn main:app",
    ],
)
def test_variables_that_the_server_does_not_need_can_be_removed(command: str) -> None:
    launch = launched(command, env=env(UVICORN_PORT="9000", PORT="9000") if "PORT" in command else None)
    assert launch.command is not None


def test_variable_of_another_server_is_ignored() -> None:
    assert launched("fastapi run", env=env(UVICORN_PROXY_HEADERS="false", UVICORN_UDS="/run/socket")).command


def test_switch_that_a_later_one_reverts_is_accepted() -> None:
    assert "--proxy-headers" in (launched("uvicorn main:app --no-proxy-headers --proxy-headers").command or ())


@pytest.mark.parametrize(
    ("command", "variables", "problem"),
    [
        pytest.param(
            "uvicorn main:app",
            env(UVICORN_ROOT_PATH="/v2"),
            "UVICORN_ROOT_PATH /v2 contradicts spec.route.pathPrefix, which is /api",
            id="root path",
        ),
        pytest.param(
            "uvicorn main:app",
            env(UVICORN_PORT="9000"),
            "UVICORN_PORT 9000 contradicts spec.port, which is 8000",
            id="port of uvicorn",
        ),
        pytest.param(
            "uvicorn main:app",
            env(UVICORN_PROXY_HEADERS="false"),
            f"UVICORN_PROXY_HEADERS {NO_HEADERS}",
            id="no proxy headers",
        ),
        pytest.param(
            "uvicorn main:app",
            [{"name": "UVICORN_PROXY_HEADERS", "valueFrom": HIDDEN}],
            f"UVICORN_PROXY_HEADERS {NO_HEADERS}",
            id="proxy headers from a secret",
        ),
        pytest.param(
            "uvicorn main:app",
            env(UVICORN_UDS="/run/socket"),
            "UVICORN_UDS cannot be used: the proxy reaches the pod over the network, not through a Unix socket",
            id="Unix socket",
        ),
        pytest.param("fastapi run", env(PORT="9000"), "PORT 9000 contradicts spec.port, which is 8000", id="port"),
        pytest.param(
            "uvicorn main:app",
            env(UVICORN_HOST="127.0.0.1"),
            "with UVICORN_HOST 127.0.0.1, the server listens on loopback only, where the proxy cannot reach it",
            id="host",
        ),
        pytest.param(
            "uvicorn main:app",
            env(LOCAL="127.0.0.1", UVICORN_HOST="$(LOCAL)"),
            "with UVICORN_HOST 127.0.0.1, the server listens on loopback only, where the proxy cannot reach it",
            id="host, by a reference to another variable",
        ),
        pytest.param(
            "fastapi run",
            env(FORWARDED_ALLOW_IPS="*"),
            "FORWARDED_ALLOW_IPS * contradicts spec.proxy.trustedProxies, which is 10.0.0.0/8",
            id="trusted proxies",
        ),
        pytest.param(
            "uvicorn main:app",
            env(UVICORN_FORWARDED_ALLOW_IPS="10.0.0.0/8,0.0.0.0/0"),
            "UVICORN_FORWARDED_ALLOW_IPS 10.0.0.0/8,0.0.0.0/0 contradicts spec.proxy.trustedProxies, "
            "which is 10.0.0.0/8",
            id="trusted proxies of uvicorn",
        ),
        pytest.param(
            "fastapi run",
            [{"name": "FORWARDED_ALLOW_IPS", "valueFrom": HIDDEN}],
            f"FORWARDED_ALLOW_IPS {UNREADABLE}",
            id="trusted proxies from a secret",
        ),
        pytest.param(
            "uvicorn main:app",
            [{"name": "PATH_PREFIX", "valueFrom": HIDDEN}, {"name": "UVICORN_ROOT_PATH", "value": "$(PATH_PREFIX)"}],
            f"UVICORN_ROOT_PATH {UNREADABLE}",
            id="root path, by a reference to a secret",
        ),
    ],
)
def test_variable_that_contradicts_the_spec_is_rejected(
    command: str, variables: list[dict[str, Any]], problem: str
) -> None:
    with pytest.raises(CommandConflictError) as rejected:
        launched(command, env=variables)
    assert (rejected.value.field, rejected.value.problem) == (ENV, problem)


def test_flag_from_a_secret_is_rejected() -> None:
    with pytest.raises(CommandConflictError) as rejected:
        launched(["fastapi", "run", "--port", "$(P)"], env=[{"name": "P", "valueFrom": HIDDEN}])
    assert (rejected.value.field, rejected.value.problem) == (
        COMMAND,
        f"--port {UNREADABLE}",
    )


def test_flag_from_a_variable_that_the_script_changes_is_rejected() -> None:
    with pytest.raises(CommandConflictError) as rejected:
        launched(["sh", "-c", "PORT=9000; fastapi run --port $PORT"], env=env(PORT="8000"))
    assert rejected.value.problem == f"--port {UNREADABLE}"


def test_flag_from_a_variable_that_the_script_unsets_is_rejected() -> None:
    with pytest.raises(CommandConflictError) as rejected:
        launched(["sh", "-c", "unset PORT; exec uvicorn main:app --port ${PORT:-9000}"], env=env(PORT="8000"))
    assert rejected.value.problem == f"--port {UNREADABLE}"


def test_flag_from_an_empty_variable_in_a_script_is_rejected() -> None:
    """Unquoted, it becomes no argument, and the flag takes the next argument as its value (POSIX XCU 2.6.5)."""
    with pytest.raises(CommandConflictError) as rejected:
        launched(["sh", "-c", "uvicorn main:app --root-path $R --port 8000"], prefix="/", env=env(R=""))
    assert rejected.value.problem == f"--root-path {UNREADABLE}"


@pytest.mark.parametrize(
    ("command", "fields", "field", "problem"),
    [
        pytest.param(
            "fastapi run --workers 2",
            {"server": {"workers": 4}},
            COMMAND,
            "--workers 2 contradicts spec.server.workers, which is 4",
            id="workers by flag",
        ),
        pytest.param(
            "uvicorn main:app",
            {"server": {"workers": 4}, "env": env(WEB_CONCURRENCY="2")},
            ENV,
            "WEB_CONCURRENCY 2 contradicts spec.server.workers, which is 4",
            id="workers by variable",
        ),
        pytest.param(
            "fastapi dev",
            {"server": {"workers": 2}},
            "spec.server.workers",
            "fastapi dev has no option for it",
            id="workers for fastapi dev, which has one process",
        ),
        pytest.param(
            "uvicorn main:app",
            {"server": {"kind": "fastapi"}},
            "spec.server.kind",
            "it is fastapi, but spec.command starts uvicorn",
            id="server other than spec.server.kind",
        ),
        pytest.param(
            "fastapi run --root-path /api",
            {"route": {"pathPrefix": "/"}},
            COMMAND,
            "--root-path /api contradicts spec.route.pathPrefix, which is /",
            id="root path without a prefix",
        ),
    ],
)
def test_spec_that_contradicts_the_command_is_rejected(
    command: str, fields: dict[str, Any], field: str, problem: str
) -> None:
    with pytest.raises(CommandConflictError) as rejected:
        launched(command, **fields)
    assert (rejected.value.field, rejected.value.problem) == (field, problem)


@pytest.mark.parametrize(
    ("command", "args", "problem"),
    [
        pytest.param(
            None,
            None,
            "it is missing, and the operator can neither read nor extend the command in the image",
            id="no command",
        ),
        pytest.param(
            None,
            [],
            "it is missing, and the operator can neither read nor extend the command in the image",
            id="empty args",
        ),
        pytest.param(
            "python main.py",
            None,
            "the operator does not recognise a server in `python main.py`",
            id="no server in the command",
        ),
        pytest.param(
            ["sh", "-c", "uvicorn main:app"],
            "sh --reload",
            "the operator cannot add options to its shell script: it does not pass the arguments after it to the "
            'server; end the server\'s command with "$@"',
            id="args that a script does not pass on",
        ),
    ],
)
def test_command_without_a_server_is_rejected(command: str | None, args: str | list[str] | None, problem: str) -> None:
    with pytest.raises(RejectedError) as rejected:
        launched(command, args, server={})
    assert (rejected.value.reason, rejected.value.field) == (Reason.UNKNOWN_SERVER, COMMAND)
    assert rejected.value.problem == problem


def test_long_command_is_shortened_in_the_message() -> None:
    with pytest.raises(RejectedError) as rejected:
        launched(["python", "main.py", *["word"] * 1000])
    assert len(rejected.value.problem) < 200
