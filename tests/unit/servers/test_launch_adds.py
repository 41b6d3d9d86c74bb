"""What the operator adds to a command, and where. The user's arguments stay as they are."""

from typing import Any

import pytest

from proxiedapp.api.errors import CommandConflictError
from proxiedapp.servers.launch import Launch
from tests.support.commands import DEV_ADDS, RUN_ADDS, TRUST_VARIABLE, UVICORN_ADDS, env, launched, words


@pytest.mark.parametrize(
    ("command", "result"),
    [
        pytest.param("uvicorn main:app", f"uvicorn main:app {UVICORN_ADDS}", id="at the end"),
        pytest.param("uvicorn main:app --reload", f"uvicorn main:app --reload {UVICORN_ADDS}", id="after a switch"),
        pytest.param("uvicorn --factory main:make", f"uvicorn --factory main:make {UVICORN_ADDS}", id="after the app"),
        pytest.param("uvicorn -- main:app", f"uvicorn {UVICORN_ADDS} -- main:app", id="before a bare --"),
        pytest.param(
            "uv run -- uvicorn main:app", f"uv run -- uvicorn main:app {UVICORN_ADDS}", id="after the -- of a wrapper"
        ),
        pytest.param(
            "uv run -- uvicorn -- main:app",
            f"uv run -- uvicorn {UVICORN_ADDS} -- main:app",
            id="before the server's own --, not the wrapper's",
        ),
        pytest.param(
            "python -m uvicorn main:app", f"python -m uvicorn main:app {UVICORN_ADDS}", id="to a module's arguments"
        ),
        pytest.param("fastapi run main.py", f"fastapi run main.py {RUN_ADDS}", id="to fastapi run"),
        pytest.param("fastapi run", f"fastapi run {RUN_ADDS}", id="to fastapi run without a path"),
        pytest.param("fastapi run -- main.py", f"fastapi run {RUN_ADDS} -- main.py", id="before the -- of fastapi run"),
        pytest.param(
            "fastapi dev main.py",
            f"fastapi dev main.py {DEV_ADDS}",
            id="to fastapi dev, which listens on loopback by default",
        ),
    ],
)
def test_missing_flags_are_added(command: str, result: str) -> None:
    assert launched(command).command == tuple(words(result))


@pytest.mark.parametrize(
    ("script", "result"),
    [
        pytest.param("uvicorn main:app", f"uvicorn main:app {UVICORN_ADDS}", id="at the end"),
        pytest.param("uvicorn main:app # :8000", f"uvicorn main:app {UVICORN_ADDS} # :8000", id="before a comment"),
        pytest.param("uvicorn main:app > log", f"uvicorn main:app {UVICORN_ADDS} > log", id="before a redirection"),
        pytest.param("uvicorn main:app 2>&1", f"uvicorn main:app {UVICORN_ADDS} 2>&1", id="before 2>&1"),
        pytest.param("uvicorn main:app &> log", f"uvicorn main:app {UVICORN_ADDS} &> log", id="before &>"),
        pytest.param(
            "uvicorn >log main:app", f"uvicorn >log main:app {UVICORN_ADDS}", id="after an argument that follows one"
        ),
        pytest.param(
            "uvicorn main:app > \\\n  log",
            f"uvicorn main:app {UVICORN_ADDS} > \\\n  log",
            id="redirection on two lines",
        ),
        pytest.param("uvicorn main:app | tee log", f"uvicorn main:app {UVICORN_ADDS} | tee log", id="before a pipe"),
        pytest.param(
            "uvicorn main:app; echo bye", f"uvicorn main:app {UVICORN_ADDS}; echo bye", id="before a semicolon"
        ),
        pytest.param("uvicorn main:app || exit 3", f"uvicorn main:app {UVICORN_ADDS} || exit 3", id="before ||"),
        pytest.param("uvicorn main:app &\nwait", f"uvicorn main:app {UVICORN_ADDS} &\nwait", id="before &"),
        pytest.param("uvicorn main:app&", f"uvicorn main:app {UVICORN_ADDS}&", id="before & without a space"),
        pytest.param("(uvicorn main:app)", f"(uvicorn main:app {UVICORN_ADDS})", id="before a closing parenthesis"),
        pytest.param(
            "set -e\nexec uvicorn main:app \\\n  --workers 2\n",
            f"set -e\nexec uvicorn main:app \\\n  --workers 2 {UVICORN_ADDS}\n",
            id="on the last of several lines",
        ),
        pytest.param("exec uvicorn -- main:app", f"exec uvicorn {UVICORN_ADDS} -- main:app", id="before a bare --"),
        pytest.param('uvicorn "main:app"', f'uvicorn "main:app" {UVICORN_ADDS}', id="after a quoted argument"),
        pytest.param("uvicorn $(cat app)", f"uvicorn $(cat app) {UVICORN_ADDS}", id="after an expansion"),
        pytest.param(
            "[ -f db ] && alembic upgrade head; exec fastapi run",
            f"[ -f db ] && alembic upgrade head; exec fastapi run {RUN_ADDS}",
            id="to the server's command, not to others",
        ),
    ],
)
def test_missing_flags_are_added_inside_a_script(script: str, result: str) -> None:
    assert launched(["sh", "-c", script]).command == ("sh", "-c", result)


@pytest.mark.parametrize(
    ("script", "after", "result"),
    [
        pytest.param(
            'uvicorn "$@"', "sh main:app", f'uvicorn "$@" {UVICORN_ADDS}', id="after the arguments of the script"
        ),
        pytest.param(
            'exec uvicorn main:app "$@"',
            "-- --reload",
            f'exec uvicorn main:app "$@" {UVICORN_ADDS}',
            id="-- as the name of the shell",
        ),
        pytest.param(
            "exec uvicorn $* --reload",
            "sh main:app",
            f"exec uvicorn $* --reload {UVICORN_ADDS}",
            id="arguments of the script before the end",
        ),
        pytest.param(
            'uvicorn --log-level "$@"',
            "sh info -- main:app",
            f'uvicorn {UVICORN_ADDS} --log-level "$@"',
            id="first of all if the script gets a bare --",
        ),
        pytest.param("uvicorn main:app", "sh", f"uvicorn main:app {UVICORN_ADDS}", id="only the name of the shell"),
    ],
)
def test_arguments_of_a_script_reach_the_server(script: str, after: str, result: str) -> None:
    in_command = launched(["sh", "-c", script, *words(after)])
    assert in_command.command == ("sh", "-c", result, *words(after))
    in_args = launched(["sh", "-c", script], after)
    assert (in_args.command, in_args.args) == (("sh", "-c", result), tuple(words(after)))


@pytest.mark.parametrize(
    ("command", "args", "result"),
    [
        pytest.param(
            "uvicorn", "main:app", ("uvicorn", f"main:app {UVICORN_ADDS}"), id="to args, which end the command"
        ),
        pytest.param(
            "uvicorn main:app", None, (f"uvicorn main:app {UVICORN_ADDS}", None), id="to a command without args"
        ),
        pytest.param("uvicorn main:app", [], (f"uvicorn main:app {UVICORN_ADDS}", ""), id="not to an empty list"),
        pytest.param(
            None, "uvicorn main:app", (None, f"uvicorn main:app {UVICORN_ADDS}"), id="to args without a command"
        ),
        pytest.param(
            "uvicorn", "-- main:app", ("uvicorn", f"{UVICORN_ADDS} -- main:app"), id="before -- at their start"
        ),
        pytest.param(
            "uvicorn --", "main:app", (f"uvicorn {UVICORN_ADDS} --", "main:app"), id="before -- in the command"
        ),
        pytest.param("tini --", "fastapi run", ("tini --", f"fastapi run {RUN_ADDS}"), id="to a server in args"),
    ],
)
def test_arguments_are_added_to_command_or_args(
    command: str | None, args: str | list[str] | None, result: tuple[str | None, str | None]
) -> None:
    found = launched(command, args)
    assert (found.command, found.args) == tuple(None if one is None else tuple(words(one)) for one in result)


def test_trusted_proxies_are_a_flag_of_uvicorn_and_a_variable_of_fastapi() -> None:
    assert launched("uvicorn main:app").env == {}
    assert launched("fastapi run").env == TRUST_VARIABLE


def test_empty_trust_list_is_written_too() -> None:
    assert "--forwarded-allow-ips" in (launched("uvicorn main:app", trusted=()).command or ())
    assert launched("fastapi run", trusted=()).env == {"FORWARDED_ALLOW_IPS": ""}


def test_empty_trust_list_is_quoted_for_a_shell() -> None:
    command = launched(["sh", "-c", "uvicorn main:app"], trusted=()).command
    assert command is not None
    assert "--forwarded-allow-ips '' --host" in command[2]


def test_trusted_networks_keep_their_order() -> None:
    assert launched("fastapi run", trusted=("10.0.0.0/8", "fc00::/7")).env == {
        "FORWARDED_ALLOW_IPS": "10.0.0.0/8,fc00::/7"
    }


def test_no_root_path_is_added_without_a_prefix() -> None:
    launch = launched("fastapi run", prefix="/")
    assert (launch.command, launch.root_path) == (("fastapi", "run", "--port", "8000"), "")


def test_port_and_workers_of_the_spec_are_added() -> None:
    launch = launched("fastapi run", port=80, server={"workers": 4})
    assert launch.command == tuple(words("fastapi run --root-path /api --port 80 --workers 4"))


def test_variable_of_the_user_can_refer_to_the_root_path() -> None:
    launch = launched("uvicorn main:app", env=env(UVICORN_ROOT_PATH="$(PROXIEDAPP_ROOT_PATH)"))
    assert launch.root_path == "/api"
    with pytest.raises(CommandConflictError, match=r"PROXIEDAPP_ROOT_PATH /x contradicts spec\.route\.pathPrefix"):
        launched("uvicorn main:app", env=env(PROXIEDAPP_ROOT_PATH="/x"))


MAPPED = "10.0.0.0/8,::ffff:10.0.0.0/104"


@pytest.mark.parametrize(
    ("command", "fields", "trusted"),
    [
        pytest.param("uvicorn main:app --host ::", {}, MAPPED, id="uvicorn"),
        pytest.param("uvicorn main:app --workers 2 --host 0:0::0", {}, MAPPED, id="another spelling"),
        pytest.param("uvicorn main:app --host ::ffff:0.0.0.0", {}, MAPPED, id="mapped"),
        pytest.param("uvicorn main:app --host fd00::1", {}, "10.0.0.0/8", id="IPv6 only"),
        pytest.param("uvicorn main:app --host=", {}, "10.0.0.0/8", id="a socket for each family"),
        pytest.param("uvicorn main:app", {"env": [{"name": "UVICORN_HOST", "value": "::"}]}, MAPPED, id="variable"),
        pytest.param(
            "uvicorn main:app",
            {"env": [{"name": "UVICORN_HOST", "valueFrom": {"fieldRef": {"fieldPath": "status.podIP"}}}]},
            MAPPED,
            id="an address that the operator does not know",
        ),
        pytest.param("fastapi run --host ::", {}, MAPPED, id="fastapi run"),
        pytest.param("fastapi dev", {}, "10.0.0.0/8", id="fastapi dev"),
        pytest.param("python main.py", {"server": {"kind": "other"}}, MAPPED, id="any server"),
        pytest.param("hypercorn -b [::]:8000 main:app", {}, "10.0.0.0/8", id="the adapter recognises mapped peers"),
    ],
)
def test_mapped_addresses_are_trusted_where_the_socket_may_be_for_both_families(
    command: str, fields: dict[str, Any], trusted: str
) -> None:
    assert trusted_by(launched(command, **fields)) == trusted


@pytest.mark.parametrize(
    ("given", "count"),
    [
        pytest.param("10.0.0.0/8", 2, id="without the mapped network"),
        pytest.param("10.0.0.0/8, ::ffff:10.0.0.0/104", 1, id="with it"),
    ],
)
def test_flag_of_the_user_is_completed_by_the_mapped_network(given: str, count: int) -> None:
    launch = launched(["uvicorn", "main:app", "--host", "::", "--forwarded-allow-ips", given])
    assert (launch.command or ()).count("--forwarded-allow-ips") == count, "the last one counts"
    assert trusted_by(launch).replace(" ", "") == MAPPED


@pytest.mark.parametrize("given", ["192.0.2.1", "192.0.2.1/32", "::ffff:192.0.2.1"])
def test_single_address_of_the_user_is_the_one_of_the_spec(given: str) -> None:
    """The operator writes a mapped address as the network of it alone."""
    fields: dict[str, Any] = {"server": {"kind": "other"}, "env": env(FORWARDED_ALLOW_IPS=given)}
    launch = launched("python main.py", trusted=["192.0.2.1"], **fields)
    assert trusted_by(launch) == "192.0.2.1,::ffff:192.0.2.1/128"


def test_mapped_networks_in_the_spec_are_those_of_ipv4() -> None:
    given = ["::ffff:10.0.0.0/104", "10.0.0.0/8", "::ffff:192.0.2.1"]
    assert trusted_by(launched("uvicorn main:app", trusted=given)) == "10.0.0.0/8,192.0.2.1"
    assert trusted_by(launched("uvicorn main:app --host ::", trusted=given[:1])) == MAPPED


def trusted_by(launch: Launch) -> str:
    """Return the trusted proxies as the server or the adapter gets them."""
    command = launch.command or ()
    if "--forwarded-allow-ips" in command:
        return command[len(command) - command[::-1].index("--forwarded-allow-ips")]
    return launch.env.get("FORWARDED_ALLOW_IPS", launch.env.get("PROXIEDAPP_TRUSTED_PROXIES", ""))
