"""What contradicts the spec is refused, with the field to look at; nothing is overridden in silence."""

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
            id="another root path",
        ),
        pytest.param(
            "uvicorn main:app --root-path=/api/",
            COMMAND,
            "--root-path /api/ contradicts spec.route.pathPrefix, which is /api",
            id="a root path with a slash at its end",
        ),
        pytest.param(
            "uvicorn main:app --port 9000",
            COMMAND,
            "--port 9000 contradicts spec.port, which is 8000",
            id="another port",
        ),
        pytest.param(
            "uvicorn main:app --port 8000 --port 9000",
            COMMAND,
            "--port 9000 contradicts spec.port, which is 8000",
            id="another port at last",
        ),
        pytest.param(
            "uvicorn main:app --host 127.0.0.1",
            COMMAND,
            "with --host 127.0.0.1, the server listens on loopback only, where the proxy cannot reach it",
            id="a loopback host",
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
            id="the loopback of IPv6",
        ),
        pytest.param(
            "uvicorn main:app --forwarded-allow-ips '*'",
            COMMAND,
            "--forwarded-allow-ips * contradicts spec.proxy.trustedProxies, which is 10.0.0.0/8",
            id="trusting everybody",
        ),
        pytest.param(
            "env FORWARDED_ALLOW_IPS=* fastapi run",
            COMMAND,
            "FORWARDED_ALLOW_IPS * contradicts spec.proxy.trustedProxies, which is 10.0.0.0/8",
            id="trusting everybody by env",
        ),
        pytest.param(
            "sh -c 'FORWARDED_ALLOW_IPS=* fastapi run'",
            COMMAND,
            "FORWARDED_ALLOW_IPS * contradicts spec.proxy.trustedProxies, which is 10.0.0.0/8",
            id="trusting everybody by the shell",
        ),
        pytest.param(
            "sh -c 'export FORWARDED_ALLOW_IPS=\"*\"; fastapi run'",
            COMMAND,
            "FORWARDED_ALLOW_IPS * contradicts spec.proxy.trustedProxies, which is 10.0.0.0/8",
            id="trusting everybody by an export before",
        ),
        pytest.param(
            "sh -c 'FORWARDED_ALLOW_IPS=*\nfastapi run'",
            COMMAND,
            "FORWARDED_ALLOW_IPS * contradicts spec.proxy.trustedProxies, which is 10.0.0.0/8",
            id="trusting everybody by an assignment before",
        ),
        pytest.param(
            "uvicorn main:app --uds /tmp/s",
            COMMAND,
            "--uds cannot be used: the proxy reaches the pod over the network, not through a Unix socket",
            id="a socket file",
        ),
        pytest.param(
            "uvicorn main:app --fd 3",
            COMMAND,
            "--fd cannot be used: the proxy reaches the pod over the network, not through an inherited socket",
            id="an inherited socket",
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
            id="TLS in the pod, by the certificate",
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
            id="no proxy headers at last",
        ),
        pytest.param(
            "fastapi run -emain:app --port 9000",
            COMMAND,
            "--port 9000 contradicts spec.port, which is 8000",
            id="another port after a short option with its value",
        ),
        pytest.param(
            "sh -c 'uvicorn \"$@\" --port 9000' sh main:app --port 8000",
            COMMAND,
            "--port 9000 contradicts spec.port, which is 8000",
            id="another port after the words passed on",
        ),
        pytest.param(
            "sh -c 'uvicorn main:app --port $(cat port)'",
            COMMAND,
            f"--port {UNREADABLE}",
            id="a port that only the shell knows",
        ),
        pytest.param(
            "sh -c 'PORT=8000; fastapi run --port $PORT'",
            COMMAND,
            f"--port {UNREADABLE}",
            id="a port that the script sets itself",
        ),
    ],
)
def test_command_that_contradicts_is_refused(command: str, field: str, problem: str) -> None:
    with pytest.raises(CommandConflictError) as refused:
        launched(command)
    assert (refused.value.field, refused.value.problem) == (field, problem)


def test_variable_that_says_what_holds_anyway_is_no_contradiction() -> None:
    assert launched("uvicorn main:app", env=env(UVICORN_PROXY_HEADERS="True")).command


def test_variable_that_another_server_reads_is_no_contradiction() -> None:
    assert launched("fastapi run", env=env(UVICORN_PROXY_HEADERS="false", UVICORN_UDS="/run/socket")).command


def test_undone_switch_is_no_contradiction() -> None:
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
            id="a socket file",
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
            id="trust",
        ),
        pytest.param(
            "uvicorn main:app",
            env(UVICORN_FORWARDED_ALLOW_IPS="10.0.0.0/8,0.0.0.0/0"),
            "UVICORN_FORWARDED_ALLOW_IPS 10.0.0.0/8,0.0.0.0/0 contradicts spec.proxy.trustedProxies, "
            "which is 10.0.0.0/8",
            id="trust of uvicorn",
        ),
        pytest.param(
            "fastapi run",
            [{"name": "FORWARDED_ALLOW_IPS", "valueFrom": HIDDEN}],
            f"FORWARDED_ALLOW_IPS {UNREADABLE}",
            id="trust from a secret",
        ),
        pytest.param(
            "uvicorn main:app",
            [{"name": "PATH_PREFIX", "valueFrom": HIDDEN}, {"name": "UVICORN_ROOT_PATH", "value": "$(PATH_PREFIX)"}],
            f"UVICORN_ROOT_PATH {UNREADABLE}",
            id="root path by a reference to a secret",
        ),
    ],
)
def test_variable_that_contradicts_is_refused(command: str, variables: list[dict[str, Any]], problem: str) -> None:
    with pytest.raises(CommandConflictError) as refused:
        launched(command, env=variables)
    assert (refused.value.field, refused.value.problem) == (ENV, problem)


def test_flag_from_a_secret_is_refused() -> None:
    with pytest.raises(CommandConflictError) as refused:
        launched(["fastapi", "run", "--port", "$(P)"], env=[{"name": "P", "valueFrom": HIDDEN}])
    assert (refused.value.field, refused.value.problem) == (
        COMMAND,
        f"--port {UNREADABLE}",
    )


def test_flag_from_a_variable_that_the_script_changes_is_refused() -> None:
    with pytest.raises(CommandConflictError) as refused:
        launched(["sh", "-c", "PORT=9000; fastapi run --port $PORT"], env=env(PORT="8000"))
    assert refused.value.problem == f"--port {UNREADABLE}"


def test_flag_from_an_empty_shell_variable_is_refused() -> None:
    """Unquoted and empty it vanishes, and the flag takes the next word for its value."""
    with pytest.raises(CommandConflictError) as refused:
        launched(["sh", "-c", "uvicorn main:app --root-path $R --port 8000"], prefix="/", env=env(R=""))
    assert refused.value.problem == f"--root-path {UNREADABLE}"


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
            id="workers for fastapi dev, which has none",
        ),
        pytest.param(
            "uvicorn main:app",
            {"server": {"kind": "fastapi"}},
            "spec.server.kind",
            "it is fastapi, but spec.command starts uvicorn",
            id="another server than spec.server.kind",
        ),
        pytest.param(
            "fastapi run --root-path /api",
            {"route": {"pathPrefix": "/"}},
            COMMAND,
            "--root-path /api contradicts spec.route.pathPrefix, which is /",
            id="a root path without a prefix",
        ),
    ],
)
def test_spec_that_contradicts_is_refused(command: str, fields: dict[str, Any], field: str, problem: str) -> None:
    with pytest.raises(CommandConflictError) as refused:
        launched(command, **fields)
    assert (refused.value.field, refused.value.problem) == (field, problem)


@pytest.mark.parametrize(
    ("command", "args", "problem"),
    [
        pytest.param(
            None,
            None,
            "it is missing, and the operator can neither read nor extend the command in the image",
            id="no command at all",
        ),
        pytest.param(
            None,
            [],
            "it is missing, and the operator can neither read nor extend the command in the image",
            id="empty args",
        ),
        pytest.param(
            "python main.py", None, "the operator does not recognise a server in `python main.py`", id="no server in it"
        ),
        pytest.param(
            ["sh", "-c", "uvicorn main:app"],
            "sh --reload",
            "the operator cannot add options to its shell script: it does not pass the arguments after it to the "
            'server; end the server\'s command with "$@"',
            id="args that a script never passes on",
        ),
    ],
)
def test_command_without_a_server_is_refused(command: str | None, args: str | list[str] | None, problem: str) -> None:
    with pytest.raises(RejectedError) as refused:
        launched(command, args, server={})
    assert (refused.value.reason, refused.value.field) == (Reason.UNKNOWN_SERVER, COMMAND)
    assert refused.value.problem == problem


def test_long_command_is_cut_in_the_message() -> None:
    with pytest.raises(RejectedError) as refused:
        launched(["python", "main.py", *["word"] * 1000])
    assert len(refused.value.problem) < 200
