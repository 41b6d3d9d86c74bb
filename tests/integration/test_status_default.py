"""What the API server answers for the status of an app on which the operator has not reported, and how that ends."""

import asyncio
import json
import subprocess
from copy import deepcopy
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import yaml

from proxiedapp.api.conditions import condition, conditions_of
from proxiedapp.api.crd import custom_resource_definition
from proxiedapp.api.names import GROUP, PLURAL
from proxiedapp.api.reasons import Reason
from proxiedapp.api.status import UNREPORTED, ConditionType, ProxiedAppStatus
from proxiedapp.controller.watchedkinds import PROXIED_APP
from proxiedapp.kube.client import collection
from proxiedapp.kube.manifest import Manifest
from proxiedapp_sandbox.bare import BareCluster
from proxiedapp_sandbox.binaries import KUBE_VERSION, control_plane
from proxiedapp_sandbox.cluster import until
from tests.support.helm import Helm
from tests.support.manifests import hello

MERGE = "application/merge-patch+json"


def our_status(name: str, namespace: str, generation: int) -> Manifest:
    """Return what the operator applies to /status."""
    ready = condition(
        ConditionType.READY, Reason.PROGRESSING, "text", holds=False, generation=generation, now=datetime.now(UTC)
    )
    status = ProxiedAppStatus(observed_generation=generation, conditions=[ready])
    return {
        "apiVersion": PROXIED_APP.api_version,
        "kind": PROXIED_APP.kind,
        "metadata": {"name": name, "namespace": namespace},
        "status": status.model_dump(mode="json", by_alias=True, exclude_none=True),
    }


async def test_new_app_is_pending_in_every_answer(cluster: BareCluster, namespace: str) -> None:
    created = await cluster.api.create(PROXIED_APP, hello("shop", namespace))
    read = await cluster.api.get(PROXIED_APP, namespace, "shop")
    listed = await cluster.api.request("GET", collection(PROXIED_APP, namespace))
    assert [created["status"], read["status"], listed["items"][0]["status"]] == [UNREPORTED] * 3
    assert conditions_of(read["status"]) == [], "the operator does not take it for a status of its own"


async def test_app_that_was_changed_before_the_first_status_is_still_pending(
    cluster: BareCluster, namespace: str
) -> None:
    """The API server stores the default with that change, and no field manager owns it."""
    await cluster.api.create(PROXIED_APP, hello("shop", namespace))
    path = f"{collection(PROXIED_APP, namespace)}/shop"
    changed = await cluster.api.request("PATCH", path, {"spec": {"replicas": 2}}, MERGE)
    assert (changed["metadata"]["generation"], changed["status"]) == (2, UNREPORTED)
    assert not any("f:status" in one["fieldsV1"] for one in changed["metadata"]["managedFields"])


async def test_first_status_replaces_the_default(cluster: BareCluster, namespace: str) -> None:
    await cluster.api.create(PROXIED_APP, hello("shop", namespace))
    await cluster.api.create(PROXIED_APP, hello("stored", namespace, "/stored"))
    path = collection(PROXIED_APP, namespace)
    await cluster.api.request("PATCH", f"{path}/stored", {"metadata": {"labels": {"a": "b"}}}, MERGE)
    for name in ("shop", "stored"):
        given = our_status(name, namespace, 1)
        for _ in range(2):
            written = await cluster.api.apply(PROXIED_APP, given, force=True, subresource="status")
            assert written["status"] == given["status"], "also the time of the transition, which is not that of 1970"
    read = await cluster.api.request("GET", path)
    assert [one["status"]["observedGeneration"] for one in read["items"]] == [1, 1]


async def test_scale_and_columns_of_a_pending_app(cluster: BareCluster, namespace: str) -> None:
    await cluster.api.create(PROXIED_APP, hello("shop", namespace, replicas=2))
    path = collection(PROXIED_APP, namespace)
    scale = await cluster.api.request("GET", f"{path}/shop/scale")
    assert (scale["spec"]["replicas"], scale["status"]["replicas"]) == (2, 0)
    accept = {"Accept": "application/json;as=Table;v=v1;g=meta.k8s.io"}
    async with (
        cluster.api.watch_session(await cluster.api.token()) as session,
        session.get(f"{cluster.api.server}{path}", headers=accept) as response,
    ):
        printed = json.loads(await response.text())
    names = [one["name"] for one in printed["columnDefinitions"]]
    cells = dict(zip(names, printed["rows"][0]["cells"], strict=True))
    assert (cells["Ready"], cells["Status"], cells["URL"]) == ("Unknown", "Pending", None)


async def test_tools_wait_for_a_pending_app(cluster: BareCluster, namespace: str, tmp_path: Path) -> None:
    """As while no operator runs. Helm 4 reads kstatus, as Flux does."""
    templates = tmp_path / "chart" / "templates"
    templates.mkdir(parents=True)
    (templates.parent / "Chart.yaml").write_text(yaml.safe_dump({"apiVersion": "v2", "name": "c", "version": "1.0.0"}))
    (templates / "app.yaml").write_text(yaml.safe_dump(hello("shop", namespace)))
    helm = Helm("helm4", tmp_path, cluster.admin_kubeconfig)
    install = ("install", "shop", templates.parent, "-n", namespace, "--wait", "--timeout", "2s")
    done = await asyncio.to_thread(helm.run, *install)
    assert done.returncode != 0
    assert "status: InProgress" in done.stderr

    kubectl = control_plane(KUBE_VERSION, lambda *_: None).kubectl
    command = (kubectl, "--kubeconfig", cluster.admin_kubeconfig, "wait", "papp/shop", "-n", namespace, "--timeout=1s")
    for wanted in ("Ready", "Ready=False"):
        wait = await asyncio.create_subprocess_exec(*command, f"--for=condition={wanted}", stderr=subprocess.PIPE)
        _, said = await wait.communicate()
        assert (wait.returncode, "timed out waiting" in said.decode()) == (1, True)


async def test_new_default_reaches_the_apps_that_have_no_status(cluster: BareCluster, namespace: str) -> None:
    """As an upgrade of the CRD does; the definitions have another group, since the server serves other tests."""
    group = f"{namespace}.example.com"
    kind = replace(PROXIED_APP, group=group)
    new = in_group(custom_resource_definition(), group)
    old = deepcopy(new)
    schema_of(old)["properties"]["status"]["default"] = {"observedGeneration": -1}
    definitions = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"
    await cluster.api.request("POST", definitions, old)

    async def create(name: str) -> Manifest:
        return await cluster.api.create(kind, hello(name, namespace, f"/{name}") | {"apiVersion": kind.api_version})

    async def status(name: str) -> Any:
        return (await cluster.api.get(kind, namespace, name))["status"]

    await until(lambda: create("untouched"), "the definition")
    await create("edited")
    path = collection(kind, namespace)
    await cluster.api.request("PATCH", f"{path}/edited", {"spec": {"replicas": 2}}, MERGE)
    await cluster.api.request("PATCH", f"{definitions}/{new['metadata']['name']}", new, MERGE)

    async def has_new_default() -> bool:
        return bool(await status("untouched") == UNREPORTED)

    await until(has_new_default, "the new default")
    assert await status("edited") == {"observedGeneration": -1}, "stored with the edit; kstatus reads it the same way"
    await cluster.api.request("DELETE", f"{definitions}/{new['metadata']['name']}")


def in_group(definition: Manifest, group: str) -> Manifest:
    """Return a definition of the same kind in another group."""
    text = json.dumps(definition).replace(f"{PLURAL}.{GROUP}", f"{PLURAL}.{group}")
    changed: Manifest = json.loads(text)
    changed["spec"]["group"] = group
    changed["spec"]["names"].pop("shortNames")
    return changed


def schema_of(definition: Manifest) -> Any:
    return definition["spec"]["versions"][0]["schema"]["openAPIV3Schema"]
