"""Shell completion: commands, options and the names of live apps, and nothing else on standard output or error."""

import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from proxiedapp.cli import app, kubectlpapp, live
from tests.support.fakekubectl import install_recording_kubectl

RUNNER = CliRunner()
KUBECTL = """#!/bin/sh
echo "$*" >> "$CALLS"
case "$*" in
  *nosuch*) echo 'error: no context' >&2; exit 1 ;;
  *) printf 'orders other users' ;;
esac
"""
LIST = "get proxiedapps.proxiedapp.dev -o jsonpath={.items[*].metadata.name}"


@pytest.fixture
def calls(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(live, "_COMPLETION_SECONDS", 60.0)  # a busy machine needs seconds to start a shell
    return install_recording_kubectl(tmp_path, KUBECTL, monkeypatch)


def completed(line: str) -> list[str]:
    """Return what bash offers at the end of a command line."""
    words = line.split(" ")
    variables = {"COMP_WORDS": line, "COMP_CWORD": str(len(words) - 1), "_PROXIEDAPP_COMPLETE": "complete_bash"}
    done = RUNNER.invoke(app, [], prog_name="proxiedapp", env=variables)
    assert (done.exit_code, done.stderr) == (0, "")
    return done.stdout.split()


def test_commands_and_options_are_completed() -> None:
    assert completed("proxiedapp re") == ["render", "restart"]
    assert completed("proxiedapp dev --pro") == ["--proxy"]
    assert completed("proxiedapp dev --proxy n") == ["nginx"]


@pytest.mark.parametrize("command", ["restart", "logs", "open", "explain", "doctor"])
def test_names_of_live_apps_are_completed(calls: Path, command: str) -> None:
    assert completed(f"proxiedapp {command} o") == ["orders", "other"]
    assert calls.read_text().splitlines() == [LIST]


def test_names_are_those_of_the_namespace_that_is_given(calls: Path) -> None:
    assert completed("proxiedapp logs -n team u") == ["users"]
    assert calls.read_text().splitlines() == [f"{LIST} --namespace team"]


def test_without_a_cluster_nothing_is_completed_and_nothing_is_printed(calls: Path) -> None:
    assert completed("proxiedapp logs -n nosuch o") == []
    (calls.parent / "kubectl").write_text("no program")
    assert completed("proxiedapp logs o") == []
    (calls.parent / "kubectl").unlink()
    assert completed("proxiedapp logs o") == []


def test_a_cluster_that_does_not_answer_is_given_up(monkeypatch: pytest.MonkeyPatch, calls: Path) -> None:
    (calls.parent / "kubectl").write_text("#!/bin/sh\nexec sleep 600\n")
    monkeypatch.setattr(live, "_COMPLETION_SECONDS", 0.0)
    assert completed("proxiedapp logs o") == []


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_script_of_each_shell_completes_this_program(shell: str) -> None:
    done = RUNNER.invoke(app, [], prog_name="proxiedapp", env={"_PROXIEDAPP_COMPLETE": f"source_{shell}"})
    assert done.exit_code == 0
    assert f"_PROXIEDAPP_COMPLETE=complete_{shell}" in done.stdout


def test_bash_completes_by_the_script() -> None:
    script = (
        'eval "$(_PROXIEDAPP_COMPLETE=source_bash "$1")"; COMP_WORDS=("$1" re); COMP_CWORD=1; '
        '_proxiedapp_completion "$1"; echo "${COMPREPLY[@]}"'
    )
    program = Path(sys.executable).with_name("proxiedapp")
    done = subprocess.run(["bash", "-c", script, "test", program], capture_output=True, text=True, check=True)
    assert (done.stdout, done.stderr) == ("render restart\n", "")


def test_kubectl_completes_its_plugin(
    calls: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["kubectl_complete-papp", "logs", "-n", "team", ""])
    kubectlpapp.complete()
    assert capsys.readouterr().out.split() == ["orders", "other", "users", ":0"]
    assert calls.read_text().splitlines() == [f"{LIST} --namespace team"]


def test_plugin_has_the_usage_line_that_is_typed(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["kubectl-papp", "logs", "--help"])
    with pytest.raises(SystemExit):
        kubectlpapp.main()
    assert "Usage: kubectl papp logs [OPTIONS]" in capsys.readouterr().out
