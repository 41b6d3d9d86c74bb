"""`proxiedapp restart`, `logs` and `open`: the kubectl commands that they run."""

import webbrowser
from pathlib import Path

import pytest
from typer.testing import CliRunner

from proxiedapp.cli import app
from proxiedapp.kube.key import Key
from proxiedapp.resources.metadata import selector
from tests.support.fakekubectl import install_recording_kubectl

RUNNER = CliRunner()
KUBECTL = """#!/bin/sh
echo "$*" >> "$CALLS"
case "$*" in
  *nosuch*) echo 'Error from server (NotFound): proxiedapps "nosuch" not found' >&2; exit 1 ;;
  *waiting*jsonpath*url*) ;;
  *status.url*) printf https://example.com/orders/ ;;
  *status.docsUrl*) printf https://example.com/orders/docs ;;
  *"rollout status"*) exit 4 ;;
esac
"""
GET = "get proxiedapps.proxiedapp.dev/orders -o jsonpath="


@pytest.fixture
def calls(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    return install_recording_kubectl(tmp_path, KUBECTL, monkeypatch)


@pytest.fixture
def opened(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    urls: list[str] = []
    monkeypatch.setattr(webbrowser, "open", urls.append)
    return urls


def test_restart_replaces_the_pods_and_waits(calls: Path) -> None:
    done = RUNNER.invoke(app, ["restart", "orders", "-n", "team"])
    assert calls.read_text().splitlines() == [
        f"{GET}{{.metadata.name}} --namespace team",
        "rollout restart deployment/orders --namespace team",
        "rollout status deployment/orders --namespace team",
    ]
    assert done.exit_code == 4, "that of kubectl"


def test_logs_are_those_of_all_pods_of_the_app(calls: Path) -> None:
    done = RUNNER.invoke(app, ["logs", "orders", "--follow", "--tail", "5"])
    assert done.exit_code == 0
    (_, command) = calls.read_text().splitlines()
    assert command.endswith("--all-containers --prefix --tail=5 --max-log-requests=50 --follow")
    selected = command.split()[2].split(",")
    assert dict(label.split("=") for label in selected) == selector(Key("team", "orders"))


@pytest.mark.parametrize(
    ("flags", "url"), [([], "https://example.com/orders/"), (["--docs"], "https://example.com/orders/docs")]
)
def test_address_is_printed_and_opened(calls: Path, opened: list[str], flags: list[str], url: str) -> None:
    done = RUNNER.invoke(app, ["open", "orders", *flags])
    assert (done.exit_code, done.stdout, opened) == (0, f"{url}\n", [url])
    assert calls.exists()


@pytest.mark.usefixtures("calls")
def test_app_without_an_address_is_not_opened(opened: list[str]) -> None:
    done = RUNNER.invoke(app, ["open", "waiting"])
    assert (done.exit_code, opened) == (1, [])
    assert "waiting has no address yet" in done.stderr


@pytest.mark.parametrize("command", ["restart", "logs", "open"])
def test_nothing_is_done_to_a_deployment_that_is_not_of_an_app(calls: Path, command: str) -> None:
    done = RUNNER.invoke(app, [command, "nosuch"])
    assert done.exit_code == 1
    assert len(calls.read_text().splitlines()) == 1


@pytest.mark.parametrize("command", ["restart", "logs", "open"])
def test_missing_kubectl_is_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, command: str) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    done = RUNNER.invoke(app, [command, "orders"])
    assert done.exit_code == 1
    assert done.stderr.startswith("proxiedapp: kubectl is not in any folder of PATH")
    assert done.stderr.count("\n") == 1
