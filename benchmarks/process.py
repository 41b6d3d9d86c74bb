"""A process that is measured: the operator of this tree or of another revision, its CPU, memory and requests."""

import os
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import httpx
from prometheus_client.parser import text_string_to_metric_families

from proxiedapp_sandbox.bare import BareCluster
from proxiedapp_sandbox.cluster import until
from proxiedapp_sandbox.controlplane import ControlPlane, free_ports
from proxiedapp_sandbox.processes import ChildProcess

OPERATOR_USER: Final = "system:serviceaccount:"
"""The beginning of the operator's name in the API server's audit log."""


@dataclass
class AuditLog:
    """The requests that the API server has answered."""

    file: Path
    _offset: int = 0
    lines: list[str] = field(default_factory=list)

    def read(self) -> list[str]:
        """Return all lines until now."""
        if self.file.exists():
            with self.file.open("rb") as log:
                log.seek(self._offset)
                new = log.read()
            complete = new[: new.rfind(b"\n") + 1]
            self._offset += len(complete)
            self.lines += complete.decode().splitlines()
        return self.lines

    def count(self, since: int = 0, *having: str) -> int:
        """Return how many requests with all these parts were logged after the first `since`."""
        return sum(all(part in line for part in having) for line in self.read()[since:])


def cpu_seconds(pid: int) -> float:
    """Return the CPU time of a process so far."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def rss_mib(pid: int) -> float:
    """Return the resident memory of a process in MiB."""
    line = next(line for line in Path(f"/proc/{pid}/status").read_text().splitlines() if line.startswith("VmRSS"))
    return int(line.split()[1]) / 1024


@dataclass(frozen=True)
class RunningOperator:
    """An operator that serves one namespace."""

    pid: int
    url: str
    seconds_until_ready: float

    async def metric(self, name: str) -> float:
        """Return the sum of the samples of a metric."""
        async with httpx.AsyncClient(trust_env=False) as client:
            text = (await client.get(f"{self.url}/metrics")).text
        samples = [sample for family in text_string_to_metric_families(text) for sample in family.samples]
        return sum(sample.value for sample in samples if sample.name == name)

    async def settled(self, passes: int, quiet: float = 3.0) -> None:
        """Wait until the operator has made this many passes, and none for `quiet` seconds."""
        last = (-1.0, time.monotonic())

        async def quiet_now() -> bool:
            nonlocal last
            made = await self.metric("proxiedapp_reconciles_total")
            if made != last[0] or made < passes or await self.metric("proxiedapp_queue_depth"):
                last = (made, time.monotonic())
            return time.monotonic() - last[1] >= quiet

        await until(quiet_now, "a quiet operator", 3600, 1.0)  # reading the metrics costs the operator CPU time


def command(name: str, *, library: Path | None) -> tuple[list[str], dict[str, str]]:
    """Return the arguments and variables that run a command; `library` has the packages of another revision."""
    env = {} if library is None else {"PYTHONPATH": str(library)}
    return [sys.executable, "-c", "from proxiedapp.cli import app; app()", name], os.environ | env


@asynccontextmanager
async def running_operator(
    cluster: BareCluster, folder: Path, namespace: str, library: Path | None = None
) -> AsyncIterator[RunningOperator]:
    """Run an operator while the block runs; `library` has the packages of another revision."""
    (port,) = free_ports(1)
    arguments, env = command("run", library=library)
    env |= {
        "KUBECONFIG": str(cluster.operator_kubeconfig),
        "PROXIEDAPP_HEALTH_HOST": "127.0.0.1",
        "PROXIEDAPP_HEALTH_PORT": str(port),
        "PROXIEDAPP_NAMESPACES": namespace,
    }
    audit = AuditLog(cluster.plane.audit_log)
    logged = len(audit.read())
    begin = time.perf_counter()
    process = await ChildProcess.start(arguments, log=folder / "operator.log", env=env)
    url = f"http://127.0.0.1:{port}"
    try:
        await until(lambda: _answers(f"{url}/readyz"), "the operator", 600, 0.05)
        ready = time.perf_counter() - begin
        await watches_open(cluster.plane, logged, namespace)
        yield RunningOperator(process.identity.pid, url, ready)
    finally:
        await process.stop(10.0)


async def watches_open(plane: ControlPlane, since: int, namespace: str) -> None:
    """Wait until the five kinds that every app has are watched."""
    audit = AuditLog(plane.audit_log)

    async def open_() -> bool:
        return audit.count(since, '"verb":"watch"', f"/namespaces/{namespace}/") >= 5  # noqa: PLR2004 - five kinds

    await until(open_, "the operator's watches", 600)


async def _answers(url: str) -> bool:
    async with httpx.AsyncClient(trust_env=False) as client:
        try:
            return (await client.get(url)).is_success
        except httpx.TransportError:
            return False
