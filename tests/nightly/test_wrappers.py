"""Options of the newest wrappers that are packages of Python, compared with the table of wrappers."""

import re
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from proxiedapp.servers.command.wrappers import WRAPPERS

PACKAGES = (
    "ddtrace",
    "dumb-init",
    "newrelic",
    "opentelemetry-distro",
    "opentelemetry-instrumentation",
    "pdm",
    "pipenv",
    "poetry",
)
SHORT = r"^ +(-\w) \[?[A-Z]\w+"
LONG = r"^ +(?:-\w(?: \w+)?, )?(--[\w-]+)(?:[ =]\[?[A-Z]\w+| s:r)"
HELP: dict[str, tuple[Sequence[str], ...]] = {
    "ddtrace-run": (("--help",),),
    "dumb-init": (("--help",),),
    "newrelic-admin": (("help", "run-program"),),
    "pdm": (("--help",), ("run", "--help")),
    "pipenv": (("--help",), ("run", "--help")),
    "poetry": (("--no-ansi", "help", "run"),),
}
"""The arguments with which a wrapper describes the options before and after its subcommand."""


@pytest.fixture(scope="module")
def programs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    venv = tmp_path_factory.mktemp("wrappers") / "venv"
    uv = Path(sys.executable).with_name("uv")
    subprocess.run([uv, "venv", "--quiet", "--python", sys.executable, venv], check=True)
    subprocess.run([uv, "pip", "install", "--quiet", "--python", venv, *PACKAGES], check=True)
    return venv / "bin"


def printed(program: Path, *arguments: str) -> str:
    command: list[str | Path] = [program, *arguments]
    return subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=True).stdout


@pytest.mark.parametrize("name", HELP)
def test_options_with_a_value_are_known(programs: Path, name: str) -> None:
    text = "\n".join(printed(programs / name, *arguments) for arguments in HELP[name])
    found = {option for pattern in (SHORT, LONG) for option in re.findall(pattern, text, re.MULTILINE)}
    assert found - WRAPPERS[name].valued == set()
    assert bool(found) is bool(WRAPPERS[name].valued), "the help is understood"


def test_each_option_of_opentelemetry_has_a_value_except_for_the_switches(programs: Path) -> None:
    text = printed(programs / "opentelemetry-instrument", "--help")
    usage = re.findall(r"\[(--\w+)( [A-Z_]+)?\]", text)
    assert {option for option, value in usage if not value} <= (WRAPPERS["opentelemetry-instrument"].switches or set())
    assert len(usage) > 50
