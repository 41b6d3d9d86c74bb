"""Compare apps behind a Gateway with apps behind Traefik's entry points: requests, time and CPU until all are accepted.

Each round starts a fresh etcd and kube-apiserver, without a controller-manager, and lets the operator bring as many
apps of one kind as of the other to their objects, one after the other. A Gateway that accepts each HTTPRoute at once is
part of this process; its one write for each HTTPRoute is not counted as a request of the operator, but takes time.

Before the operator, a client writes the same objects for each kind without any decision, and waits for no answer of the
Gateway. The ratio of its times is what the API server itself needs for one kind compared with the other.
"""

import argparse
import asyncio
import json
import os
import statistics
import sys
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

import yaml
from rich.console import Console

from benchmarks.converge import Result, an_app, operated, raw
from benchmarks.process import cpu_seconds
from benchmarks.report import spread
from proxiedapp.kube.client import Api, collection
from proxiedapp.kube.manifest import Manifest
from proxiedapp.resources.kinds import HTTP_ROUTE
from proxiedapp_sandbox.bare import bare_cluster
from proxiedapp_sandbox.binaries import KUBE_VERSION
from proxiedapp_sandbox.cluster import create, until
from proxiedapp_sandbox.gatewayapi import GATEWAY, GATEWAY_NAMESPACE, gateway_objects
from proxiedapp_sandbox.moduledata import gateway_api_crds
from proxiedapp_sandbox.state import GatewayController, SandboxOptions
from tests.support.acceptance import accepting

KINDS: Final = ("IngressRoute", "HTTPRoute")
_CONTROLLER: Final = "projectcontour.io/gateway-controller"


def behind_gateway(app: Manifest) -> Manifest:
    """Return an app with a Gateway instead of entry points."""
    route = app["spec"]["route"] | {"parentRefs": [{"name": GATEWAY, "namespace": GATEWAY_NAMESPACE}]}
    return app | {"spec": app["spec"] | {"route": route}}


@asynccontextmanager
async def accepting_gateway(api: Api, folder: Path) -> AsyncIterator[None]:
    """Install Gateway API and a Gateway, and accept all HTTPRoutes while the block runs."""
    options = SandboxOptions(images=folder, kube_version=KUBE_VERSION)
    for file in gateway_api_crds(lambda *_: None):
        await create(api, yaml.safe_load(file.read_text()))
    for manifest in gateway_objects(options, GatewayController.CONTOUR, folder):
        await create(api, manifest)

    async def served() -> bool:
        return bool(await api.request("GET", collection(HTTP_ROUTE, None)))

    await until(served, "HTTPRoutes")
    async with accepting(api, _CONTROLLER):
        yield


@dataclass(frozen=True)
class Pair:
    """What the client that only writes and the operator did with apps of one kind."""

    raw: Result
    operator: Result
    server_cpu_ms_per_app: float
    """CPU time of the API server while the operator was measured."""


async def one_round(count: int, concurrency: int, *, gateway_first: bool) -> dict[str, Pair]:
    """Let both clients serve apps of both kinds, one after the other."""
    found = {}
    with tempfile.TemporaryDirectory(prefix="proxiedapp-bench-") as name:
        folder = Path(name)
        async with bare_cluster(folder, lambda *_: None) as cluster:
            for kind in sorted(KINDS, reverse=not gateway_first):
                sets = []
                for namespace in (f"{kind}-raw".lower(), kind.lower()):
                    manifest = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": namespace}}
                    await cluster.api.request("POST", "/api/v1/namespaces", manifest)
                    apps = [an_app(namespace, number) for number in range(count)]
                    sets.append([behind_gateway(app) for app in apps] if kind == "HTTPRoute" else apps)
                for_raw, for_operator = sets
                async with accepting_gateway(cluster.api, folder):
                    alone = await raw(cluster.api, for_raw, concurrency)
                    before = cpu_seconds(cluster.server.identity.pid)
                    ours = await operated(cluster, folder, for_operator, concurrency)
                    server = cpu_seconds(cluster.server.identity.pid) - before
                found[kind] = Pair(alone, ours, server * 1000 / count)
    return found


def main() -> None:
    """Run the rounds, print what they measured, and write JSON."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--apps", type=int, default=1000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--concurrency", type=int, default=32, help="apps that are created at a time")
    parser.add_argument("--json", type=Path, help="write all results here")
    given = parser.parse_args()
    console = Console()
    rounds = [
        asyncio.run(one_round(given.apps, given.concurrency, gateway_first=bool(number % 2)))
        for number in range(given.rounds)
    ]
    for kind in KINDS:
        pairs = [each[kind] for each in rounds]
        mine = [each.operator for each in pairs]
        console.print(
            f"{kind}: requests per app {spread([one.requests_per_app for one in mine])}, "
            f"seconds {spread([one.seconds for one in mine])}, "
            f"CPU ms per app {spread([one.cpu_ms_per_app for one in mine])}, "
            f"of the API server {spread([one.server_cpu_ms_per_app for one in pairs])}; "
            f"the raw client: seconds {spread([one.raw.seconds for one in pairs])}"
        )
    ratios = [each["HTTPRoute"].operator.seconds / each["IngressRoute"].operator.seconds for each in rounds]
    floors = [each["HTTPRoute"].raw.seconds / each["IngressRoute"].raw.seconds for each in rounds]
    console.print(
        f"{given.apps} apps, HTTPRoute to IngressRoute, time: {spread(ratios)}; of the raw client: {spread(floors)}"
    )
    if given.json:
        report = {
            "apps": given.apps,
            "kubernetes": KUBE_VERSION,
            "python": sys.version.split()[0],
            "cores": os.cpu_count(),
            "ratio": statistics.median(ratios),
            "raw_ratio": statistics.median(floors),
            "rounds": [{kind: asdict(each[kind]) for kind in KINDS} for each in rounds],
        }
        given.json.write_text(json.dumps(report, indent=2) + "\n")


if __name__ == "__main__":
    main()
