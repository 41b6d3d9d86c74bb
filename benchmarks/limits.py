"""Measure the CPU and memory of the largest cases that others can cause.

Each case runs in a process of its own: first with a small input, so that everything is imported, and then with the
largest one. Memory is the growth of the process's peak meanwhile. No cluster is needed.
"""

import argparse
import asyncio
import json
import os
import platform
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any, Final
from urllib.parse import parse_qs, urlsplit

from aiohttp import web
from kubernetes.aio.client import ApiClient, Configuration
from rich.console import Console
from rich.table import Table

from proxiedapp.api.app import parse_spec
from proxiedapp.api.errors import RejectedError
from proxiedapp.api.names import API_VERSION, KIND
from proxiedapp.controller.observed.foreignroutes import ForeignRoutes
from proxiedapp.controller.observed.store import Store
from proxiedapp.kube.client import Api
from proxiedapp.kube.key import Key
from proxiedapp.process.settings import Settings
from proxiedapp.resources.kinds import CONFIG_MAP
from proxiedapp.routing.foreignroute import RouteRef, read_foreign_route
from proxiedapp.servers.launch import launch
from proxiedapp.verify.evidence import Evidence
from proxiedapp.verify.judge import judge
from proxiedapp.verify.response import Response, reduce_response
from proxiedapp.verify.target import VerifyOptions, VerifyTarget, parse_target

ENTRY_POINTS: Final = Settings().defaults.entry_points
APPS: Final = 1_000
Case = Callable[[int], None]
"""Runs a case with an input of a size."""


def variables(count: int) -> None:
    """Read 40 variables, each of which contains the one before it twice."""
    env = [{"name": f"V{one}", "value": f"$(V{one - 1})$(V{one - 1})" if one else "x" * 8} for one in range(count)]
    _launch(command=["uvicorn", "main:app"], env=env)


def script(count: int) -> None:
    """Read a script of 24 kB whose variable doubles in each line."""
    lines = "".join(f"A=$A$A{number}\n" for number in range(count))
    _launch(command=["sh", "-c", f"A=xxxxxxxx\n{lines}exec uvicorn main:app"])


def schema(count: int) -> None:
    """Judge a schema of 3.7 MiB with 4,900 long path templates."""
    parameters = "/".join(f"{{p{number}}}" for number in range(20))
    paths: dict[str, Any] = {f"/r{number}/{parameters}/{'x' * 600}": {"get": {}} for number in range(count)}
    body = json.dumps({"openapi": "3.1.0", "info": {"title": "A", "version": "1"}, "paths": paths}).encode()
    address = parse_target(VerifyTarget("https://example.com/api/v1"))
    response = Response(
        "/api/v1/openapi.json", 200, location="", content_type="application/json", server="", body=body, complete=True
    )
    answer = reduce_response(response, address.repeats_prefix)
    judge(Evidence(VerifyTarget("https://example.com/api/v1"), VerifyOptions(), address, 10.0, schema=answer))


def ingress(count: int) -> None:
    """Read an Ingress with 4,000 paths without a host, and find the apps it concerns among 1,000."""
    backend = {"service": {"name": "s", "port": {"number": 80}}}
    paths = [{"path": f"/p{number}", "pathType": "Prefix", "backend": backend} for number in range(count)]
    _foreign("Ingress", {"rules": [{"http": {"paths": paths}}]})


def matchers(count: int) -> None:
    """Read an IngressRoute with ten rules of 110 matchers, and find the apps it concerns among 1,000."""
    sides = [f"({' || '.join(f'{name}(`/{one}`)' for one in range(55))})" for name in ("PathPrefix", "Path")]
    _foreign("IngressRoute", {"routes": [{"match": " && ".join(sides)} for _ in range(count)]})


def rivals(count: int) -> None:
    """Record a change of one of 300 apps of 23 kB at one host and prefix, and decide who holds it."""
    store = _store(count, "/same", env=[{"name": f"V{one}", "value": "x" * 220} for one in range(90)])
    STARTED.append(time.process_time())
    store.observe_app(_an_app(0, "/same", version=APPS, replicas=2))
    store.routes.holders(Key("team", "app-0"))


def config_maps(count: int) -> None:
    """List 150 ConfigMaps of 1 MB with the operator's label."""
    asyncio.run(_listed(count))


LARGEST: Final[dict[Case, int]] = {
    variables: 40,
    script: 2_400,
    schema: 4_900,
    ingress: 4_000,
    matchers: 10,
    rivals: 300,
    config_maps: 150,
}
CASES: Final[dict[str, Case]] = {case.__name__: case for case in LARGEST}
STARTED: Final[list[float]] = []
"""When the measured part of a case began, if that is not its begin."""


def _launch(**fields: Any) -> None:
    with suppress(RejectedError):
        launch(parse_spec({"image": "shop:1", "route": {"pathPrefix": "/api"}, **fields}), ["10.0.0.0/8"])


def _an_app(number: int, prefix: str, *, version: int = 1, **fields: Any) -> dict[str, Any]:
    metadata = {
        "name": f"app-{number}",
        "namespace": "team",
        "uid": f"uid-{number}",
        "resourceVersion": str(version),
        "generation": version,
    }
    spec = {"image": "shop:1", "command": ["uvicorn", "main:app"], "route": {"pathPrefix": prefix}, **fields}
    return {"apiVersion": API_VERSION, "kind": KIND, "metadata": metadata, "spec": spec}


def _store(apps: int, prefix: str = "", **fields: Any) -> Store:
    store = Store(ENTRY_POINTS)
    for number in range(apps):
        store.observe_app(_an_app(number, prefix or f"/p{number}", **fields))
    return store


def _foreign(kind: str, spec: dict[str, Any]) -> None:
    store, routes = _store(APPS), ForeignRoutes()
    STARTED.append(time.process_time())
    read = read_foreign_route(kind, {"metadata": {"name": "theirs", "namespace": "others"}, "spec": spec})
    for _ in store.addressed_by(routes.observe(RouteRef(kind, "others", "theirs"), read)):
        pass


async def _listed(count: int) -> None:
    server = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "benchmarks.limits", "--serve", str(count), stdout=asyncio.subprocess.PIPE
    )
    if server.stdout is None:
        raise TypeError
    port = int(await server.stdout.readline())
    configuration = Configuration(host=f"http://127.0.0.1:{port}")
    configuration.client_session_kwargs = {"trust_env": False}
    api, store = Api(ApiClient(configuration)), Store(ENTRY_POINTS)
    STARTED.append(time.process_time())
    try:
        async for page in api.pages(CONFIG_MAP, None):
            for body in page["items"]:
                store.observe_child(CONFIG_MAP, body)
    finally:
        await api.close()
        server.terminate()
        await server.wait()
    if store.counts()["ConfigMap"] != count:
        raise ValueError("not every ConfigMap was listed")


def serve(count: int) -> None:
    """Serve lists of large ConfigMaps, by pages as the API server does, and print the port."""
    managed = {
        "manager": "proxiedapp",
        "operation": "Apply",
        "apiVersion": "v1",
        "fieldsType": "FieldsV1",
        "fieldsV1": {"f:data": {"f:large": {}}},
    }

    def one(number: int) -> dict[str, Any]:
        metadata = {"name": f"c{number}", "namespace": "team", "uid": f"u{number}", "resourceVersion": "1"}
        return {"metadata": metadata | {"managedFields": [managed]}, "data": {"large": "x" * 1_000_000}}

    async def answer(request: web.BaseRequest) -> web.StreamResponse:
        query = parse_qs(urlsplit(str(request.url)).query)
        first, limit = int(query.get("continue", ["0"])[0]), int(query["limit"][0])
        items = [one(number) for number in range(first, min(count, first + limit))]
        further = {"continue": str(first + limit)} if first + limit < count else {}
        return web.json_response({"metadata": {"resourceVersion": "1", **further}, "items": items})

    async def main() -> None:
        runner = web.ServerRunner(web.Server(answer))
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        print(runner.addresses[0][1], flush=True)
        await asyncio.Event().wait()

    asyncio.run(main())


def _peak_mib() -> float:
    line = next(line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmHWM"))
    return int(line.split()[1]) / 1024


def measure(name: str) -> None:
    """Print milliseconds of CPU, and MiB by which the peak of memory grew."""
    CASES[name](1)
    STARTED.clear()
    rest, begin = _peak_mib(), time.process_time()
    CASES[name](LARGEST[CASES[name]])
    print(json.dumps({"ms": 1000 * (time.process_time() - (STARTED or [begin])[-1]), "mib": _peak_mib() - rest}))


def main() -> None:
    """Measure every case, and print and store the report."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--case", choices=CASES, help="measure one case in this process")
    parser.add_argument("--serve", type=int, help=argparse.SUPPRESS)
    parser.add_argument("--rounds", type=int, default=5, help="processes for each case; the report has the median")
    parser.add_argument("--store", action="store_true", help="write benchmarks/results/limits.json")
    given = parser.parse_args()
    if given.serve is not None:
        serve(given.serve)
        return
    if given.case is not None:
        measure(given.case)
        return
    command = [sys.executable, "-m", "benchmarks.limits", "--case"]
    report: dict[str, Any] = {"python": platform.python_version(), "cores": os.cpu_count(), "cases": {}}
    table = Table("case", "CPU", "memory")
    for name, case in CASES.items():
        found = [json.loads(subprocess.check_output([*command, name])) for _ in range(given.rounds)]
        middle = {key: sorted(each[key] for each in found)[len(found) // 2] for key in ("ms", "mib")}
        report["cases"][name] = {"what": (case.__doc__ or "").strip(), **middle}
        table.add_row(report["cases"][name]["what"], f"{middle['ms']:.0f} ms", f"{middle['mib']:.0f} MiB")
    if given.store:
        (Path(__file__).parent / "results" / "limits.json").write_text(json.dumps(report, indent=2) + "\n")
    Console().print(table)


if __name__ == "__main__":
    main()
