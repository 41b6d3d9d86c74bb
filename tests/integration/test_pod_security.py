"""Kubernetes' Pod Security admission judges every pod that a spec can produce."""

from typing import Any

import orjson
import pytest

from proxiedapp.api.app import ProxiedApp, parse_spec
from proxiedapp.api.errors import RejectedError
from proxiedapp.kube.errors import RefusedError
from proxiedapp.kube.key import Key
from proxiedapp.kube.manifest import Manifest
from proxiedapp.resources.desired import desired
from proxiedapp_sandbox.bare import BareCluster
from proxiedapp_sandbox.cluster import until
from tests.support.apps import DEFAULTS
from tests.support.leaves import BASE, leaves, spec_with, values_of


async def admitting(cluster: BareCluster, namespace: str, level: str) -> str:
    """Restrict a namespace to one level, and create the accounts and classes that pods use; returns its name."""
    for account in ("default", "one", "other"):
        path = f"/api/v1/namespaces/{namespace}/serviceaccounts"
        await cluster.api.request("POST", path, {"metadata": {"name": account}})
    for class_ in ("high", "low"):
        priority = {
            "apiVersion": "scheduling.k8s.io/v1",
            "kind": "PriorityClass",
            "metadata": {"name": class_},
            "value": 1,
        }
        path = f"/apis/scheduling.k8s.io/v1/priorityclasses/{class_}?fieldManager=test"
        await cluster.api.request("PATCH", path, orjson.dumps(priority), "application/apply-patch+yaml; charset=utf-8")
    for class_ in ("one", "other"):
        runtime = {
            "apiVersion": "node.k8s.io/v1",
            "kind": "RuntimeClass",
            "metadata": {"name": class_},
            "handler": "runc",
        }
        path = f"/apis/node.k8s.io/v1/runtimeclasses/{class_}?fieldManager=test"
        await cluster.api.request("PATCH", path, orjson.dumps(runtime), "application/apply-patch+yaml; charset=utf-8")
    label = {"metadata": {"labels": {"pod-security.kubernetes.io/enforce": level}}}
    merge = "application/merge-patch+json"
    await cluster.api.request("PATCH", f"/api/v1/namespaces/{namespace}", label, merge)

    async def acts() -> bool:
        """The API server notices a change of labels, and new classes, with a delay."""
        container = {"name": "app", "image": "app:1"}
        for class_ in ("high", "low"):
            spec = {"hostNetwork": True, "priorityClassName": class_, "containers": [container]}
            try:
                await submit(cluster, namespace, {"metadata": {"generateName": "app-"}, "spec": spec})
            except RefusedError as error:
                if "violates PodSecurity" not in str(error):
                    return False
            else:
                return False
        return True

    await until(acts, "Pod Security admission")
    return namespace


async def submit(cluster: BareCluster, namespace: str, pod: Manifest) -> None:
    """Send a pod as a dry run; raises RefusedError."""
    await cluster.api.request("POST", f"/api/v1/namespaces/{namespace}/pods?dryRun=All", pod)


async def refusal(cluster: BareCluster, namespace: str, spec: dict[str, Any]) -> str | None:
    """Return the reason why the API server refuses a spec's pods, or None if it accepts them."""
    app = ProxiedApp(Key(namespace, "app"), parse_spec(spec))
    (deployment,) = (child for child in desired(app, DEFAULTS).children if child["kind"] == "Deployment")
    template: Manifest = deployment["spec"]["template"]
    pod = {"metadata": template["metadata"] | {"generateName": "app-"}, "spec": template["spec"]}
    try:
        await submit(cluster, namespace, pod)
    except RefusedError as error:
        return str(error)
    return None


async def test_no_field_exceeds_the_baseline_level(cluster: BareCluster, namespace: str) -> None:
    await admitting(cluster, namespace, "baseline")
    judged, refused = 0, []
    for leaf in leaves():
        for value in values_of(leaf):
            spec = spec_with(leaf, value)
            assert spec is not None
            try:
                why = await refusal(cluster, namespace, spec)
            except RejectedError:
                continue  # the operator rejects the spec, so there are no pods
            judged += 1
            if why is not None:
                refused.append(f"{leaf}: {value!r}: {why}")
    assert refused == []
    assert judged > len(leaves())


async def test_spec_without_security_settings_is_restricted(cluster: BareCluster, namespace: str) -> None:
    await admitting(cluster, namespace, "restricted")
    for command in (["uvicorn", "main:app"], ["hypercorn", "main:app"]):
        assert await refusal(cluster, namespace, BASE | {"command": command}) is None


@pytest.mark.parametrize(
    "spec",
    [
        pytest.param({"securityContext": {"allowPrivilegeEscalation": True}}, id="may gain privileges"),
        pytest.param({"securityContext": {"runAsUser": 0, "runAsNonRoot": False}}, id="root"),
        pytest.param({"securityContext": {"capabilities": {"drop": []}}}, id="keeps capabilities"),
    ],
)
async def test_loosened_spec_is_refused_at_the_restricted_level(
    cluster: BareCluster, namespace: str, spec: dict[str, Any]
) -> None:
    await admitting(cluster, namespace, "restricted")
    found = await refusal(cluster, namespace, BASE | spec)
    assert found is not None
    assert "restricted" in found
