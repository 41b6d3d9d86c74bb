"""Files and settings that a command cannot use: one line each, with the place, in plain words."""

import os
from importlib import metadata
from pathlib import Path

import pytest
from typer.testing import CliRunner

from proxiedapp.cli import app
from proxiedapp.cli.dev import _print_text
from proxiedapp.local.dev import events

RUNNER = CliRunner()
APP = """
apiVersion: proxiedapp.dev/v1alpha1
kind: ProxiedApp
metadata: {name: shop}
spec: {image: "shop:1", command: [uvicorn, "main:app"], route: {pathPrefix: /shop}}
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in list(os.environ):
        if name.startswith("PROXIEDAPP_"):
            monkeypatch.delenv(name)
    (tmp_path / "app.yaml").write_text(APP)
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        pytest.param(None, "cannot read it: no such file or directory", id="missing"),
        pytest.param(b"", "it is empty; write at least one Kubernetes object into it", id="empty"),
        pytest.param(b"---\n# nothing\n---\n", "it is empty; write at least one Kubernetes object into it", id="---"),
        pytest.param(b"\xff\xfe", "it is not text in UTF-8", id="binary"),
        pytest.param(b"a: 1\n  b: 2\n", "2:4: mapping values are not allowed", id="YAML"),
        pytest.param(b"a: \x07", "YAML does not allow the character", id="a control character"),
        pytest.param(b"a: 2026-99-99", "a value cannot be read: month must be in 1..12", id="an impossible date"),
        pytest.param(b"- a", "1:1: the document is a list, not a Kubernetes object", id="a list"),
        pytest.param(b"a: 1\na: 2", "2:1: a is written twice, first in line 1", id="a field twice"),
        pytest.param(b"[" * 101 + b"]" * 101, "1:101: there are more than 100 levels", id="many levels"),
        pytest.param(b"a: {{ .Values.a }}", "this looks like a template", id="a template"),
    ],
)
def test_file_that_cannot_be_rendered_is_one_line(folder: Path, content: bytes | None, problem: str) -> None:
    """An empty file gave exit status 0, the others errors of Python and of the operating system."""
    if content is not None:
        (folder / "x.yaml").write_bytes(content)
    done = RUNNER.invoke(app, ["render", "x.yaml"])
    assert (done.exit_code, done.stdout) == (1, "")
    assert done.stderr.startswith("proxiedapp: x.yaml:")
    assert problem in done.stderr
    assert done.stderr.count("\n") == 1
    assert "Errno" not in done.stderr


@pytest.mark.usefixtures("folder")
def test_folder_is_not_a_file() -> None:
    done = RUNNER.invoke(app, ["render", "."])
    assert (done.exit_code, done.stderr) == (1, "proxiedapp: .: cannot read it: is a directory\n")


@pytest.mark.usefixtures("folder")
def test_empty_standard_input_is_an_error() -> None:
    done = RUNNER.invoke(app, ["render", "-"], input="")
    assert done.exit_code == 1
    assert done.stderr.startswith("proxiedapp: standard input: it is empty")


@pytest.mark.parametrize("text", ["entryPoints: [inner]", "entry_points: [inner]", "entry_points: inner"])
def test_settings_are_read_as_the_chart_spells_them(folder: Path, text: str) -> None:
    (folder / "settings.yaml").write_text(text)
    done = RUNNER.invoke(app, ["render", "--settings", "settings.yaml", "app.yaml"])
    assert done.exit_code == 0, done.stderr
    assert "- inner" in done.stdout


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        pytest.param("logFormat: jsn", "log_format: it must be 'text' or 'json'", id="a wrong value"),
        pytest.param("healthPort: x", "health_port: it must be a whole number", id="a wrong type"),
        pytest.param("logFromat: json", "logFromat is not a setting; did you mean log_format?", id="misspelled"),
        pytest.param("x: 1", "x is not a setting", id="unknown"),
        pytest.param("logLevel: debug\nlog_level: info", "log_level is set twice, in two spellings", id="twice"),
        pytest.param("", "it must be one YAML mapping of settings", id="empty"),
        pytest.param("- x", "it must be one YAML mapping of settings", id="a list"),
    ],
)
def test_settings_that_cannot_be_used_are_one_line(folder: Path, text: str, problem: str) -> None:
    (folder / "settings.yaml").write_text(text)
    done = RUNNER.invoke(app, ["render", "--settings", "settings.yaml", "app.yaml"])
    assert done.exit_code == 1
    assert done.stderr.startswith("proxiedapp: --settings settings.yaml: ")
    assert problem in done.stderr
    assert done.stderr.count("\n") == 1


@pytest.mark.usefixtures("folder")
def test_wrong_variable_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PROXIEDAPP_HEALTH_PORT", "x")
    done = RUNNER.invoke(app, ["render", "app.yaml"])
    assert done.stderr == "proxiedapp: PROXIEDAPP_HEALTH_PORT: it must be a whole number\n"


@pytest.mark.usefixtures("folder")
def test_wrong_flag_is_named() -> None:
    done = RUNNER.invoke(app, ["run", "--log-format", "xml"])
    assert done.stderr == "proxiedapp: --log-format: it must be 'text' or 'json'\n"


def test_version_is_printed() -> None:
    done = RUNNER.invoke(app, ["--version"])
    assert (done.exit_code, done.stdout) == (0, f"proxiedapp {metadata.version('proxiedapp')}\n")


@pytest.mark.parametrize(
    "command", [[], ["run"], ["render"], ["verify"], ["crd"], ["sandbox"], ["sandbox", "up"]], ids=" ".join
)
def test_short_help(command: list[str]) -> None:
    short, long = (RUNNER.invoke(app, [*command, option]) for option in ("-h", "--help"))
    assert (short.exit_code, short.stdout) == (0, long.stdout)
    assert "Usage:" in short.stdout


@pytest.mark.parametrize("command", ["check", "render", "explain"])
@pytest.mark.parametrize(
    "hostile",
    [
        pytest.param('command: ["python\\e[2J\\u202e\\x9B31m"]', id="in a command"),
        pytest.param('"bad\\e[31m\\u202e\\x9B": 1', id="in the name of a field"),
        pytest.param('route: {pathPrefix: "/a\\e[31m\\u202e\\x9B"}', id="in a field"),
        pytest.param('command: [uvicorn, "main:app", --log-level, "\\e[31m\\u202e\\x9B"]', id="in an option"),
    ],
)
def test_text_of_a_file_cannot_control_the_terminal(folder: Path, command: str, hostile: str) -> None:
    given = f"image: 'shop:1'\n  {hostile}\n"
    if "route" not in hostile:
        given += "  route: {pathPrefix: /shop}\n"
    head = "apiVersion: proxiedapp.dev/v1alpha1\nkind: ProxiedApp\nmetadata: {name: shop}\nspec:\n  "
    (folder / "app.yaml").write_text(head + given)
    result = RUNNER.invoke(app, [command, "app.yaml"], color=True)
    assert result.output
    text = result.stderr if command == "render" else result.output  # the YAML is for programs
    assert not {"\x1b", "\u202e", "\x9b"} & set(text)


def test_terminal_without_the_characters_of_a_file_gets_escapes(folder: Path) -> None:
    """It was a traceback, as on a terminal whose locale is not UTF-8."""
    (folder / "app.yaml").write_text(APP.replace("pathPrefix: /shop", "path…fix: /shop"), "utf-8")
    done = CliRunner(charset="latin-1").invoke(app, ["check", "app.yaml"])
    assert done.exit_code == 1
    assert "app.yaml:5:" in done.stdout
    assert "path\\u2026fix: it is not a field" in done.stdout


@pytest.mark.parametrize("command", ["check", "render", "explain", "export"])
def test_every_command_names_the_place_in_the_same_way(folder: Path, command: str) -> None:
    """`render` and `explain` named the number of the document, and `export` the line of the object."""
    (folder / "app.yaml").write_text(
        APP.replace("spec: {", "spec: {\n  ").replace('"main:app"', '"main:app", --port, "9"')
    )
    done = RUNNER.invoke(app, [command, "app.yaml", *(["out"] if command == "export" else [])])
    assert done.exit_code == 1
    place = "app.yaml:6:51: "
    assert place in done.output, done.output
    assert done.output.count("app.yaml") == 1
    assert "spec.command: --port 9 contradicts spec.port" in done.output


def test_lines_of_dev_cannot_control_the_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    """The names of changed files, and commands of YAML files, did."""
    for event in (events.Changed(("\x1b[2J.py",)), events.Command("app", "run \u202e\x9b", "")):
        _print_text(event, colored=False)
    assert not {"\x1b", "\u202e", "\x9b"} & set(capsys.readouterr().out)
