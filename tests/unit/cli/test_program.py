"""`proxiedapp` lists its commands without importing them, and imports the one that is used."""

from importlib import metadata
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from proxiedapp.cli import app, plugins
from proxiedapp.cli.program import COMMANDS

RUNNER = CliRunner()
PYPROJECT = Path(__file__).parents[3] / "sandbox" / "pyproject.toml"


class EntryPoint:
    def __init__(self, error: Exception) -> None:
        self.error = error

    def load(self) -> Any:
        raise self.error


EXAMPLE = {"dev": "--https", "export": "deploy/ --proxy nginx"}


@pytest.fixture
def entry_points(monkeypatch: pytest.MonkeyPatch) -> list[EntryPoint]:
    found: list[EntryPoint] = []

    def entry_points(*, group: str, name: str) -> list[EntryPoint]:
        assert (group, name) == ("proxiedapp.commands", "sandbox")
        return found

    monkeypatch.setattr(metadata, "entry_points", entry_points)
    return found


def test_help_lists_every_command_with_a_summary() -> None:
    lines = RUNNER.invoke(app, ["--help"], terminal_width=200).stdout.splitlines()
    listed = [line.split() for line in lines[lines.index("Commands:") + 1 :]]
    assert [words[0] for words in listed] == [
        "run",
        "dev",
        "check",
        "explain",
        "export",
        "adopt",
        "doctor",
        "render",
        "verify",
        "admission",
        "crd",
        "restart",
        "logs",
        "open",
        "sandbox",
    ]
    assert all(len(words) > 3 for words in listed)


def test_every_command_can_be_imported_under_its_name() -> None:
    assert [command.load().name for command in COMMANDS] == [command.name for command in COMMANDS]


@pytest.mark.parametrize(
    "command", ["run", "dev", "render", "verify", "admission", "crd", "restart", "logs", "open", "sandbox"]
)
def test_a_command_prints_its_own_help(command: str) -> None:
    done = RUNNER.invoke(app, [command, "--help"])
    assert done.exit_code == 0
    assert f" {command} [OPTIONS]" in done.stdout


@pytest.mark.parametrize("command", ["dev", "export"])
def test_examples_in_a_help_are_one_command_a_line(command: str) -> None:
    lines = RUNNER.invoke(app, [command, "--help"], terminal_width=100).stdout.splitlines()
    assert any(line.strip() == f"proxiedapp {command} app.yaml {EXAMPLE[command]}" for line in lines)


def test_a_wrong_command_is_a_usage_error_that_suggests_a_similar_one() -> None:
    done = RUNNER.invoke(app, ["rendr"])
    assert done.exit_code == 2
    assert "No such command 'rendr'. Did you mean 'render'?" in done.stderr


@pytest.mark.parametrize("arguments", [["sandbox", "up"], ["sandbox", "--help"]], ids=" ".join)
def test_sandbox_without_its_package_says_how_to_get_it(entry_points: list[EntryPoint], arguments: list[str]) -> None:
    assert entry_points == []
    done = RUNNER.invoke(app, arguments)
    assert (done.exit_code, done.stdout) == (1, "")
    assert done.stderr == (
        "proxiedapp: `proxiedapp sandbox` is in another package: run `pip install proxiedapp-sandbox`\n"
    )


def test_help_needs_no_plugin(entry_points: list[EntryPoint]) -> None:
    entry_points.append(EntryPoint(AssertionError("loaded for help")))
    assert RUNNER.invoke(app, ["--help"]).exit_code == 0


def test_a_broken_plugin_is_one_line(entry_points: list[EntryPoint]) -> None:
    entry_points.append(EntryPoint(ImportError("No module\nnamed 'cryptography'")))
    done = RUNNER.invoke(app, ["sandbox", "up"])
    assert (done.exit_code, done.stdout) == (1, "")
    assert done.stderr == (
        "proxiedapp: `proxiedapp sandbox` cannot be loaded (ImportError: No module named 'cryptography'): "
        "reinstall proxiedapp-sandbox\n"
    )


def test_the_sandbox_registers_the_name_that_is_looked_up() -> None:
    text = PYPROJECT.read_text()
    assert f'[project.entry-points."{plugins.GROUP}"]\n{plugins.SANDBOX.name} = ' in text
    assert f'name = "{plugins.SANDBOX.distribution}"' in text


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        ("dev --port many", "'--port': it must be a whole number."),
        ("dev --port 0", "'--port': it must be at least 1."),
        ("dev --port 65536", "'--port': it must be at most 65535."),
        ("dev --proxy apache", "'--proxy': 'apache' is not one of 'traefik', 'nginx', 'caddy'."),
        ("sandbox up --http-port x", "'--http-port': it must be a whole number."),
    ],
)
def test_invalid_value_of_an_option_is_reported_in_our_words(arguments: str, problem: str) -> None:
    result = RUNNER.invoke(app, arguments.split())
    assert result.exit_code == 2
    assert result.stderr.splitlines()[-1] == f"Error: Invalid value for {problem}"
