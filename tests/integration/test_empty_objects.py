"""Server-side apply of {} in place of an object with fields, as charts render it when its last value is removed."""

from typing import Any

from proxiedapp.controller.watchedkinds import PROXIED_APP, PROXY_POLICY
from proxiedapp.kube.client import collection
from proxiedapp.kube.manifest import Manifest
from proxiedapp_sandbox.bare import BareCluster
from tests.support.manifests import hello

FULL: dict[str, Any] = {
    "autoscaling": {"maxReplicas": 3, "behavior": {"scaleDown": {"selectPolicy": "Disabled"}}},
    "commonAnnotations": {"example.com/a": "b"},
    "commonLabels": {"team": "a"},
    "monitoring": {"labels": {"release": "a"}},
    "podAnnotations": {"example.com/a": "b"},
    "podLabels": {"tier": "web"},
    "podSecurityContext": {"fsGroup": 2000},
    "probes": {"readiness": {"path": "/healthz"}},
    "proxy": {"trustedProxies": ["10.0.0.0/8"]},
    "resources": {"requests": {"cpu": "1"}, "limits": {"memory": "1Gi"}},
    "rollout": {"minReadySeconds": 1},
    "scheduling": {"nodeSelector": {"disk": "fast"}},
    "securityContext": {"readOnlyRootFilesystem": False},
    "server": {"workers": 2},
    "verify": {"docsPath": "/documentation"},
}
EMPTY: dict[str, Any] = {field: {} for field in FULL} | {"autoscaling": {"maxReplicas": 3, "behavior": {}}}


def volume(empty_dir: dict[str, str]) -> list[dict[str, Any]]:
    return [{"name": "scratch", "emptyDir": empty_dir}]


async def test_empty_object_takes_the_place_of_one_with_fields(cluster: BareCluster, namespace: str) -> None:
    tls = {"tls": {"secretName": "shop"}}
    full = hello("shop", namespace, **FULL, volumes=volume({"sizeLimit": "1Gi"}), route=tls)
    await cluster.api.apply(PROXIED_APP, full, force=False)
    empty = hello("shop", namespace, **EMPTY, volumes=volume({}), route={"tls": {}})
    spec = (await cluster.api.apply(PROXIED_APP, empty, force=False))["spec"]
    assert (spec["resources"], spec["podLabels"], spec["route"]["tls"]) == ({}, {}, {})
    assert spec["volumes"] == volume({})


async def test_policy_can_allow_everything_in_place_of_something(cluster: BareCluster, namespace: str) -> None:
    async def applied(allow: Manifest, selector: Manifest) -> Manifest:
        spec = {"namespaces": {"names": [namespace], "selector": selector}, "allow": allow}
        metadata = {"name": namespace}
        body = {"apiVersion": PROXY_POLICY.api_version, "kind": PROXY_POLICY.kind, "metadata": metadata, "spec": spec}
        path = f"{collection(PROXY_POLICY, '')}/{namespace}?fieldManager=git"
        found: Manifest = (await cluster.api.request("PATCH", path, body, "application/apply-patch+yaml"))["spec"]
        return found

    await applied({"hosts": ["*"]}, {"matchLabels": {"team": "a"}})
    spec = await applied({}, {})
    await cluster.api.request("DELETE", f"{collection(PROXY_POLICY, '')}/{namespace}")
    assert (spec["allow"], spec["namespaces"]["selector"]) == ({}, {})
