"""An operator that cannot start says why in one line; it waits for the API server, its CRD and Traefik's API."""

import asyncio
import os
import socket
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, Final

import pytest_asyncio
import yaml

from proxiedapp.api.conditions import conditions_of
from proxiedapp.controller.watchedkinds import PROXIED_APP
from proxiedapp.kube.client import Api, collection
from proxiedapp.kube.kind import Kind
from proxiedapp.kube.manifest import Manifest
from proxiedapp.resources.kinds import CERTIFICATE, SERVICE_MONITOR, TRAEFIK_GROUP
from proxiedapp.resources.metadata import MANAGED_BY, MANAGER
from proxiedapp_sandbox.bare import BareCluster
from proxiedapp_sandbox.cluster import install_manifests, until
from proxiedapp_sandbox.controlplane import free_ports
from proxiedapp_sandbox.moduledata import traefik_manifests
from tests.support import plain
from tests.support.dryrun import create
from tests.support.manifests import hello
from tests.support.monitoring import monitoring_crds
from tests.support.operator import COMMAND, fails_to_start, operator, waits_at_start
from tests.support.optional import CERT_MANAGER_CRD, MONITORING_CRD, OPTIONAL_CRDS


def kubeconfig(folder: Path, server: str) -> Path:
    file = folder / "kubeconfig"
    config = {
        "clusters": [{"name": "c", "cluster": {"server": server, "insecure-skip-tls-verify": True}}],
        "users": [{"name": "u", "user": {"token": "none"}}],
        "contexts": [{"name": "x", "context": {"cluster": "c", "user": "u"}}],
        "current-context": "x",
    }
    file.write_text(yaml.safe_dump(config))
    return file


async def test_unreachable_api_server_is_reported_and_waited_for(tmp_path: Path) -> None:
    (port,) = free_ports(1)
    line = await asyncio.to_thread(waits_at_start, kubeconfig(tmp_path, f"https://127.0.0.1:{port}"), "waiting for")
    assert f"waiting for the API server: no answer from https://127.0.0.1:{port}" in line


async def test_operator_can_be_stopped_while_it_waits_for_the_first_response(tmp_path: Path) -> None:
    asked = asyncio.Event()

    async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        asked.set()
        await reader.read()
        writer.close()

    async with await asyncio.start_server(silent, "127.0.0.1", 0) as server:
        address = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        env = os.environ | {"KUBECONFIG": str(kubeconfig(tmp_path, address)), "PROXIEDAPP_HEALTH_PORT": "0"}
        process = await asyncio.create_subprocess_exec(*COMMAND, env=env, stderr=asyncio.subprocess.PIPE)
        try:
            await asked.wait()
            process.terminate()
            _, said = await process.communicate()
        finally:
            if process.returncode is None:
                process.kill()
    assert (process.returncode, said.decode()) == (0, "")


async def test_missing_kubeconfig_is_reported(tmp_path: Path) -> None:
    (line,) = await asyncio.to_thread(fails_to_start, tmp_path / "absent", HOME=str(tmp_path))
    assert line == (
        f"proxiedapp: cannot read the configuration of a cluster: no kubeconfig at {tmp_path / 'absent'}. "
        "Set KUBECONFIG, or run in a pod"
    )


async def test_unknown_token_is_reported(cluster: BareCluster, tmp_path: Path) -> None:
    line = await asyncio.to_thread(waits_at_start, kubeconfig(tmp_path, cluster.plane.server), "waiting for")
    assert "waiting for the API server: Unauthorized" in line


async def test_port_in_use_is_reported(cluster: BareCluster) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        (line,) = await asyncio.to_thread(
            fails_to_start,
            cluster.operator_kubeconfig,
            PROXIEDAPP_HEALTH_HOST="127.0.0.1",
            PROXIEDAPP_HEALTH_PORT=port,
        )
    assert line == (
        f"proxiedapp: cannot listen on port {port} for health checks and metrics (Address already in use): "
        "free the port, or set PROXIEDAPP_HEALTH_PORT to another one"
    )


async def test_invalid_setting_is_reported(cluster: BareCluster) -> None:
    (line,) = await asyncio.to_thread(
        fails_to_start, cluster.operator_kubeconfig, PROXIEDAPP_TRUSTED_PROXIES="10.0.0.1/8"
    )
    assert line.startswith("proxiedapp: PROXIEDAPP_TRUSTED_PROXIES")
    assert "must be an IP address such as 10.42.0.9" in line


CRDS: Final = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"
OURS: Final = "proxiedapps.proxiedapp.dev"


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def changing(monitored: BareCluster) -> AsyncIterator[BareCluster]:
    """A cluster whose CRDs these tests delete and install; each test leaves it with those of ProxiedApp and Traefik."""
    crds = [yaml.load(file.read_text(), yaml.CSafeLoader) for file in monitoring_crds()]
    await without(monitored.api, *(crd["metadata"]["name"] for crd in crds))
    await monitored.api.request("DELETE", collection(PROXIED_APP, "watched"))  # that of test_dashboard.py
    yield monitored
    for crd in crds:
        await create(monitored.api, crd)


async def without(api: Api, *names: str) -> None:
    """Delete CRDs, and wait until the API server no longer serves their kinds."""
    for name in names:
        crd = (await api.request("GET", f"{CRDS}/{name}"))["spec"]
        await api.request("DELETE", f"{CRDS}/{name}")

        async def gone(crd: Manifest = crd) -> bool:
            plurals = frozenset({crd["names"]["plural"]})
            return not await api.serves(crd["group"], crd["versions"][0]["name"], plurals)

        await until(gone, f"the end of {name}")


async def condition(api: Api, kind: str) -> dict[str, Any] | None:
    app = await api.get(PROXIED_APP, "default", "later")
    return next((each for each in app["status"].get("conditions", []) if each["type"] == kind), None)


async def test_traefik_may_be_installed_later(changing: BareCluster, tmp_path: Path) -> None:
    api = changing.api
    crds = (await api.request("GET", CRDS))["items"]
    await without(api, *(crd["metadata"]["name"] for crd in crds if crd["spec"]["group"] == TRAEFIK_GROUP))
    await api.create(PROXIED_APP, hello("later", "default"))
    with operator(changing.operator_kubeconfig, tmp_path, PROXIEDAPP_API_LOOK_SECONDS="0.1") as running:

        async def stalled() -> bool:
            return await condition(api, "Stalled") is not None

        await until(stalled, "the app is stalled")
        found = await condition(api, "Stalled")
        assert found is not None
        assert found["reason"] == "TraefikMissing"
        assert "Install Traefik with its CustomResourceDefinitions" in found["message"]
        assert running.said().count("Traefik's API (traefik.io/v1alpha1) is missing") == 1

        await install_manifests(api, traefik_manifests(lambda *_: None))

        async def accepted() -> bool:
            seen = await condition(api, "RouteAccepted")
            return seen is not None and seen["status"] == "True"

        await until(accepted, "the route is accepted")
        assert await condition(api, "Stalled") is None
        assert running.process.poll() is None, "the process is still the same"


async def test_optional_api_may_be_removed(changing: BareCluster, tmp_path: Path) -> None:
    api = changing.api
    await install_manifests(api, [OPTIONAL_CRDS])
    with operator(changing.operator_kubeconfig, tmp_path, PROXIEDAPP_API_LOOK_SECONDS="3") as running:
        assert "optional APIs: cert-manager.io, monitoring.coreos.com, traefik.io" in running.said()

        async def watches(kind: Kind, spec: dict[str, Any]) -> None:
            metadata = {"name": "any", "namespace": "default", "labels": {MANAGED_BY: MANAGER}}
            manifest = {"apiVersion": kind.api_version, "kind": kind.kind, "metadata": metadata, "spec": spec}
            await api.create(kind, manifest)

            async def counted() -> bool:
                async with plain.async_client() as client:
                    metrics = (await client.get(f"{running.url}/metrics")).text
                return f'proxiedapp_watch_events_total{{kind="{kind}"}} 1.0' in metrics

            await until(counted, f"the watch of {kind.plural}")

        await watches(SERVICE_MONITOR, {"endpoints": [], "selector": {}})
        await api.request("DELETE", f"{CRDS}/{MONITORING_CRD}")

        async def started_over() -> bool:
            return "optional APIs: cert-manager.io, traefik.io" in running.said()

        await until(started_over, "the operator watches what is left")
        await watches(CERTIFICATE, {"secretName": "any", "issuerRef": {"name": "any"}})
        assert "ERROR" not in running.said()
        assert running.process.poll() is None, "the process is still the same"
    await without(api, CERT_MANAGER_CRD)


async def test_crd_may_be_deleted_and_installed_again(changing: BareCluster, tmp_path: Path) -> None:
    api = changing.api
    with operator(changing.operator_kubeconfig, tmp_path) as running:
        await api.create(PROXIED_APP, hello("shop", "default"))
        await api.request("DELETE", f"{CRDS}/{OURS}")

        async def waits() -> bool:
            return "waiting until it" in running.said()

        await until(waits, "the operator waits for the CRD")
        assert running.said().count("waiting until it") == 1
        await install_manifests(api, [Path(__file__).parents[2] / "crds" / "proxiedapps.yaml"])
        await until(lambda: api.create(PROXIED_APP, hello("again", "default")), "the CRD is served")

        async def accepted() -> bool:
            app = await api.get(PROXIED_APP, "default", "again")
            return bool(conditions_of(app["status"]))

        await until(accepted, "the app has a status")
        assert running.process.poll() is None, "the process is still the same"
        assert "Traceback" not in running.said()


async def test_operator_waits_for_its_crd(changing: BareCluster) -> None:
    await without(changing.api, OURS)
    line = await asyncio.to_thread(waits_at_start, changing.operator_kubeconfig, "waiting for")
    assert "does not serve proxiedapps.proxiedapp.dev/v1alpha1: apply crds/proxiedapps.yaml" in line
    await install_manifests(changing.api, ())
