"""Apps of the previous release: an upgrade, and the downgrade after it, writes only what this release changed.

Each Deployment is written, since containers get PROXIEDAPP_ROOT_PATH first (resources/environment.py), each Service and
each IngressRoute; Middlewares and the ConfigMaps of the adapter get new names with their content.
"""

import asyncio
import os
import subprocess
import sys
from collections import Counter
from importlib.metadata import version
from pathlib import Path

import yaml
from prometheus_client.parser import text_string_to_metric_families

from proxiedapp.controller.watchedkinds import PROXIED_APP
from proxiedapp.kube.client import Api, collection
from proxiedapp.resources.kinds import BY_NAME, CONFIG_MAP, DEPLOYMENT, HTTP_ROUTE, INGRESS_ROUTE, MIDDLEWARE, SERVICE
from proxiedapp_sandbox.bare import BareCluster, bare_cluster
from proxiedapp_sandbox.cluster import install_manifests, until
from tests.support import plain
from tests.support.operator import Operator, operator
from tests.support.optional import OPTIONAL_CRDS
from tests.support.previous import Previous, newer

APPS = int(os.environ.get("PROXIEDAPP_UPGRADE_APPS", "40"))
"""How many; apps with the same features follow each other, so that a few times their number is enough. CI has a nightly
run with a thousand."""
NAMESPACE = "default"
KINDS = {PROXIED_APP, *BY_NAME.values()} - {HTTP_ROUTE}
"""All that the previous release writes, too."""
WRITTEN_ONCE = {str(kind) for kind in (PROXIED_APP, DEPLOYMENT, SERVICE, MIDDLEWARE, INGRESS_ROUTE, CONFIG_MAP)}
"""The kinds of which an upgrade from the previous release writes objects; of ProxiedApps only the status."""


ENDS_WELL = False
"""Of the previous release: see `operator`."""


async def test_previous_release_is_older() -> None:
    assert newer(version("proxiedapp"), Previous().version)


async def use_crd(api: Api, **env: str) -> None:
    """Apply the CustomResourceDefinitions of a release, as `kubectl apply --server-side` does."""
    command = [sys.executable, "-m", "proxiedapp.cli", "crd"]
    done = await asyncio.to_thread(subprocess.check_output, command, env=os.environ | env)
    for crd in yaml.load_all(done, yaml.CSafeLoader):
        path = f"/apis/{crd['apiVersion']}/customresourcedefinitions/{crd['metadata']['name']}"
        await api.request("PATCH", f"{path}?fieldManager=test&force=true", crd, "application/apply-patch+yaml")


async def versions(api: Api) -> dict[str, str]:
    """Return the resourceVersion of every object that the operator may write; every write changes it."""
    found = {}
    for kind in KINDS:
        for item in (await api.request("GET", collection(kind, NAMESPACE)))["items"]:
            found[f"{kind}/{item['metadata']['name']}"] = item["metadata"]["resourceVersion"]
    return found


def changed(before: dict[str, str], after: dict[str, str]) -> set[str]:
    """Return the kinds of the objects that were written, created or deleted."""
    return {name.partition("/")[0] for name, _ in before.items() ^ after.items()}


async def metric(running: Operator, name: str) -> float:
    async with plain.async_client() as client:
        text = (await client.get(f"{running.url}/metrics")).text
    return sum(float(line.split()[-1]) for line in text.splitlines() if line.startswith((f"{name} ", f"{name}{{")))


async def writes(running: Operator) -> Counter[str]:
    """Return how many children the operator has applied, by kind; deletions are left out."""
    async with plain.async_client() as client:
        text = (await client.get(f"{running.url}/metrics")).text
    found: Counter[str] = Counter()
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            if sample.name == "proxiedapp_writes_total" and sample.labels["verb"] in {"create", "update"}:
                found[sample.labels["kind"]] += int(sample.value)
    return found


def applied_once(written: Counter[str], before: dict[str, str], after: dict[str, str]) -> bool:
    """Return whether there are no more writes of any kind than objects of it that changed."""
    return written <= Counter(name.partition("/")[0] for name, _ in after.items() - before.items())


async def reconciled_all(running: Operator) -> None:
    async def done() -> bool:
        passes = await metric(running, "proxiedapp_reconciles_total")
        watches = await metric(running, "proxiedapp_watches_opened_total")
        return passes >= APPS and watches >= len(KINDS) and await metric(running, "proxiedapp_queue_depth") == 0

    await until(done, "a pass over every app", 600)


async def create_apps(cluster: BareCluster, previous: Previous) -> None:
    slots = asyncio.Semaphore(16)

    async def create(manifest: dict[str, object]) -> None:
        async with slots:
            await cluster.api.create(MIDDLEWARE if manifest["kind"] == "Middleware" else PROXIED_APP, manifest)

    await asyncio.gather(*(create(manifest) for manifest in previous.apps(NAMESPACE, APPS)))


async def test_workloads_are_left_alone(tmp_path: Path) -> None:
    previous = Previous()
    library = str(previous.unpack(tmp_path / "previous"))
    settings = {"PROXIEDAPP_PROXY_NAMESPACE": "proxy", "PROXIEDAPP_MONITORING_NAMESPACE": "monitoring"}
    (tmp_path / "cluster").mkdir()
    async with bare_cluster(tmp_path / "cluster", lambda *_: None) as cluster:
        await install_manifests(cluster.api, [OPTIONAL_CRDS])
        await use_crd(cluster.api, PYTHONPATH=library)
        with operator(cluster.operator_kubeconfig, tmp_path, ENDS_WELL, PYTHONPATH=library, **settings) as old:
            await create_apps(cluster, previous)

            async def routed() -> bool:
                routes = (await cluster.api.request("GET", collection(INGRESS_ROUTE, NAMESPACE)))["items"]
                return len({route["metadata"]["ownerReferences"][0]["name"] for route in routes}) == APPS

            async def reported() -> bool:
                """Return whether every app has a status, which is written after all children."""
                apps = (await cluster.api.request("GET", collection(PROXIED_APP, NAMESPACE)))["items"]
                return all(app["status"]["observedGeneration"] == app["metadata"]["generation"] for app in apps)

            await until(routed, "a route for every app", 600)
            await until(reported, "a status of every app", 600)
            await reconciled_all(old)
        before = await versions(cluster.api)
        assert {name.partition("/")[0] for name in before} == {str(kind) for kind in KINDS}, (
            "there is an object of every kind"
        )

        await use_crd(cluster.api)
        with operator(cluster.operator_kubeconfig, tmp_path, **settings) as new:

            async def deployments_written() -> bool:
                return (await writes(new))[DEPLOYMENT.kind] >= APPS

            await until(deployments_written, "a write of every Deployment", 600)
            await reconciled_all(new)
            written = await writes(new)
        after = await versions(cluster.api)
        assert changed(before, after) <= WRITTEN_ONCE
        assert written[DEPLOYMENT.kind] == APPS, "no other write is missing from the count"
        assert applied_once(written, before, after)

        await use_crd(cluster.api, PYTHONPATH=library)
        with operator(cluster.operator_kubeconfig, tmp_path, ENDS_WELL, PYTHONPATH=library, **settings) as old:
            await reconciled_all(old)
        assert changed(before, await versions(cluster.api)) <= WRITTEN_ONCE
