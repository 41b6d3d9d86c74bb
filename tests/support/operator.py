"""The operator as a separate process with a bare API server."""

import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from threading import Timer

from proxiedapp_sandbox.controlplane import free_ports
from tests.support import plain
from tests.support.sandbox import PATIENCE, eventually

COMMAND = [sys.executable, "-m", "proxiedapp.cli", "run"]


@dataclass(frozen=True)
class Operator:
    """A running operator."""

    process: subprocess.Popen[bytes]
    log: Path
    url: str

    def ready(self) -> bool:
        return plain.get(f"{self.url}/readyz").is_success

    def said(self) -> str:
        return self.log.read_text()


@contextmanager
def operator(
    kubeconfig: Path,
    folder: Path,
    ends_well: bool = True,  # noqa: FBT002 - a variable of `env` must not have its name
    /,
    *,
    command: Sequence[str | Path] = COMMAND,
    **env: str,
) -> Iterator[Operator]:
    """Run the operator until the block ends. If it still runs then, SIGTERM must stop it with status 0; no traceback.

    Not if `ends_well` is false, for the previous release: that one sometimes gives up waiting for kopf, which then
    leaves the traceback of a generator behind.
    """
    (port,) = free_ports(1)
    log = folder / "operator.log"
    settings = {
        "KUBECONFIG": str(kubeconfig),
        "PROXIEDAPP_HEALTH_HOST": "127.0.0.1",
        "PROXIEDAPP_HEALTH_PORT": str(port),
    }
    with (
        log.open("wb") as output,
        subprocess.Popen(command, env=os.environ | settings | env, stdout=output, stderr=subprocess.STDOUT) as process,
    ):
        running = Operator(process, log, f"http://127.0.0.1:{port}")
        try:
            eventually(running.ready, "the operator is ready")
            yield running
            if process.poll() is None:
                process.terminate()
                assert process.wait(PATIENCE) == 0 or not ends_well
            assert "Traceback" not in running.said() or not ends_well
        finally:
            process.kill()


def waits_at_start(kubeconfig: Path, reason: str) -> str:
    """Run an operator that cannot work yet, and return the line of its log with this text; SIGTERM must stop it."""
    settings = {"KUBECONFIG": str(kubeconfig), "PROXIEDAPP_HEALTH_PORT": "0"}
    with subprocess.Popen(
        COMMAND, env=os.environ | settings, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
    ) as process:
        watchdog = Timer(PATIENCE, process.kill)
        watchdog.start()
        try:
            assert process.stderr is not None
            line = next((line for line in process.stderr if reason in line), "")
            process.terminate()
            assert process.wait() == 0
            assert "Traceback" not in process.stderr.read()
        finally:
            watchdog.cancel()
            process.kill()
    return line


def fails_to_start(kubeconfig: Path, **env: str) -> list[str]:
    """Run an operator that cannot start, and return the lines of its standard error."""
    settings = {"KUBECONFIG": str(kubeconfig), "PROXIEDAPP_HEALTH_PORT": "0"}
    done = subprocess.run(
        COMMAND, env=os.environ | settings | env, capture_output=True, text=True, timeout=PATIENCE, check=False
    )
    assert done.returncode == 1
    assert done.stdout == ""
    return done.stderr.splitlines()
