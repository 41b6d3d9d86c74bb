"""Processes are identified by PID and start time, and stopped only if both match."""

import os
import signal
import subprocess
import sys
from asyncio.subprocess import Process
from collections.abc import Iterator
from pathlib import Path

import pytest

from proxiedapp_sandbox.cluster import until
from proxiedapp_sandbox.processes import ChildProcess, ProcessId, identity, stop
from tests.support.sandbox import eventually

STUBBORN = (
    "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('up', flush=True); time.sleep(600)"
)


@pytest.fixture
def sleeper() -> Iterator[subprocess.Popen[bytes]]:
    with subprocess.Popen(["sleep", "600"]) as process:
        yield process
        process.kill()


def test_a_process_is_identified_by_pid_and_start_time(sleeper: subprocess.Popen[bytes]) -> None:
    found = identity(sleeper.pid)
    assert found is not None
    assert found.alive
    assert not ProcessId(found.pid, found.started + 1).alive, "the next process with this PID is another one"


def test_a_zombie_is_not_alive(sleeper: subprocess.Popen[bytes]) -> None:
    found = identity(sleeper.pid)
    assert found is not None
    sleeper.kill()
    os.waitid(os.P_PID, sleeper.pid, os.WEXITED | os.WNOWAIT)  # a zombie until it is waited for
    assert not found.alive
    assert identity(sleeper.pid) is None


def test_stop_sends_sigterm_first(sleeper: subprocess.Popen[bytes]) -> None:
    found = identity(sleeper.pid)
    assert found is not None
    stop(found, grace=30)
    assert sleeper.wait() == -signal.SIGTERM


def test_stop_does_not_signal_the_next_process_with_the_pid(sleeper: subprocess.Popen[bytes]) -> None:
    found = identity(sleeper.pid)
    assert found is not None
    stop(ProcessId(found.pid, found.started - 1), grace=30)
    assert sleeper.poll() is None


async def test_a_child_that_ignores_sigterm_is_killed(tmp_path: Path) -> None:
    child = await ChildProcess.start([sys.executable, "-c", STUBBORN], log=tmp_path / "log")

    async def up() -> bool:
        return "up" in child.last_log_line()

    await until(up, "the first line of the child's log")
    await child.stop(grace=0.05)
    assert await child.wait() == -signal.SIGKILL
    assert not child.identity.alive


async def test_a_worker_that_a_child_leaves_behind_is_killed(tmp_path: Path) -> None:
    leaves_one = (
        "import subprocess, sys, time\n"
        f"print(subprocess.Popen([sys.executable, '-c', {STUBBORN!r}]).pid, flush=True)\n"
        "time.sleep(600)\n"
    )
    log = tmp_path / "log"
    child = await ChildProcess.start([sys.executable, "-c", leaves_one], log=log)

    async def up() -> bool:
        return log.read_text().endswith("up\n")

    await until(up, "the worker")
    worker = identity(int(log.read_text().split()[0]))
    assert worker is not None
    await child.stop(grace=30)
    assert await child.wait() == -signal.SIGTERM

    async def gone() -> bool:
        return not worker.alive

    await until(gone, "the end of the worker")


async def test_the_output_of_a_child_is_in_its_log(tmp_path: Path) -> None:
    child = await ChildProcess.start(["sh", "-c", "echo out; echo err >&2"], log=tmp_path / "log")
    assert await child.wait() == 0
    assert (tmp_path / "log").read_text() == "out\nerr\n"
    assert child.last_log_line() == f"err ({tmp_path / 'log'})"


def test_a_child_dies_with_its_parent(tmp_path: Path) -> None:
    starts_one = (
        "import asyncio, pathlib, sys\n"
        "from proxiedapp_sandbox.processes import ChildProcess\n"
        "async def main():\n"
        "    command = ['sh', '-c', 'echo started; exec sleep 600']\n"
        "    child = await ChildProcess.start(command, log=pathlib.Path(sys.argv[1]))\n"
        "    print(child.identity.pid, flush=True)\n"
        "    await child.wait()\n"
        "asyncio.run(main())\n"
    )
    log = tmp_path / "log"
    command = [sys.executable, "-c", starts_one, str(log)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout is not None
        child = identity(int(parent.stdout.readline()))
        assert child is not None
        # Before this, the child may not have asked the kernel yet to be killed with its parent.
        eventually(lambda: log.read_text() == "started\n", "the child has started")
        parent.kill()
    eventually(lambda: not child.alive, "the kernel has killed the child")


async def test_program_that_ends_just_before_it_is_killed_is_stopped(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On a busy machine, asyncio noticed the end between the timeout and SIGKILL, and the sandbox left a traceback."""
    child = await ChildProcess.start(["sleep", "600"], log=tmp_path / "log")

    def gone(_: Process) -> None:
        raise ProcessLookupError

    monkeypatch.setattr(Process, "kill", gone)
    await child.stop(0.0)
    assert child.ended
