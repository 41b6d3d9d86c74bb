"""The command that the operator writes if the spec names only the app."""

from typing import Any

import pytest

from proxiedapp.api.errors import CommandConflictError
from tests.support.commands import RUN_ADDS, TRUST_VARIABLE, UVICORN_ADDS, env, launched, words


@pytest.mark.parametrize(
    ("server", "command", "variables"),
    [
        pytest.param(
            {"kind": "uvicorn", "app": "app.main:app"}, f"uvicorn app.main:app {UVICORN_ADDS}", {}, id="uvicorn"
        ),
        pytest.param(
            {"kind": "uvicorn", "app": "app.main:app", "workers": 2},
            f"uvicorn app.main:app {UVICORN_ADDS}".replace("--timeout", "--workers 2 --timeout"),
            {},
            id="uvicorn with workers",
        ),
        pytest.param(
            {"kind": "fastapi", "app": "app.main:app"},
            f"fastapi run --entrypoint app.main:app {RUN_ADDS}",
            TRUST_VARIABLE,
            id="fastapi with a module",
        ),
        pytest.param(
            {"kind": "fastapi", "app": "app/main.py"},
            f"fastapi run app/main.py {RUN_ADDS}",
            TRUST_VARIABLE,
            id="fastapi with a file",
        ),
    ],
)
def test_command_is_written_from_the_app(server: dict[str, Any], command: str, variables: dict[str, str]) -> None:
    launch = launched(None, server=server)
    assert (launch.server, launch.command, launch.args) == (server["kind"], tuple(words(command)), None)
    assert launch.env == variables


def test_variables_are_checked_for_a_written_command_too() -> None:
    with pytest.raises(CommandConflictError, match=r"UVICORN_PORT 9000 contradicts spec\.port"):
        launched(None, server={"kind": "uvicorn", "app": "main:app"}, env=env(UVICORN_PORT="9000"))


def test_kind_that_agrees_with_the_command_changes_nothing() -> None:
    assert launched("fastapi run", server={"kind": "fastapi"}) == launched("fastapi run")
