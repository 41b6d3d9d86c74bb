"""The sandbox itself: one at a time, its commands, and nothing left behind, also after a crash."""

import os
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from proxiedapp_sandbox.controlplane import free_ports
from tests.support.sandbox import EXAMPLES, Sandbox, eventually, proxiedapp, start_sandbox


def ip(*arguments: str) -> str:
    return subprocess.run(["ip", *arguments], capture_output=True, text=True, check=True).stdout


def links_and_namespaces(network_id: str) -> str:
    """Return whatever in the kernel carries a network's name."""
    return "\n".join(line for line in (ip("-br", "link") + ip("netns")).splitlines() if network_id in line)


def alive(pid: int) -> bool:
    stat = Path(f"/proc/{pid}/stat")
    return stat.exists() and stat.read_text().rpartition(")")[2].split()[0] not in {"Z", "X"}


def test_a_second_one_says_that_one_is_running(sandbox: Sandbox) -> None:
    done = sandbox.run("up", "--detach")
    assert done.returncode == 1
    (line,) = done.stderr.splitlines()
    assert line == (
        f"proxiedapp: a sandbox is already running (process {sandbox.state['supervisor'][0]}): "
        "use it, or stop it with `proxiedapp sandbox down`"
    )


def test_a_port_that_is_taken_is_named(sandbox: Sandbox, tmp_path: Path) -> None:
    port = sandbox.http_url.rpartition(":")[2]
    done = proxiedapp("sandbox", "up", "--detach", "--http-port", port, env={"PROXIEDAPP_SANDBOX_DIR": str(tmp_path)})
    assert done.returncode == 1
    assert f"port {port} cannot be used (Address already in use): name another by --http-port" in done.stderr


def test_a_folder_of_images_that_is_not_there_is_named(tmp_path: Path) -> None:
    absent = tmp_path / "absent"
    done = proxiedapp("sandbox", "up", "--images", absent, env={"PROXIEDAPP_SANDBOX_DIR": str(tmp_path)})
    assert (done.returncode, done.stderr) == (1, f"proxiedapp: --images {absent}: there is no such folder\n")


def test_a_start_that_fails_says_why(sandbox: Sandbox, tmp_path: Path) -> None:
    del sandbox
    env = {"PROXIEDAPP_SANDBOX_DIR": str(tmp_path), "PROXIEDAPP_ENTRY_POINTS": "web@file"}
    http_port, https_port = map(str, free_ports(2))
    done = proxiedapp("sandbox", "up", "--detach", "--http-port", http_port, "--https-port", https_port, env=env)
    assert done.returncode == 1
    assert "proxiedapp: operator ended at once: " in done.stderr
    assert "PROXIEDAPP_ENTRY_POINTS" in done.stderr.splitlines()[-1]


def test_env_is_what_a_shell_takes(sandbox: Sandbox) -> None:
    script = sandbox.run("env").stdout + 'echo "$KUBECONFIG $PROXIEDAPP_HTTP_URL $PROXIEDAPP_HTTPS_URL"'
    shell = subprocess.run(["sh", "-c", script], capture_output=True, text=True, check=True)
    assert shell.stdout.split() == [str(sandbox.folder / "admin.kubeconfig"), sandbox.http_url, sandbox.https_url]


def test_status_shows_what_runs(sandbox: Sandbox) -> None:
    shown = sandbox.run("status").stdout
    for component, process in sandbox.state["components"].items():
        assert any(line.split() == [component, str(process["process"][0]), "ready"] for line in shown.splitlines())


def test_logs_shows_a_components_log(sandbox: Sandbox) -> None:
    assert "watching" in sandbox.run("logs", "operator").stdout
    done = sandbox.run("logs", "absent")
    assert done.returncode == 1
    assert done.stderr.startswith("proxiedapp: there is no log of absent; there are: ")


def test_restart_brings_a_component_back(sandbox: Sandbox) -> None:
    before = sandbox.state["components"]["traefik"]["process"]
    done = sandbox.run("restart", "traefik")
    assert (done.returncode, done.stdout) == (0, "traefik is back\n")
    assert sandbox.state["components"]["traefik"]["process"] != before


def test_commands_without_a_sandbox_say_so(tmp_path: Path) -> None:
    env = {"PROXIEDAPP_SANDBOX_DIR": str(tmp_path)}
    for command in ("env", "status", "restart"):
        done = proxiedapp("sandbox", command, env=env)
        assert (done.returncode, done.stderr) == (
            1,
            "proxiedapp: no sandbox is running: start one with `proxiedapp sandbox up --detach`\n",
        )
    assert proxiedapp("sandbox", "down", env=env).stdout == "no sandbox was running\n"


@pytest.fixture
def another(sandbox: Sandbox, tmp_path: Path) -> Iterator[Sandbox]:
    del sandbox  # where that one can run, so can this
    running = start_sandbox(tmp_path / "another")
    yield running
    running.run("down")


def serve_hello(sandbox: Sandbox) -> list[int]:
    """Serve the example, and return every process of the sandbox, those of the pod included."""
    sandbox.kubectl("apply", "-f", EXAMPLES / "hello" / "app.yaml")
    sandbox.wait_ready("hello", "default")
    network = sandbox.state["id"]
    spaces = [name for name in ip("netns").split() if name.startswith(f"pa-{network}-")]
    pods = [int(pid) for space in spaces for pid in ip("netns", "pids", space).split()]
    assert pods, "the pod's processes are in a namespace of their own"
    return [component["process"][0] for component in sandbox.state["components"].values()] + pods


def test_down_leaves_nothing(another: Sandbox) -> None:
    processes = serve_hello(another)
    network = another.state["id"]
    done = another.run("down")
    assert (done.returncode, done.stdout) == (0, "the sandbox is gone\n")
    assert [pid for pid in processes if alive(pid)] == []
    assert links_and_namespaces(network) == ""


def test_a_killed_one_takes_its_processes_along_and_the_next_start_cleans_up(another: Sandbox) -> None:
    processes = serve_hello(another)
    network = another.state["id"]
    os.kill(another.state["supervisor"][0], signal.SIGKILL)
    eventually(lambda: not [pid for pid in processes if alive(pid)], "no process outlives the supervisor")
    assert links_and_namespaces(network), "what only the kernel holds is still there"

    http_port, https_port = free_ports(2)
    ports = ("--http-port", str(http_port), "--https-port", str(https_port))
    done = another.run("up", "--detach", "--images", EXAMPLES, *ports)
    assert done.returncode == 0, done.stderr
    assert links_and_namespaces(network) == ""
    assert another.state["id"] != network


def test_down_cleans_up_after_a_killed_one(another: Sandbox) -> None:
    serve_hello(another)
    network = another.state["id"]
    os.kill(another.state["supervisor"][0], signal.SIGKILL)
    done = another.run("down")
    assert done.stdout == "the sandbox is gone, and what a crash had left behind too\n"
    assert links_and_namespaces(network) == ""


def test_without_root_it_is_the_same_from_outside(sandbox: Sandbox, tmp_path: Path) -> None:
    """Root takes the way of everybody else here: all of it in a user namespace, its ports handed through."""
    del sandbox
    rootless = start_sandbox(tmp_path / "rootless", PROXIEDAPP_SANDBOX_ROOTLESS="1")
    try:
        rootless.kubectl("apply", "-f", EXAMPLES / "hello" / "app.yaml")
        rootless.wait_ready("hello", "default")
        reply = eventually(lambda: httpx.get(f"{rootless.http_url}/api/v1/whoami").raise_for_status(), "the route")
        assert reply.json()["forwarded_prefix"] == "/api/v1"
        assert httpx.get(f"{rootless.https_url}/api/v1/app", verify=False).json()["root_path"] == "/api/v1"
        eventually(lambda: "Uvicorn running on" in rootless.kubectl("logs", "deploy/hello"), "the server's greeting")
        assert links_and_namespaces(rootless.state["id"]) == "", "the machine's own network holds nothing of it"
        processes = [component["process"][0] for component in rootless.state["components"].values()]
    finally:
        done = rootless.run("down")
    assert (done.returncode, done.stdout) == (0, "the sandbox is gone\n")
    assert [pid for pid in processes if alive(pid)] == []
