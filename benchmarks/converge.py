"""Compare the operator with the fastest client of the API server.

Each round starts a fresh etcd and kube-apiserver. There is no controller-manager: Deployments have no replicas, and
readiness is not awaited. Two clients create the same objects for the same apps, one after the other. The first one runs
again at the end, which shows how much the machine itself varies:

  raw       one asyncio client that creates each ProxiedApp, applies its pre-rendered children and writes one status
  operator  the same client creates the ProxiedApps; the operator, a separate process, does the rest

Time is measured from the first creation until the status of the last app reports an accepted route. Requests are
counted in the API server's audit log, and CPU is the operator's process time. Compare the ratios of one run, not the
absolute numbers of two.
"""

import argparse
import asyncio
import json
import os
import statistics
import sys
import tempfile
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

import aiohttp
from rich.console import Console
from rich.progress import Progress
from rich.table import Table

from benchmarks.process import AuditLog, cpu_seconds, rss_mib, running_operator
from benchmarks.report import spread
from proxiedapp.api.app import parse_manifest
from proxiedapp.api.names import API_VERSION, KIND
from proxiedapp.controller.watchedkinds import PROXIED_APP
from proxiedapp.kube.client import Api, collection
from proxiedapp.kube.manifest import Manifest
from proxiedapp.process.settings import Settings
from proxiedapp.resources.desired import desired
from proxiedapp.resources.kinds import BY_NAME
from proxiedapp_sandbox.bare import BareCluster, bare_cluster
from proxiedapp_sandbox.binaries import KUBE_VERSION, control_plane

NO_TIMEOUT: Final = aiohttp.ClientTimeout(total=None)
"""A burst of 5,000 apps takes longer than the five minutes after which aiohttp ends a watch."""


@dataclass(frozen=True)
class Result:
    """What one client did in one round."""

    contestant: str
    seconds: float
    requests_per_app: float
    cpu_ms_per_app: float
    rss_mib: float


def an_app(namespace: str, number: int) -> Manifest:
    """Return a ProxiedApp with five children and no pods."""
    return {
        "apiVersion": API_VERSION,
        "kind": KIND,
        "metadata": {"name": f"app-{number}", "namespace": namespace},
        "spec": {
            "image": "example/app:1",
            "command": ["fastapi", "run", "main.py"],
            "replicas": 0,
            "route": {"hosts": [f"{namespace}.example.com"], "pathPrefix": f"/api/{number}"},
            "env": [{"name": "LOG_LEVEL", "value": "info"}],
            "resources": {"requests": {"cpu": "100m", "memory": "128Mi"}, "limits": {"memory": "256Mi"}},
        },
    }


async def raw(api: Api, apps: list[Manifest], concurrency: int) -> Result:
    """Write what the operator writes, as fast as one process can."""
    defaults = Settings().defaults
    children = {app["metadata"]["name"]: desired(parse_manifest(app), defaults).children for app in apps}
    slots = asyncio.Semaphore(concurrency)
    requests = 0

    async def one(app: Manifest) -> None:
        nonlocal requests
        async with slots:
            created = await api.create(PROXIED_APP, app)
            owner = {
                "apiVersion": API_VERSION,
                "kind": KIND,
                "name": created["metadata"]["name"],
                "uid": created["metadata"]["uid"],
                "controller": True,
                "blockOwnerDeletion": True,
            }
            own = children[created["metadata"]["name"]]
            await asyncio.gather(
                *(
                    api.apply(
                        BY_NAME[child["kind"]],
                        child | {"metadata": child["metadata"] | {"ownerReferences": [owner]}},
                        force=True,
                    )
                    for child in own
                )
            )
            status = {"observedGeneration": 1, "url": "https://example.com/", "replicas": 0, "readyReplicas": 0}
            written = {key: created[key] for key in ("apiVersion", "kind")} | {
                "metadata": {key: created["metadata"][key] for key in ("name", "namespace")},
                "status": status,
            }
            await api.apply(PROXIED_APP, written, force=True, subresource="status")
            requests += 2 + len(own)

    cpu, start = time.process_time(), time.perf_counter()
    await asyncio.gather(*(one(app) for app in apps))
    seconds = time.perf_counter() - start
    return Result("raw", seconds, requests / len(apps), (time.process_time() - cpu) * 1000 / len(apps), 0.0)


async def operated(cluster: BareCluster, folder: Path, apps: list[Manifest], concurrency: int) -> Result:
    """Create the apps and wait until the operator has reconciled the last one."""
    api, audit = cluster.api, AuditLog(cluster.plane.audit_log)
    async with running_operator(cluster, folder, apps[0]["metadata"]["namespace"]) as running:
        before = cpu_seconds(running.pid)
        counted = len(audit.read())
        waiting = asyncio.create_task(all_accepted(api, apps))
        start = time.perf_counter()
        await create_all(api, apps, concurrency)
        await waiting
        seconds = time.perf_counter() - start
        return Result(
            "operator",
            seconds,
            1 + audit.count(counted) / len(apps),
            (cpu_seconds(running.pid) - before) * 1000 / len(apps),
            rss_mib(running.pid),
        )


async def create_all(api: Api, apps: list[Manifest], concurrency: int) -> None:
    """Create all apps, so many at a time."""
    slots = asyncio.Semaphore(concurrency)

    async def create(app: Manifest) -> None:
        async with slots:
            await api.create(PROXIED_APP, app)

    await asyncio.gather(*(create(app) for app in apps))


async def all_accepted(api: Api, apps: list[Manifest]) -> None:
    """Watch until the status of each app reports an accepted route; reopen the watch if the server closes it."""
    waiting = {app["metadata"]["name"] for app in apps}
    url = f"{api.server}{collection(PROXIED_APP, apps[0]['metadata']['namespace'])}?watch=true"
    async with api.watch_session(await api.token()) as session:
        while waiting:
            async with session.get(url, read_bufsize=2**21, timeout=NO_TIMEOUT) as response:
                async for line in response.content:
                    body: dict[str, Any] = json.loads(line)["object"]
                    conditions = body.get("status", {}).get("conditions", [])
                    if any(one["type"] == "RouteAccepted" and one["status"] == "True" for one in conditions):
                        waiting.discard(body["metadata"]["name"])
                    if not waiting:
                        break


async def one_round(count: int, concurrency: int) -> list[Result]:
    """Run each client once."""
    with tempfile.TemporaryDirectory(prefix="proxiedapp-bench-") as name:
        async with bare_cluster(Path(name), lambda *_: None) as cluster:
            for namespace in ("raw-1", "operated", "raw-2"):
                manifest = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": namespace}}
                await cluster.api.request("POST", "/api/v1/namespaces", manifest)
            first = await raw(cluster.api, [an_app("raw-1", number) for number in range(count)], concurrency)
            apps = [an_app("operated", number) for number in range(count)]
            ours = await operated(cluster, Path(name), apps, concurrency)
            second = await raw(cluster.api, [an_app("raw-2", number) for number in range(count)], concurrency)
            return [first, ours, second]


def main() -> None:
    """Run the rounds, print a table, and write JSON."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--apps", type=int, default=300)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--concurrency", type=int, default=32, help="apps that the raw client works on at a time")
    parser.add_argument("--json", type=Path, help="write all results here")
    chosen = parser.parse_args()
    console = Console()
    results: list[list[Result]] = []
    with Progress(console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("rounds", total=chosen.rounds)
        control_plane(KUBE_VERSION, lambda what, _done, _total: bar.update(task, description=what))
        bar.update(task, description="rounds")
        for _ in range(chosen.rounds):
            results.append(asyncio.run(one_round(chosen.apps, chosen.concurrency)))
            bar.advance(task)
    ratios = [ours.seconds / statistics.mean((one.seconds, other.seconds)) for one, ours, other in results]
    table = Table(title=f"{chosen.apps} apps, {chosen.rounds} rounds: median (min to max)")
    for column in ("client", "seconds", "apps/s", "requests per app", "CPU ms per app", "RSS MiB"):
        table.add_column(column)
    for index, name in enumerate(("raw, before", "operator", "raw, after")):
        mine = [each[index] for each in results]
        table.add_row(
            name,
            spread([one.seconds for one in mine]),
            spread([chosen.apps / one.seconds for one in mine]),
            spread([one.requests_per_app for one in mine]),
            spread([one.cpu_ms_per_app for one in mine]),
            spread([one.rss_mib for one in mine]) if any(one.rss_mib for one in mine) else "",
        )
    console.print(table)
    console.print(f"operator's time over raw's, by round: {spread(ratios)}")
    if chosen.json:
        report = {
            "apps": chosen.apps,
            "concurrency": chosen.concurrency,
            "kubernetes": KUBE_VERSION,
            "python": sys.version.split()[0],
            "cores": os.cpu_count(),
            "ratios": ratios,
            "rounds": [[asdict(result) for result in each] for each in results],
        }
        chosen.json.write_text(json.dumps(report, indent=2) + "\n")


if __name__ == "__main__":
    main()
