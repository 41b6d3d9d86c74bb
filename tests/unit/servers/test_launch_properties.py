"""Properties of every accepted command line, as the server itself parses the result."""

import os
import subprocess
from pathlib import Path
from typing import Any, Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxiedapp.api.addresses import with_mapping
from proxiedapp.servers.launch import Launch
from tests.support.commandlines import CommandLine, command_lines, parsed, scripts
from tests.support.commands import PREFIX, TRUSTED, env, launched
from tests.support.sequences import is_subsequence

FIXED: Final = {"root_path": PREFIX, "port": 8000}


def words_of(launch: Launch) -> list[str]:
    return [*(launch.command or ()), *(launch.args or ())]


def again(launch: Launch) -> Launch:
    """Launch a result, as if the user had written it."""
    return launched(launch.command, launch.args, env=env(**launch.env) or None)


def check(params: dict[str, Any], before: dict[str, Any], server: str, variables: dict[str, str]) -> None:
    """Check that the server gets the operator's settings, and all others as before."""
    assert FIXED.items() <= params.items()
    assert params["host"] in {"0.0.0.0", "::"}
    assert params["proxy_headers"] is True
    trusted = variables.get("FORWARDED_ALLOW_IPS", params["forwarded_allow_ips"])
    assert trusted in {",".join(TRUSTED), ",".join(with_mapping(TRUSTED))}
    assert "::ffff:" in trusted or params["host"] != "::"
    ours = {"root_path", "port", "host", "forwarded_allow_ips", "timeout_graceful_shutdown"}
    assert {name: value for name, value in params.items() if name not in ours} == {
        name: value for name, value in before.items() if name not in ours
    }, server


@st.composite
def split(draw: st.DrawFn) -> tuple[CommandLine, list[str] | None, list[str] | None]:
    """Divide a command line into command and args."""
    line = draw(command_lines())
    at = draw(st.integers(0, len(line.words)))
    return line, line.words[:at] or None, line.words[at:] or draw(st.sampled_from([None, []]))


@given(split())
def test_server_gets_what_the_spec_requires_and_keeps_what_the_user_set(
    given: tuple[CommandLine, list[str] | None, list[str] | None],
) -> None:
    line, command, args = given
    launch = launched(command, args)
    assert launch.server == line.server.split()[0]
    result = words_of(launch)
    assert is_subsequence(line.words, result)
    assert result[: line.start] == line.words[: line.start]
    before = parsed(line.server, line.words[line.start :])
    check(parsed(line.server, result[line.start :]), before, line.server, dict(launch.env))


@given(split())
def test_launching_a_result_changes_nothing(given: tuple[CommandLine, list[str] | None, list[str] | None]) -> None:
    _, command, args = given
    launch = launched(command, args)
    repeated = again(launch)
    assert (repeated.command, repeated.args, repeated.env) == (launch.command, launch.args, {})


@pytest.fixture(scope="module")
def printing_servers(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Create a folder with a `uvicorn` and a `fastapi` that only print their arguments."""
    folder = tmp_path_factory.mktemp("bin")
    for name in ("uvicorn", "fastapi"):
        (folder / name).write_text("#!/bin/sh\nprintf '%s\\0' \"$@\"\n")
        (folder / name).chmod(0o755)
    return folder


def run_by(command: list[str], folder: Path) -> list[str]:
    """Run a shell command; return the arguments that its server gets."""
    path = f"{folder}:{os.environ['PATH']}"
    done = subprocess.run(command, env={"PATH": path, "HOME": "/"}, capture_output=True, check=True)
    return done.stdout.decode().split("\0")[:-1]


@given(given=scripts())
def test_server_in_a_script_gets_what_the_spec_requires(
    given: tuple[CommandLine, str, list[str]], printing_servers: Path
) -> None:
    line, script, after = given
    command = ["sh", "-c", script, *after]
    launch = launched(command)
    of_fastapi = len(line.server.split()) - 1  # the stub prints the subcommand too
    before = run_by(command, printing_servers)[of_fastapi:]
    now = run_by(words_of(launch), printing_servers)[of_fastapi:]
    assert before == line.words[line.start :]
    assert is_subsequence(before, now)
    check(parsed(line.server, now), parsed(line.server, before), line.server, dict(launch.env))


@given(scripts())
def test_launching_the_result_of_a_script_changes_nothing(given: tuple[CommandLine, str, list[str]]) -> None:
    _, script, after = given
    launch = launched(["sh", "-c", script, *after])
    repeated = again(launch)
    assert (repeated.command, repeated.args, repeated.env) == (launch.command, launch.args, {})


@given(scripts())
def test_script_is_extended_at_one_position_only(given: tuple[CommandLine, str, list[str]]) -> None:
    _, script, after = given
    shell, option, result, *rest = words_of(launched(["sh", "-c", script, *after]))
    assert (shell, option, rest) == ("sh", "-c", after)
    added = len(result) - len(script)
    assert any(result[:at] + result[at + added :] == script for at in range(len(script) + 1))
