"""Servers get the variables of the shell, except those that would configure them."""

from pathlib import Path

import pytest

from proxiedapp.local.dev.environment import find, search_path, variables


def test_variables_of_the_shell_do_not_configure_the_server(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("FORWARDED_ALLOW_IPS", "UVICORN_ROOT_PATH", "GUNICORN_CMD_ARGS", "UVICORN_UDS"):
        monkeypatch.setenv(name, "*")
    monkeypatch.setenv("DATABASE_URL", "postgres://x")
    monkeypatch.setenv("PYTHONPATH", "/mine")
    given = variables({"FORWARDED_ALLOW_IPS": "127.1.1.1", "PYTHONPATH": "/adapter"}, "/bin")
    assert given["FORWARDED_ALLOW_IPS"] == "127.1.1.1"
    assert given["DATABASE_URL"] == "postgres://x"
    assert given["PYTHONPATH"] == "/adapter:/mine"
    assert given.keys().isdisjoint({"UVICORN_ROOT_PATH", "GUNICORN_CMD_ARGS", "UVICORN_UDS"})


def test_programs_of_a_virtual_environment_come_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("VIRTUAL_ENV", raising=False)
    program = tmp_path / ".venv" / "bin" / "uvicorn"
    program.parent.mkdir(parents=True)
    program.touch(mode=0o755)
    below = tmp_path / "src"
    below.mkdir()
    path = search_path(below)
    assert find("uvicorn", path, below) == str(program)
    assert find("./uvicorn", path, program.parent) == str(program.parent / "uvicorn")
    assert find("nosuch-program", path, below) is None
