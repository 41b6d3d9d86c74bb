"""What the operator costs, beside the raw client and beside the operator of another revision, on one API server.

For each number of apps, the raw client and each operator bring as many apps of their own namespace to their objects,
one after the other, beside a real kube-controller-manager. Deployments have no pods. Each operator then goes through:

  converge  all apps are created at once, until the status of the last one reports an accepted route
  rest      the CPU time of the minute after everything has settled
  change    edits of single specs, until the Deployment has them, while 20 other specs a second change
  drift     edits of single Deployments by another client, until they are undone, during the same
  restart   a new process: when it is ready, when it honours an edit that was made at that moment, what it costs until
            it has settled, and how much memory it has then

`--json FILE` saves the results, and draws beside them how each cost grows with the number of apps.

`--against REV` runs the operator of another revision too, from a temporary worktree, with the packages of this one.
Compare the ratios of one run, not the absolute numbers of two.
"""

import argparse
import asyncio
import json
import os
import random
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import asdict, dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any, Final

import yaml
from rich.console import Console
from rich.table import Table

from benchmarks.converge import NO_TIMEOUT, all_accepted, an_app, create_all, raw
from benchmarks.plots import drawing
from benchmarks.process import AuditLog, command, cpu_seconds, rss_mib, running_operator
from proxiedapp.controller.watchedkinds import PROXIED_APP
from proxiedapp.kube.client import Api, collection
from proxiedapp.kube.kind import Kind
from proxiedapp.kube.manifest import Manifest
from proxiedapp.resources.kinds import DEPLOYMENT
from proxiedapp_sandbox.bare import BareCluster, bare_cluster
from proxiedapp_sandbox.binaries import KUBE_VERSION
from proxiedapp_sandbox.cluster import until
from proxiedapp_sandbox.processes import ChildProcess

ROOT: Final = Path(__file__).resolve().parent.parent
EDITS_PER_SECOND: Final = 20
_DRIFTED: Final = "example/drifted:1"
_MERGE: Final = "application/merge-patch+json"


@dataclass(frozen=True)
class Cost:
    """What one operator cost with one number of apps."""

    operator: str
    apps: int
    raw_seconds: float
    """What the raw client took, the mean of before and after; 0 if it was not measured."""
    seconds: float
    requests_per_app: float
    lists_of_pods: int
    cpu_ms_per_app: float
    empty_mib: float
    mib: float
    rest_cpu_ms: float
    """CPU milliseconds in each second of the first minute at rest."""
    change_p50: float
    change_p99: float
    drift_p50: float
    drift_p99: float
    ready_seconds: float
    honoured_seconds: float
    """Seconds from ready until an edit that was made then is in the Deployment."""
    restart_cpu: float
    """CPU seconds until all is settled, without those of a start with no app."""
    restart_requests: int
    restart_writes: int
    restart_mib: float


async def measure(
    cluster: BareCluster,
    folder: Path,
    label: str,
    library: Path | None,
    given: argparse.Namespace,
    apps: int,
    report: Callable[[str], None],
) -> Cost:
    """Let one operator go through everything."""
    namespace = f"{label}-{apps}"
    await _use_crds(cluster.api, library)
    await _namespace(cluster.api, namespace)
    manifests = [an_app(namespace, number) for number in range(apps)]
    audit = AuditLog(cluster.plane.audit_log)
    found: dict[str, Any] = {}
    async with running_operator(cluster, folder, namespace, library) as running:
        pid = running.pid
        await asyncio.sleep(2)
        found["empty_mib"], start_cpu = rss_mib(pid), cpu_seconds(pid)
        logged, begin = len(audit.read()), time.perf_counter()
        report(f"{label}, {apps} apps: converge")
        waiting = asyncio.create_task(all_accepted(cluster.api, manifests))
        await create_all(cluster.api, manifests, given.concurrency)
        await waiting
        found["seconds"] = time.perf_counter() - begin
        await running.settled(apps)
        found["requests_per_app"] = 1 + audit.count(logged) / apps
        found["lists_of_pods"] = audit.count(logged, '"resource":"pods"')
        found["cpu_ms_per_app"] = (cpu_seconds(pid) - start_cpu) * 1000 / apps
        report(f"{label}, {apps} apps: rest")
        before = cpu_seconds(pid)
        await asyncio.sleep(given.rest)
        found["rest_cpu_ms"], found["mib"] = (cpu_seconds(pid) - before) * 1000 / given.rest, rss_mib(pid)
        report(f"{label}, {apps} apps: change and drift")
        async with _edits(cluster.api, namespace, range(given.changes + 1, apps)):
            found |= _quantiles("change", [await _change(cluster.api, namespace) for _ in range(given.changes)])
            found |= _quantiles("drift", [await _drift(cluster.api, namespace, n + 1) for n in range(given.changes)])
        await running.settled(apps)
    report(f"{label}, {apps} apps: restart")
    logged = len(audit.read())
    async with running_operator(cluster, folder, namespace, library) as running:
        found["ready_seconds"] = running.seconds_until_ready
        found["honoured_seconds"] = await _change(cluster.api, namespace)
        await running.settled(apps)
        found["restart_cpu"] = cpu_seconds(running.pid) - start_cpu
        found["restart_requests"] = audit.count(logged)
        found["restart_writes"] = audit.count(logged, '"verb":"patch"')
        found["restart_mib"] = rss_mib(running.pid)
    return Cost(label, apps, raw_seconds=0.0, **found)


def _quantiles(name: str, seconds: list[float]) -> dict[str, float]:
    ordered = sorted(seconds)
    return {f"{name}_p50": statistics.median(ordered), f"{name}_p99": ordered[int(len(ordered) * 0.99)]}


async def _namespace(api: Api, name: str) -> None:
    await api.request(
        "POST", "/api/v1/namespaces", {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}}
    )


async def _patch(api: Api, kind: Kind, namespace: str, name: str, body: Manifest) -> None:
    await api.request("PATCH", f"{collection(kind, namespace)}/{name}", body, _MERGE)


@asynccontextmanager
async def _edits(api: Api, namespace: str, apps: range) -> AsyncIterator[None]:
    """Edit 20 of these specs a second while the block runs."""

    async def edit() -> None:
        for number in range(10**9):
            name = f"app-{random.choice(apps)}"
            value = {"spec": {"env": [{"name": "LOG_LEVEL", "value": f"level-{number}"}]}}
            await asyncio.gather(_patch(api, PROXIED_APP, namespace, name, value), asyncio.sleep(1 / EDITS_PER_SECOND))

    task = asyncio.create_task(edit())
    try:
        yield
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


async def _change(api: Api, namespace: str) -> float:
    """Edit the first app's image; return the seconds until its Deployment has it."""
    image = f"example/app:{random.randrange(10**9)}"
    async with _watched(api, namespace, "app-0") as deployments:
        begin = time.perf_counter()
        await _patch(api, PROXIED_APP, namespace, "app-0", {"spec": {"image": image}})
        async for body in deployments:
            if body["spec"]["template"]["spec"]["containers"][0]["image"] == image:
                return time.perf_counter() - begin
    raise RuntimeError("the watch has ended")


async def _drift(api: Api, namespace: str, number: int) -> float:
    """Edit the Deployment of an app as another client; return the seconds until that is undone.

    Each time it is another app, because the operator makes pauses if a client changes the same object again and again.
    """
    name, edited = f"app-{number}", False
    async with _watched(api, namespace, name) as deployments:
        containers = (await api.get(DEPLOYMENT, namespace, name))["spec"]["template"]["spec"]["containers"]
        edit = {"spec": {"template": {"spec": {"containers": [containers[0] | {"image": _DRIFTED}]}}}}
        begin = time.perf_counter()
        await _patch(api, DEPLOYMENT, namespace, name, edit)
        async for body in deployments:
            drifted = body["spec"]["template"]["spec"]["containers"][0]["image"] == _DRIFTED
            edited = edited or drifted
            if edited and not drifted:
                return time.perf_counter() - begin
    raise RuntimeError("the watch has ended")


@asynccontextmanager
async def _watched(api: Api, namespace: str, name: str) -> AsyncIterator[AsyncIterator[dict[str, Any]]]:
    """Yield the observations of a Deployment, from now on."""
    path = f"{collection(DEPLOYMENT, namespace)}?fieldSelector=metadata.name={name}"
    version = (await api.request("GET", path))["metadata"]["resourceVersion"]
    url = f"{api.server}{path}&watch=true&resourceVersion={version}"
    async with (
        api.watch_session(await api.token()) as session,
        session.get(url, read_bufsize=2**21, timeout=NO_TIMEOUT) as response,
    ):

        async def bodies() -> AsyncIterator[dict[str, Any]]:
            async for line in response.content:
                yield json.loads(line)["object"]

        yield bodies()


async def _use_crds(api: Api, library: Path | None) -> None:
    """Apply the CustomResourceDefinitions of a revision: an older one rejects fields that newer ones default."""
    arguments, env = command("crd", library=library)
    text = await asyncio.to_thread(subprocess.check_output, arguments, env=env)
    for crd in yaml.load_all(text, yaml.CSafeLoader):
        path = f"/apis/{crd['apiVersion']}/customresourcedefinitions/{crd['metadata']['name']}"
        await api.request("PATCH", f"{path}?fieldManager=bench&force=true", crd, "application/apply-patch+yaml")
    await asyncio.sleep(2)  # until the API server prunes and defaults by the new schema


@contextmanager
def revision(name: str | None, folder: Path) -> Iterator[Path | None]:
    """Yield the import path of another revision, from a worktree that lasts as long as the block."""
    if name is None:
        yield None
        return
    tree = folder / "revision"
    subprocess.check_call(["git", "-C", ROOT, "worktree", "add", "--quiet", "--detach", tree, name])
    try:
        yield tree / "operator"
    finally:
        subprocess.check_call(["git", "-C", ROOT, "worktree", "remove", "--force", tree])


async def run(given: argparse.Namespace, report: Callable[[str], None]) -> list[Cost]:
    """Measure each operator with each number of apps."""
    costs: list[Cost] = []
    with tempfile.TemporaryDirectory(prefix="proxiedapp-bench-") as name:
        folder = Path(name)
        with revision(given.against, folder) as library:
            operators = [("before", library)] * (library is not None) + [("now", None)]
            for apps in given.apps:
                cluster_folder = folder / f"cluster-{apps}"
                cluster_folder.mkdir()
                async with bare_cluster(cluster_folder, lambda *_: None) as cluster, _controllers(cluster):
                    raws = [await _raw(cluster.api, f"raw-0-{apps}", apps, given, report)]
                    ours: list[Cost] = []
                    for turn, (label, path) in enumerate(operators, 1):
                        ours.append(await measure(cluster, folder, label, path, given, apps, report))
                        raws.append(await _raw(cluster.api, f"raw-{turn}-{apps}", apps, given, report))
                    for cost, around in zip(ours, pairwise(raws), strict=True):
                        costs.append(Cost(**asdict(cost) | {"raw_seconds": statistics.mean(around)}))
    return costs


async def _raw(api: Api, namespace: str, apps: int, given: argparse.Namespace, report: Callable[[str], None]) -> float:
    if apps > given.raw_up_to:
        return 0.0
    report(f"raw client, {apps} apps")
    await _namespace(api, namespace)
    result = await raw(api, [an_app(namespace, number) for number in range(apps)], given.concurrency)
    return result.seconds


@asynccontextmanager
async def _controllers(cluster: BareCluster) -> AsyncIterator[None]:
    command = cluster.plane.controller_manager(cluster.admin_kubeconfig)
    manager = await ChildProcess.start(command, log=cluster.plane.folder / "controller-manager.log")
    try:

        async def works() -> bool:
            return bool(await cluster.api.request("GET", "/api/v1/namespaces/default/serviceaccounts/default"))

        await until(works, "the controller-manager")
        yield
    finally:
        await manager.stop(3.0)


def main() -> None:
    """Measure, print a table, and write JSON."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--apps", type=int, nargs="+", default=[300, 1000])
    parser.add_argument("--against", metavar="REV", help="measure the operator of this revision, too")
    parser.add_argument("--raw-up-to", type=int, default=10**9, help="measure no raw client with more apps than these")
    parser.add_argument("--concurrency", type=int, default=32, help="apps that the raw client works on at a time")
    parser.add_argument("--changes", type=int, default=50, help="changes and drifts that are timed, each")
    parser.add_argument("--rest", type=float, default=60.0, help="seconds at rest")
    parser.add_argument("--note", default="", help="a sentence for the page of results, such as on other work")
    parser.add_argument("--json", type=Path, help="write the results here, and plots as SVG beside them")
    given = parser.parse_args()
    console = Console(stderr=True)
    costs = asyncio.run(run(given, lambda text: console.print(f"{time.strftime('%H:%M:%S')} {text}")))
    table = Table(title="The operator's cost")
    table.add_column("")
    for cost in costs:
        table.add_column(f"{cost.operator}, {cost.apps} apps")
    for name in list(asdict(costs[0]))[2:]:
        table.add_row(name, *(f"{asdict(cost)[name]:.3g}" for cost in costs))
    Console().print(table)
    if given.json:
        report = {
            "against": given.against,
            "note": given.note,
            "kubernetes": KUBE_VERSION,
            "python": sys.version.split()[0],
            "cores": os.cpu_count(),
            "changes": given.changes,
            "costs": [asdict(cost) for cost in costs],
        }
        given.json.write_text(json.dumps(report, indent=2) + "\n")
        given.json.with_suffix(".svg").write_text(drawing(costs=[asdict(cost) for cost in costs]))


if __name__ == "__main__":
    main()
