"""A recorded cluster in which one app is served, and in which tests break one thing at a time."""

from copy import deepcopy
from datetime import UTC, datetime
from typing import Any

from proxiedapp.api.app import parse_manifest
from proxiedapp.api.crd import custom_resource_definitions
from proxiedapp.api.names import API_VERSION, KIND
from proxiedapp.controller.watchedkinds import NAMESPACE, POD, PROXIED_APP, PROXY_POLICY
from proxiedapp.kube.key import Key
from proxiedapp.kube.kind import Kind
from proxiedapp.kube.manifest import Manifest
from proxiedapp.local.doctor.permissions import required
from proxiedapp.local.doctor.snapshot import (
    CLUSTER_ROLE,
    CLUSTER_ROLE_BINDING,
    CRD,
    DAEMON_SET,
    ENDPOINT_SLICE,
    LEASE,
    ROLE,
    ROLE_BINDING,
    Snapshot,
)
from proxiedapp.process.settings import Settings
from proxiedapp.resources.desired import desired
from proxiedapp.resources.kinds import BY_NAME, DEPLOYMENT, MIDDLEWARE, NETWORK_POLICY, SERVICE
from proxiedapp.resources.metadata import labels

KEY = Key("team", "orders")
NOW = datetime(2026, 11, 30, 12, 0, 0, tzinfo=UTC)
SETTINGS = Settings()
_OWNER = {
    "apiVersion": API_VERSION,
    "kind": KIND,
    "name": KEY.name,
    "uid": "app-uid",
    "controller": True,
}
_DEFINITIONS = custom_resource_definitions()
_READY = [{"type": "Ready", "status": "True"}]


def app(**spec: Any) -> Manifest:
    """Return the app as the API server has it, with the status that the operator wrote."""
    return {
        "apiVersion": "proxiedapp.dev/v1alpha1",
        "kind": "ProxiedApp",
        "metadata": {"name": KEY.name, "namespace": KEY.namespace, "uid": "app-uid", "generation": 3},
        "spec": {
            "image": "orders:1",
            "command": ["uvicorn", "main:app"],
            "route": {"hosts": ["orders.test"], "pathPrefix": "/orders"},
            **spec,
        },
        "status": {
            "observedGeneration": 3,
            "conditions": [
                condition("Ready", "True", "Available", "All objects are applied."),
                condition("Verified", "True", "Verified", "Documentation and redirects are right."),
            ],
        },
    }


def condition(type_: str, status: str, reason: str, message: str) -> dict[str, Any]:
    return {
        "type": type_,
        "status": status,
        "reason": reason,
        "message": message,
        "observedGeneration": 3,
        "lastTransitionTime": "2026-11-30T11:00:00Z",
    }


def snapshot(settings: Settings = SETTINGS, /, **spec: Any) -> Snapshot:
    """Return a cluster in which nothing is wrong, with an app of this spec and its children under these settings."""
    body = app(**spec)
    found = Snapshot(version="v1.36.3")
    for kind in (DAEMON_SET, ENDPOINT_SLICE, NETWORK_POLICY, MIDDLEWARE, PROXY_POLICY, ROLE, ROLE_BINDING):
        found.objects[kind] = []
    put(found, PROXIED_APP, body)
    for one in desired(parse_manifest(body), settings.defaults).children:
        child = deepcopy(one)
        child["metadata"]["ownerReferences"] = [_OWNER]
        child["metadata"]["generation"] = 1
        if child["kind"] == "Deployment":
            child["status"] = {
                "observedGeneration": 1,
                "replicas": 1,
                "updatedReplicas": 1,
                "readyReplicas": 1,
                "availableReplicas": 1,
            }
        put(found, BY_NAME[child["kind"]], child)
    put(found, POD, pod("orders-1", KEY.namespace, labels(KEY), "10.42.0.20"))
    put(
        found,
        ENDPOINT_SLICE,
        {
            "kind": "EndpointSlice",
            "metadata": {
                "name": "orders-abc",
                "namespace": KEY.namespace,
                "labels": {"kubernetes.io/service-name": "orders"},
            },
            "endpoints": [{"addresses": ["10.42.0.20"], "conditions": {"ready": True}}],
            "ports": [{"name": "http", "port": 8000}],
        },
    )
    put(found, NAMESPACE, {"kind": "Namespace", "metadata": {"name": KEY.namespace, "labels": {}}})
    put(found, DEPLOYMENT, operator())
    put(found, DEPLOYMENT, traefik())
    put(found, POD, pod("traefik-1", "proxy", {"app.kubernetes.io/name": "traefik"}, "10.42.0.9"))
    _put_cluster(found)
    return found


def _put_cluster(found: Snapshot) -> None:
    for plural, definition in _DEFINITIONS.items():
        put(found, CRD, {**deepcopy(definition), "metadata": {"name": f"{plural}.proxiedapp.dev"}})
    for plural in ("ingressroutes", "middlewares"):
        put(found, CRD, {"kind": "CustomResourceDefinition", "metadata": {"name": f"{plural}.traefik.io"}})
    rules = [{"apiGroups": [one.group], "resources": [one.resource], "verbs": [one.verb]} for one in required()]
    put(found, CLUSTER_ROLE, {"kind": "ClusterRole", "metadata": {"name": "proxiedapp"}, "rules": rules})
    put(
        found,
        CLUSTER_ROLE_BINDING,
        {
            "kind": "ClusterRoleBinding",
            "metadata": {"name": "proxiedapp"},
            "roleRef": {"kind": "ClusterRole", "name": "proxiedapp"},
            "subjects": [{"kind": "ServiceAccount", "name": "proxiedapp", "namespace": "proxiedapp-system"}],
        },
    )
    put(
        found,
        LEASE,
        {
            "kind": "Lease",
            "metadata": {"name": "proxiedapp", "namespace": "proxiedapp-system"},
            "spec": {
                "holderIdentity": "proxiedapp-1",
                "leaseDurationSeconds": 15,
                "renewTime": "2026-11-30T11:59:55.000000Z",
            },
        },
    )


def put(found: Snapshot, kind: Kind, body: Manifest) -> None:
    found.objects.setdefault(kind, []).append(body)


def pod(name: str, namespace: str, pod_labels: dict[str, str], address: str) -> Manifest:
    return {
        "kind": "Pod",
        "metadata": {"name": name, "namespace": namespace, "labels": pod_labels},
        "spec": {"containers": [{"name": "app"}]},
        "status": {
            "phase": "Running",
            "conditions": list(_READY),
            "podIPs": [{"ip": address}],
            "containerStatuses": [{"name": "app", "image": "orders:1", "ready": True, "state": {"running": {}}}],
        },
    }


def _deployment(name: str, namespace: str, container: Manifest, account: str = "default") -> Manifest:
    pod_labels = {"app.kubernetes.io/name": name}
    return {
        "kind": "Deployment",
        "metadata": {"name": name, "namespace": namespace, "labels": pod_labels, "generation": 1},
        "spec": {
            "replicas": 1,
            "selector": {"matchLabels": pod_labels},
            "template": {
                "metadata": {"labels": pod_labels},
                "spec": {"serviceAccountName": account, "containers": [container]},
            },
        },
        "status": {"availableReplicas": 1},
    }


def operator() -> Manifest:
    container = {"name": "operator", "image": "registry.test/proxiedapp:0.2.0", "command": ["proxiedapp", "run"]}
    return _deployment("proxiedapp", "proxiedapp-system", {**container, "env": []}, "proxiedapp")


def traefik() -> Manifest:
    arguments = ["--entryPoints.web.address=:8000", "--entryPoints.websecure.address=:8443"]
    return _deployment("traefik", "proxy", {"name": "traefik", "image": "docker.io/traefik:v3.7.15", "args": arguments})


def child(found: Snapshot, kind: Kind, name: str = KEY.name) -> Manifest:
    body = found.get(kind, KEY.namespace, name)
    assert body is not None
    return body


def remove(found: Snapshot, kind: Kind, name: str | None = None) -> None:
    found.objects[kind] = [
        one
        for one in found.objects[kind]
        if one["metadata"].get("namespace") != KEY.namespace
        or (name or one["metadata"]["name"]) != one["metadata"]["name"]
    ]


__all__ = ["KEY", "NOW", "SERVICE", "SETTINGS", "app", "child", "condition", "pod", "put", "remove", "snapshot"]
