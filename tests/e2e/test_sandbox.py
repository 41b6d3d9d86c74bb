"""The sandbox itself: only one runs at a time, its commands work, and nothing is left behind, even after a crash."""

import os
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from proxiedapp_sandbox.controlplane import free_ports
from proxiedapp_sandbox.processes import ProcessId, identity
from tests.support import plain
from tests.support.sandbox import (
    EXAMPLES,
    Sandbox,
    eventually,
    links_and_namespaces,
    processes_of,
    proxiedapp,
    start_sandbox,
)


def alive(pid: int) -> bool:
    return identity(pid) is not None


def kill_supervisor(sandbox: Sandbox) -> None:
    """Kill the supervisor, and wait until it has ended: `down` asks one that still runs to stop everything."""
    supervisor = sandbox.state["supervisor"][0]
    os.kill(supervisor, signal.SIGKILL)
    eventually(lambda: not alive(supervisor), "the supervisor has ended")


def test_a_second_sandbox_is_an_error_that_names_the_first(sandbox: Sandbox) -> None:
    done = sandbox.run("up", "--detach")
    assert done.returncode == 1
    (line,) = done.stderr.splitlines()
    assert line == (
        f"proxiedapp: a sandbox is already running (process {sandbox.state['supervisor'][0]}): "
        "use it, or stop it with `proxiedapp sandbox down`"
    )


def test_a_port_in_use_is_an_error_that_names_the_flag(sandbox: Sandbox, tmp_path: Path) -> None:
    port = sandbox.http_url.rpartition(":")[2]
    done = proxiedapp("sandbox", "up", "--detach", "--http-port", port, env={"PROXIEDAPP_SANDBOX_DIR": str(tmp_path)})
    assert done.returncode == 1
    assert f"cannot listen on port {port} (Address already in use): choose another port with --http-port" in done.stderr


def test_a_missing_folder_of_images_is_an_error(tmp_path: Path) -> None:
    absent = tmp_path / "absent"
    done = proxiedapp("sandbox", "up", "--images", absent, env={"PROXIEDAPP_SANDBOX_DIR": str(tmp_path)})
    assert (done.returncode, done.stderr) == (1, f"proxiedapp: --images {absent}: the folder does not exist\n")


def test_a_failed_start_reports_the_reason(sandbox: Sandbox, tmp_path: Path) -> None:
    del sandbox
    env = {"PROXIEDAPP_SANDBOX_DIR": str(tmp_path), "PROXIEDAPP_ENTRY_POINTS": "web@file"}
    http_port, https_port = map(str, free_ports(2))
    done = proxiedapp("sandbox", "up", "--detach", "--http-port", http_port, "--https-port", https_port, env=env)
    assert done.returncode == 1
    assert "proxiedapp: operator ended before it was ready: " in done.stderr
    assert "PROXIEDAPP_ENTRY_POINTS" in done.stderr.splitlines()[-1]


def test_a_shell_can_evaluate_the_output_of_env(sandbox: Sandbox) -> None:
    script = sandbox.run("env").stdout + 'echo "$KUBECONFIG $PROXIEDAPP_HTTP_URL $PROXIEDAPP_HTTPS_URL"'
    shell = subprocess.run(["sh", "-c", script], capture_output=True, text=True, check=True)
    assert shell.stdout.split() == [str(sandbox.folder / "admin.kubeconfig"), sandbox.http_url, sandbox.https_url]


def test_status_shows_every_component(sandbox: Sandbox) -> None:
    shown = sandbox.run("status").stdout
    for component, process in sandbox.state["components"].items():
        assert any(line.split() == [component, str(process["process"][0]), "ready"] for line in shown.splitlines())


def test_logs_shows_a_components_log(sandbox: Sandbox) -> None:
    assert "watching" in sandbox.run("logs", "operator").stdout
    done = sandbox.run("logs", "absent")
    assert done.returncode == 1
    assert done.stderr.startswith("proxiedapp: no log of absent; logs: ")


def test_restart_waits_until_the_component_is_ready_again(sandbox: Sandbox) -> None:
    before = sandbox.state["components"]["traefik"]["process"]
    done = sandbox.run("restart", "traefik")
    assert (done.returncode, done.stdout) == (0, "traefik is ready again\n")
    assert sandbox.state["components"]["traefik"]["process"] != before


def test_commands_without_a_sandbox_report_that_none_is_running(tmp_path: Path) -> None:
    env = {"PROXIEDAPP_SANDBOX_DIR": str(tmp_path)}
    for command in ("env", "status", "restart"):
        done = proxiedapp("sandbox", command, env=env)
        assert (done.returncode, done.stderr) == (
            1,
            "proxiedapp: no sandbox is running: start one with `proxiedapp sandbox up --detach`\n",
        )
    assert proxiedapp("sandbox", "down", env=env).stdout == "no sandbox was running\n"


@pytest.fixture(scope="module")
def another(sandbox: Sandbox, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sandbox]:
    """Run a sandbox that two tests kill: the first one starts it again, and the second one stops it."""
    del sandbox  # skips the test if this machine cannot run a sandbox
    running = start_sandbox(tmp_path_factory.mktemp("another"))
    yield running
    running.run("down")


def serve_hello(sandbox: Sandbox) -> list[ProcessId]:
    """Serve the example, and return every process of the sandbox, those of the pod included."""
    sandbox.kubectl("apply", "-f", EXAMPLES / "hello" / "app.yaml")
    sandbox.wait_ready("hello", "default")
    processes = processes_of(sandbox)
    assert len(processes) > len(sandbox.state["components"]), "the pod's processes are in a namespace of their own"
    return processes


def test_after_a_killed_supervisor_the_next_start_cleans_up(another: Sandbox) -> None:
    """That a sandbox leaves nothing behind when it is stopped, `stopped_at_the_end` asserts for each one."""
    processes = serve_hello(another)
    network = another.state["id"]
    kill_supervisor(another)
    eventually(lambda: not [each for each in processes if each.alive], "no process outlives the supervisor")
    assert links_and_namespaces(network), "links and namespaces outlive the supervisor"

    http_port, https_port = free_ports(2)
    ports = ("--http-port", str(http_port), "--https-port", str(https_port))
    done = another.run("up", "--detach", "--images", EXAMPLES, *ports)
    assert done.returncode == 0, done.stderr
    assert links_and_namespaces(network) == ""
    assert another.state["id"] != network


def test_down_cleans_up_after_a_killed_supervisor(another: Sandbox) -> None:
    serve_hello(another)
    network = another.state["id"]
    kill_supervisor(another)
    done = another.run("down")
    assert done.stdout == "the sandbox was stopped, and the remains of a crash were removed\n"
    assert links_and_namespaces(network) == ""


def test_a_rootless_sandbox_looks_the_same_from_outside(sandbox: Sandbox, tmp_path: Path) -> None:
    """Root, too, can run a sandbox in a user namespace with forwarded ports, as other users do."""
    del sandbox
    rootless = start_sandbox(tmp_path / "rootless", PROXIEDAPP_SANDBOX_ROOTLESS="1")
    try:
        rootless.kubectl("apply", "-f", EXAMPLES / "hello" / "app.yaml")
        rootless.wait_ready("hello", "default")
        reply = eventually(lambda: plain.get(f"{rootless.http_url}/api/v1/whoami").raise_for_status(), "the route")
        assert reply.json()["forwarded_prefix"] is None
        eventually(
            lambda: plain.get(f"{rootless.https_url}/api/v1/app").json()["root_path"] == "/api/v1", "the route of https"
        )
        eventually(
            lambda: "Uvicorn running on" in rootless.kubectl("logs", "deploy/hello"), "the server's first log line"
        )
        assert links_and_namespaces(rootless.state["id"]) == "", "nothing of it is in the host's network namespace"
        processes = [component["process"][0] for component in rootless.state["components"].values()]
    finally:
        done = rootless.run("down")
    assert (done.returncode, done.stdout) == (0, "the sandbox was stopped\n")
    assert [pid for pid in processes if alive(pid)] == []
