"""Measure one namespace while another one does everything that is known to be expensive for the operator.

In namespace B, one app changes its second host, again and again. A change of the first one would also replace the pod,
since probes send that host. The time from the change until the proxy serves the app at the new host is measured: alone,
then while namespace A has all hostile objects at once, and then while A also changes them without pause, which keeps
the API server and the proxy busy, too. The objects are the 15 cases for which the limits in docs/reference/limits.md
were made. In both phases, A keeps connections to the operator's health port unfinished.

Foreign routes of A have an ingress class of their own: the operator reads them, and Traefik does not, because this
measures the operator and not the proxy.
"""

import argparse
import asyncio
import itertools
import json
import os
import platform
import statistics
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

import httpx
from rich.console import Console
from rich.table import Table

from proxiedapp.api.names import API_VERSION, KIND
from proxiedapp.controller.watchedkinds import CHILD_SELECTOR, INGRESS, PROXIED_APP
from proxiedapp.kube.client import Api, collection
from proxiedapp.kube.connection import connect
from proxiedapp.kube.errors import ApiError
from proxiedapp.kube.kind import Kind
from proxiedapp.kube.manifest import Manifest
from proxiedapp.resources.kinds import CONFIG_MAP, INGRESS_ROUTE, SERVICE
from proxiedapp_sandbox.binaries import KUBE_VERSION
from proxiedapp_sandbox.cluster import until
from tests.support.sandbox import EXAMPLES, Sandbox, start_sandbox, stopped_at_the_end

A: Final = "tenant-a"
B: Final = "tenant-b"
CLASS: Final = "elsewhere"
RIVALS: Final = 300
CONFIG_MAPS: Final = 150
CONNECTIONS: Final = 3_000
HOSTILE: Final = """
import json

LONG = "/".join("{p%d}" % number for number in range(20))
PATHS = {"/r%d/%s/%s" % (number, LONG, "x" * 600): {"get": {}} for number in range(4900)}
SCHEMA = json.dumps({"openapi": "3.1.0", "info": {"title": "A", "version": "1"}, "paths": PATHS}).encode()
BODY = b"x" * (4 << 20)


async def app(scope, receive, send):
    if scope["type"] != "http":
        return
    body = b"ok" if scope["path"].endswith("/healthz") else SCHEMA if "openapi" in scope["path"] else BODY
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-type", b"application/json")]})
    await send({"type": "http.response.body", "body": body})
"""


_SETTLING_SECONDS: Final = 300.0
"""How long the operator may take until no pass of an object of namespace A is due."""


@dataclass
class Served:
    """How long changes took until clients saw them."""

    seconds: list[float] = field(default_factory=list)

    def percentile(self, percent: int) -> float:
        """Return the nearest-rank percentile."""
        ordered = sorted(self.seconds)
        return ordered[max(0, -(-percent * len(ordered) // 100) - 1)]

    def summary(self) -> dict[str, float]:
        """Return what the report has of them."""
        return {
            "changes": len(self.seconds),
            "p50": statistics.median(self.seconds),
            "p99": self.percentile(99),
            "max": max(self.seconds),
        }


def an_app(name: str, namespace: str, **spec: Any) -> Manifest:
    """Return a ProxiedApp without pods, with fields of its spec in camelCase."""
    fields = {"image": "sandbox.local/hello:1", "command": ["uvicorn", "main:app"], "replicas": 0} | spec
    metadata = {"name": name, "namespace": namespace}
    return {"apiVersion": API_VERSION, "kind": KIND, "metadata": metadata, "spec": fields}


def steady(number: int) -> Manifest:
    """Return the app of namespace B at its next host."""
    probe = {"readiness": {"path": "/healthz", "periodSeconds": 1}}
    route = {"hosts": ["steady.tenant-b.test", f"h{number}.tenant-b.test"], "pathPrefix": "/api/v1"}
    return an_app("steady", B, command=["fastapi", "run", "main.py"], replicas=1, probes=probe, route=route)


def doubling(times: int) -> list[dict[str, str]]:
    """Return variables of which each contains the one before it twice."""
    return [
        {"name": "V0", "value": "xxxxxxxx"},
        *({"name": f"V{one}", "value": f"$(V{one - 1})$(V{one - 1})"} for one in range(1, times)),
    ]


def at(prefix: str, **route: Any) -> dict[str, Any]:
    """Return a route at the host of namespace A."""
    return {"hosts": ["tenant-a.test"], "pathPrefix": prefix} | route


def hostile_apps() -> list[Manifest]:
    """Return the ProxiedApps of namespace A; those that the API server refuses are among them."""
    script = "A=xxxxxxxx\n" + "".join(f"A=$A$A{number}\n" for number in range(1_000)) + "exec uvicorn main:app"
    answers = {"image": "sandbox.local/hostile:1", "replicas": 1, "probes": {"readiness": {"path": "/healthz"}}}
    paths = [f"/big/{number}" for number in range(16)]
    token = [{"name": "t", "projected": {"sources": [{"serviceAccountToken": {"path": "t"}}]}}]
    return [
        an_app("row-1-doubling", A, env=doubling(40), route=at("/row-1")),
        an_app("row-1-script", A, command=["sh", "-c", script], route=at("/row-1-script")),
        an_app("row-2", A, **answers, route=at("/row-2")),
        *(
            an_app(
                f"row-4-{number}",
                A,
                env=[{"name": f"V{one}", "value": "x" * 220} for one in range(90)],
                route=at("/row-4"),
            )
            for number in range(RIVALS)
        ),
        an_app("row-5", A, route=at("/row-5")),
        an_app("row-5-class", A, route=at("/row-5", ingressClassName="traefik")),
        an_app("row-6", A, **answers, route=at("/row-6"), verify={"extraPaths": paths}),
        an_app("row-7", A, **answers, route=at("/row-7"), verify={"openapiPath": "/../../api/v1/openapi.json"}),
        an_app("row-8", A, route=at("/row-8")),
        an_app(
            "row-9",
            A,
            route={
                "hosts": ["row-9.tenant-b.test"],
                "pathPrefix": "/api/v1/app",
                "annotations": {"external-dns.alpha.kubernetes.io/hostname": "tenant-b.test"},
                "tls": {"options": {"name": "others"}},
            },
        ),
        an_app("row-11", A, route=at("/row-11"))
        | {"metadata": {"name": "row-11", "namespace": A, "annotations": {"proxiedapp.dev/reconcile": "suspended"}}},
        an_app("row-14", A, command=["uvicorn", "main:app", "--root-path=/x\nERROR forged"], route=at("/row-14")),
        an_app("row-15-token", A, volumes=token, route=at("/row-15-token")),
        an_app("row-15", A, proxy={"trustedProxies": ["0.0.0.0/1", "128.0.0.0/1"]}, route=at("/row-15")),
    ]


def hostile_routes(turn: int) -> list[tuple[Kind, Manifest]]:
    """Return the foreign routes of namespace A, which differ each turn."""
    backend = {"service": {"name": "none", "port": {"number": 80}}}
    paths = [{"path": f"/p{turn}/{number}", "pathType": "Prefix", "backend": backend} for number in range(4_000)]
    sides = [f"({' || '.join(f'{name}(`/{turn}/{one}`)' for one in range(55))})" for name in ("PathPrefix", "Path")]
    rules = [{"kind": "Rule", "match": " && ".join(sides), "services": [{"name": "none", "port": 80}]}] * 10
    return [
        (
            INGRESS,
            {
                "apiVersion": INGRESS.api_version,
                "kind": "Ingress",
                "metadata": {"name": "row-3", "namespace": A},
                "spec": {"ingressClassName": CLASS, "rules": [{"http": {"paths": paths}}]},
            },
        ),
        (
            INGRESS_ROUTE,
            {
                "apiVersion": INGRESS_ROUTE.api_version,
                "kind": "IngressRoute",
                "metadata": {"name": "row-3", "namespace": A},
                "spec": {"ingressClassName": CLASS, "routes": rules},
            },
        ),
    ]


def large_config_map(number: int) -> Manifest:
    """Return a ConfigMap of 1 MB with the operator's label."""
    key, _, value = CHILD_SELECTOR.partition("=")
    return {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": f"row-12-{number}", "namespace": A, "labels": {key: value}},
        "data": {"large": "x" * 1_000_000},
    }


class Attack:
    """Everything that namespace A does, until it is stopped."""

    def __init__(self, api: Api, sandbox: Sandbox) -> None:
        self._api = api
        self._slots = asyncio.Semaphore(8)
        self._health = urlsplit(sandbox.state["operator_health"])
        self.refused: list[str] = []
        """The names of objects that the API server refused."""
        self.writes = 0
        self.connections = 0

    async def prepare(self) -> None:
        """Create the objects."""
        await self._write(*((CONFIG_MAP, large_config_map(number)) for number in range(CONFIG_MAPS)))
        await self._write(*((PROXIED_APP, app) for app in hostile_apps()), *hostile_routes(0))
        finalized = an_app("row-10", A, route=at("/row-10"))
        finalized["metadata"]["finalizers"] = ["example.com/kept"]
        await self._write((PROXIED_APP, finalized))
        await self._api.request("DELETE", f"{collection(PROXIED_APP, A)}/row-10")

    async def change(self) -> None:
        """Change the objects, one kind of work after the other."""
        apps = hostile_apps()
        for turn in itertools.count(1):
            for app in apps:
                app["spec"]["podAnnotations"] = {"turn": str(turn)}
                await self._write((PROXIED_APP, app))
                if turn % 5 == 0 or app["metadata"]["name"].endswith("0"):
                    await self._write(*hostile_routes(self.writes))
                    await self._service_type()

    async def _service_type(self) -> None:
        path = f"{collection(SERVICE, A)}/row-8"
        with suppress(ApiError):
            await self._api.request("PATCH", path, {"spec": {"type": "NodePort"}}, "application/merge-patch+json")

    async def connect(self) -> None:
        """Open connections to the health port, and leave them unfinished."""
        while True:
            opened: list[asyncio.StreamWriter] = []
            for _ in range(CONNECTIONS):
                try:
                    _, writer = await asyncio.open_connection(self._health.hostname, self._health.port)
                except OSError:
                    await asyncio.sleep(0.1)
                    continue
                writer.write(b"GET /healthz HTTP/1.1\r\n")
                opened.append(writer)
                self.connections += 1
                await asyncio.sleep(0.005)
            for writer in opened:
                writer.close()

    async def _write(self, *objects: tuple[Kind, Manifest]) -> None:
        async def one(kind: Kind, manifest: Manifest) -> None:
            async with self._slots:
                try:
                    await apply(self._api, kind, manifest)
                    self.writes += 1
                except ApiError as error:
                    if (name := manifest["metadata"]["name"]) not in self.refused:
                        self.refused.append(name)
                        say(f"{name}: {str(error)[:200]}")

        await asyncio.gather(*(one(*each) for each in objects))


def say(text: str) -> None:
    """Report progress."""
    sys.stderr.write(f"{time.strftime('%H:%M:%S')} {text}\n")
    sys.stderr.flush()


async def apply(api: Api, kind: Kind, manifest: Manifest) -> None:
    """Apply an object as a user does, with a field manager of its own."""
    metadata = manifest["metadata"]
    path = f"{collection(kind, metadata['namespace'])}/{metadata['name']}?fieldManager=tenant&force=true"
    await api.request("PATCH", path, manifest, "application/apply-patch+yaml")


async def change(api: Api, client: httpx.AsyncClient, number: int) -> float:
    """Move the app of namespace B to its next host; returns the seconds until the proxy serves it there."""
    host = f"h{number}.tenant-b.test"
    start = time.perf_counter()
    await apply(api, PROXIED_APP, steady(number))
    while True:
        reply = await client.get("/api/v1/healthz", headers={"Host": host})
        if reply.status_code == httpx.codes.OK:
            return time.perf_counter() - start
        await asyncio.sleep(0.01)


@dataclass
class Observed:
    """The operator's process during a phase."""

    rss_mib: float = 0.0
    """The peak since the process started, as are the stalls."""
    stalls: float = 0.0
    longest_stall: float = 0.0
    started: float = 0.0
    leading: bool = True
    """Whether each sample showed the same process as the leader."""

    def read(self, metric: Callable[..., float]) -> None:
        """Add a sample."""
        self.rss_mib = max(self.rss_mib, metric("process_resident_memory_bytes") / 2**20)
        self.stalls = metric("proxiedapp_loop_stalls_total")
        self.longest_stall = metric("proxiedapp_loop_stall_max_seconds")
        self.leading &= metric("proxiedapp_leading") == 1
        started = metric("process_start_time_seconds")
        if self.started and self.started != started:
            self.leading = False
        self.started = started


async def phase(
    api: Api, client: httpx.AsyncClient, sandbox: Sandbox, first: int, changes: int, seconds: float
) -> tuple[Served, Observed]:
    """Make changes in namespace B, evenly over some seconds."""
    served, observed, begin = Served(), Observed(), time.monotonic()
    for number in range(changes):
        served.seconds.append(await change(api, client, first + number))
        await asyncio.to_thread(_sample, sandbox, observed)
        if number % 10 == 0:
            say(f"change {number}: {served.seconds[-1]:.2f} s, {observed.rss_mib:.0f} MiB")
        await asyncio.sleep(max(0.0, begin + seconds * (number + 1) / changes - time.monotonic()))
    return served, observed


def _sample(sandbox: Sandbox, observed: Observed) -> None:
    with suppress(httpx.HTTPError):  # the health port closes connections while it is flooded
        observed.read(sandbox.metric)


@asynccontextmanager
async def client_of(sandbox: Sandbox) -> AsyncIterator[tuple[Api, httpx.AsyncClient]]:
    api = Api(await connect(sandbox.folder / "admin.kubeconfig"))
    async with httpx.AsyncClient(base_url=sandbox.http_url, trust_env=False, timeout=30) as client:
        try:
            yield api, client
        finally:
            await api.close()


async def run(sandbox: Sandbox, changes: int, seconds: float, note: str) -> dict[str, Any]:
    """Measure both phases."""
    for namespace in (A, B):
        sandbox.kubectl("create", "namespace", namespace)
    phases: dict[str, tuple[Served, Observed]] = {}

    async def settled() -> bool:
        return await asyncio.to_thread(sandbox.metric, "proxiedapp_queue_depth") == 0

    async with client_of(sandbox) as (api, client), asyncio.TaskGroup() as tasks:
        await change(api, client, 0)
        phases["alone"] = await phase(api, client, sandbox, 1, changes, 0.0)
        say(f"alone: {phases['alone'][0].summary()}")
        attack = Attack(api, sandbox)
        await attack.prepare()
        say(f"namespace {A} has {attack.writes} objects")
        await until(settled, f"passes of namespace {A}", _SETTLING_SECONDS, 1.0)
        attacking = [tasks.create_task(attack.connect())]
        phases["present"] = await phase(api, client, sandbox, changes + 1, changes, seconds)
        say(f"present: {phases['present'][0].summary()}")
        attacking.append(tasks.create_task(attack.change()))
        phases["changing"] = await phase(api, client, sandbox, 2 * changes + 1, changes, seconds)
        for task in attacking:
            task.cancel()
    processes = [observed for _, observed in phases.values()]
    transitions = [each["spec"].get("leaseTransitions", 0) for each in sandbox.get("leases", "-A")["items"]]
    return {
        "note": note,
        "kubernetes": KUBE_VERSION,
        "python": platform.python_version(),
        "cores": os.cpu_count(),
        "seconds": seconds,
        "phases": {name: served.summary() | asdict(observed) for name, (served, observed) in phases.items()},
        "restarted": len({observed.started for observed in processes}) > 1,
        "lost_lease": not all(observed.leading for observed in processes) or any(transitions),
        "hostile_writes": attack.writes,
        "refused": attack.refused,
        "connections": attack.connections,
    }


def main() -> None:
    """Start a sandbox, measure, and print and store the report."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--changes", type=int, default=100, help="changes in namespace B in each phase")
    parser.add_argument("--seconds", type=float, default=600.0, help="how long namespace A goes on in each phase")
    parser.add_argument("--note", default="", help="what a reader of the report must know of this run")
    parser.add_argument("--store", action="store_true", help="write benchmarks/results/tenants.json")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        images = Path(folder) / "images"
        (images / "hostile").mkdir(parents=True)
        (images / "hostile" / "main.py").write_text(HOSTILE)
        (images / "hello").symlink_to(EXAMPLES / "hello")
        with stopped_at_the_end(start_sandbox(Path(folder) / "sandbox", images)) as sandbox:
            report = asyncio.run(run(sandbox, given.changes, given.seconds, given.note))
            log = (sandbox.folder / "logs" / "operator.log").read_text()
    report["log_lines_forged"] = sum(line.startswith("ERROR forged") for line in log.splitlines())
    if given.store:
        (Path(__file__).parent / "results" / "tenants.json").write_text(json.dumps(report, indent=2) + "\n")
    phases = report["phases"]
    table = Table("", *phases)
    for name in ("p50", "p99", "max", "rss_mib", "stalls", "longest_stall"):
        table.add_row(name, *(f"{phases[phase][name]:.2f}" for phase in phases))
    Console().print(table)
    print(json.dumps(report, indent=2))


if __name__ == "__main__":
    main()
