"""Operators as processes that can be killed and frozen. They are forked from a process that has imported everything."""

import asyncio
import ctypes
import multiprocessing
import os
import signal
import sys
import threading
import time
from multiprocessing.context import ForkServerProcess
from pathlib import Path
from typing import Final

from proxiedapp_sandbox.controlplane import OPERATOR_NAMESPACE

_PR_SET_PDEATHSIG: Final = 1
SETTINGS: Final = {
    "PROXIEDAPP_OWN_NAMESPACE": OPERATOR_NAMESPACE,
    "PROXIEDAPP_HEALTH_PORT": "0",
    "PROXIEDAPP_BACKOFF_SECONDS": "0.2",
    "PROXIEDAPP_BACKOFF_MAX_SECONDS": "2",
    "PROXIEDAPP_REQUEST_TIMEOUT_SECONDS": "4",
    "PROXIEDAPP_API_LOOK_SECONDS": "5",
    "PROXIEDAPP_PROXY_NAMESPACE": "traefik",
    "PROXIEDAPP_MONITORING_NAMESPACE": "monitoring",
}
"""Timers are shorter than the defaults, so that a plan takes seconds."""

_context: Final = multiprocessing.get_context("forkserver")


class Replica:
    """One replica: a process, and its successors under the same name, which write to the same log."""

    def __init__(self, name: str, kubeconfig: Path, folder: Path, lease_seconds: int) -> None:
        self.name = name
        self.log = folder / f"{name}.log"
        self._env = SETTINGS | {
            "PATH": os.environ["PATH"],
            "PROXIEDAPP_KUBECONFIG": str(kubeconfig),
            "PROXIEDAPP_IDENTITY": name,
            "PROXIEDAPP_LEASE_SECONDS": str(lease_seconds),
        }
        self._process: ForkServerProcess | None = None
        self.started = 0.0
        """When its last process was started, in seconds of the monotonic clock."""

    def start(self) -> None:
        _context.set_forkserver_preload(["proxiedapp.cli.run", "kopf"])
        self._process = _context.Process(target=_run, args=(self._env, str(self.log)), daemon=True)
        self._process.start()
        self.started = time.monotonic()

    @property
    def pid(self) -> int:
        """Return the pid of the last process that was started."""
        pid = None if self._process is None else self._process.pid
        assert pid is not None
        return pid

    @property
    def running(self) -> bool:
        return self._process is not None and self._process.is_alive()

    @property
    def exit_code(self) -> int | None:
        """Return the exit status of the last process, which is negative for a signal; None if it runs."""
        return None if self._process is None else self._process.exitcode

    def signal(self, number: signal.Signals) -> None:
        if self._process is not None and self._process.pid is not None and self._process.is_alive():
            os.kill(self._process.pid, number)

    async def kill(self) -> None:
        """Kill the process; it has ended when this returns."""
        self.signal(signal.SIGKILL)
        await self.wait()

    async def stop(self) -> int | None:
        """Send SIGTERM, and return the exit status."""
        self.signal(signal.SIGCONT)
        self.signal(signal.SIGTERM)
        await self.wait(120.0)
        return self.exit_code

    async def wait(self, seconds: float = 60.0) -> None:
        """Wait until the process has ended, but not longer than `seconds`."""
        if self._process is not None and self._process.pid is not None:
            await asyncio.to_thread(self._process.join, seconds)

    def said(self) -> str:
        return self.log.read_text(errors="replace") if self.log.exists() else ""


def _run(env: dict[str, str], log: str) -> None:
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    threading.Thread(target=_end_with_the_run, daemon=True).start()
    os.environ.clear()
    os.environ.update(env)
    with Path(log).open("ab") as output:
        for stream in (sys.stdout, sys.stderr):
            stream.flush()
            os.dup2(output.fileno(), stream.fileno())
    from proxiedapp.cli import app  # noqa: PLC0415 - the parent process has no use for it

    app(["run"])


def _end_with_the_run() -> None:
    """Kill this process if the one that started it has been killed.

    The parent process is the fork server, which outlives it: every process that it forks holds the other end of the
    pipe whose end it waits for (CPython 3.11 `Lib/multiprocessing/forkserver.py`, `connect_to_new_process`).
    """
    if (starter := multiprocessing.parent_process()) is not None:
        starter.join()
        os.kill(os.getpid(), signal.SIGKILL)
