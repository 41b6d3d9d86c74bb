"""What the user has set already, as the spec requires it, is not added again."""

from typing import Any

import pytest

from tests.support.commands import TRUST_VARIABLE, UVICORN_ADDS, UVICORN_DRAIN, env, launched, words


@pytest.mark.parametrize(
    "command",
    [
        pytest.param(f"uvicorn main:app {UVICORN_ADDS}", id="flags after the app"),
        pytest.param(f"uvicorn {UVICORN_ADDS} main:app", id="flags before the app"),
        pytest.param(
            "uvicorn main:app --root-path=/api --forwarded-allow-ips=10.0.0.0/8 --host=0.0.0.0 --port=8000 "
            "--timeout-graceful-shutdown=9",
            id="flags with an equals sign",
        ),
        pytest.param(
            f"uvicorn main:app --port 1 --root-path /x {UVICORN_ADDS}", id="a repeated flag, whose last value counts"
        ),
        pytest.param(
            "uvicorn main:app --root-path /api --forwarded-allow-ips 10.0.0.0/8,::ffff:10.0.0.0/104 --port 8000 "
            "--host :: --timeout-graceful-shutdown 600",
            id="another host that the proxy can reach",
        ),
        pytest.param(f"sh -c 'uvicorn main:app {UVICORN_ADDS} > log'", id="flags in a script"),
        pytest.param(f"sh -c 'uvicorn main:app \"$@\"' sh {UVICORN_ADDS}", id="flags in the arguments of a script"),
        pytest.param(
            f"sh -c 'uvicorn --port 1 \"$@\" {UVICORN_ADDS}' sh main:app --port 2",
            id="arguments of a script count at the position of $@",
        ),
    ],
)
def test_complete_command_stays_as_it_is(command: str) -> None:
    launch = launched(command)
    assert (launch.command, launch.env) == (tuple(words(command)), {})


@pytest.mark.parametrize(
    ("variables", "command"),
    [
        pytest.param(
            {"UVICORN_HOST": "0.0.0.0"},
            f"uvicorn main:app --root-path /api --forwarded-allow-ips 10.0.0.0/8 --port 8000 {UVICORN_DRAIN}",
            id="host",
        ),
        pytest.param({"UVICORN_PORT": "8000"}, f"uvicorn main:app {UVICORN_ADDS}", id="port"),
        pytest.param({"UVICORN_ROOT_PATH": "/api"}, f"uvicorn main:app {UVICORN_ADDS}", id="root path"),
        pytest.param({"FORWARDED_ALLOW_IPS": "10.0.0.0/8"}, f"uvicorn main:app {UVICORN_ADDS}", id="trust"),
        pytest.param(
            {"WEB_CONCURRENCY": "2"}, f"uvicorn main:app {UVICORN_ADDS}", id="workers, which the spec does not set"
        ),
        pytest.param(
            {
                "UVICORN_ROOT_PATH": "",
                "UVICORN_HOST": "",
                "UVICORN_PORT": "",
                "UVICORN_UDS": "",
                "UVICORN_PROXY_HEADERS": "",
            },
            f"uvicorn main:app {UVICORN_ADDS}",
            id="empty ones, which uvicorn ignores",
        ),
    ],
)
def test_variables_that_agree_with_the_spec_are_accepted(variables: dict[str, str], command: str) -> None:
    """The flag is added nevertheless, because it has precedence; only the host is left to the user."""
    launch = launched("uvicorn main:app", env=env(**variables))
    assert (launch.command, launch.env) == (tuple(words(command)), {})


@pytest.mark.parametrize(
    ("command", "fields", "added"),
    [
        pytest.param("fastapi run", {}, TRUST_VARIABLE, id="nothing is given"),
        pytest.param("fastapi run", {"env": env(FORWARDED_ALLOW_IPS="10.0.0.0/8")}, {}, id="the variable is given"),
        pytest.param("fastapi run --forwarded-allow-ips 10.0.0.0/8", {}, {}, id="the flag is given"),
        pytest.param("env FORWARDED_ALLOW_IPS=10.0.0.0/8 fastapi run", {}, {}, id="env gives the variable"),
        pytest.param("sh -c 'FORWARDED_ALLOW_IPS=10.0.0.0/8 fastapi run'", {}, {}, id="the shell gives the variable"),
        pytest.param(
            "sh -c 'export FORWARDED_ALLOW_IPS=10.0.0.0/8; fastapi run'", {}, {}, id="the script exports the variable"
        ),
        pytest.param(
            "sh -c 'FORWARDED_ALLOW_IPS=x alembic upgrade head; fastapi run'",
            {},
            TRUST_VARIABLE,
            id="a variable of another command does not count",
        ),
        pytest.param(
            "fastapi run --forwarded-allow-ips 10.0.0.0/8",
            {"env": env(FORWARDED_ALLOW_IPS="*")},
            {},
            id="the flag has precedence over a variable",
        ),
    ],
)
def test_trusted_proxies_of_fastapi_are_added_only_if_missing(
    command: str, fields: dict[str, Any], added: dict[str, str]
) -> None:
    assert launched(command, **fields).env == added


def test_spaces_between_trusted_networks_do_not_matter() -> None:
    launch = launched(
        "fastapi run", trusted=("10.0.0.0/8", "fc00::/7"), env=env(FORWARDED_ALLOW_IPS="10.0.0.0/8, fc00::/7")
    )
    assert launch.env == {}


def test_values_can_be_references_to_variables() -> None:
    command = ["uvicorn", "main:app", "--port", "$(PORT)", "--root-path", "$(ROOT)"]
    launch = launched(command, env=env(BASE="/", PORT="8000", ROOT="$(BASE)api"))
    assert launch.command == (
        *command,
        "--forwarded-allow-ips",
        "10.0.0.0/8",
        "--host",
        "0.0.0.0",
        *UVICORN_DRAIN.split(),
    )


def test_values_can_come_from_variables_in_a_script() -> None:
    script = 'uvicorn main:app --port "$PORT" --root-path ${ROOT}'
    command = launched(["sh", "-c", script], env=env(PORT="8000", ROOT="/api")).command
    assert command == ("sh", "-c", f"{script} --forwarded-allow-ips 10.0.0.0/8 --host 0.0.0.0 {UVICORN_DRAIN}")
