"""The node's own objects on the API server: a Node that is always Ready, and a Lease with its heartbeat."""

import os
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Final

from proxiedapp.kube.client import Api
from proxiedapp.kube.errors import ConflictError
from proxiedapp.kube.manifest import Manifest
from proxiedapp_sandbox.node.config import NodeConfig
from proxiedapp_sandbox.node.status import timestamp

HEARTBEAT: Final = 60.0
"""Seconds between two heartbeats. No controller of the sandbox reads them; `kubectl describe node` shows them."""

_MERGE: Final = "application/merge-patch+json"
_NODES: Final = "/api/v1/nodes"
_LEASES: Final = "/apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases"
_LEASE_SECONDS: Final = 300


def allocatable(config: NodeConfig) -> dict[str, str]:
    """Return the resources of the node: those of the whole host."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    return {
        "cpu": str(os.cpu_count() or 1),
        "memory": f"{memory // 1024}Ki",
        "pods": str(config.network.subnet.num_addresses - 3),
    }


async def register(api: Api, config: NodeConfig) -> None:
    """Create the Node, or update that of an earlier node; raises ApiError."""
    metadata = {"name": config.name, "labels": {"kubernetes.io/hostname": config.name, "kubernetes.io/os": "linux"}}
    node = {"apiVersion": "v1", "kind": "Node", "metadata": metadata}
    await _create_or_patch(api, _NODES, node, {"metadata": {"labels": metadata["labels"]}})
    # The API server taints each new node as not ready (v1.36.3 `plugin/pkg/admission/nodetaint`), and the controller
    # that would remove the taint is off in the sandbox. So is the one that would set podCIDR, by which users choose
    # trusted proxies.
    network = str(config.network.subnet)
    spec = {"taints": None, "podCIDR": network, "podCIDRs": [network]}
    await _patch(api, f"{_NODES}/{config.name}", {"spec": spec})
    await heartbeat(api, config)


async def heartbeat(api: Api, config: NodeConfig) -> None:
    """Renew the Node's status and its Lease; raises ApiError."""
    now = datetime.now(UTC)
    status = node_status(config, now, allocatable(config))
    await _patch(api, f"{_NODES}/{config.name}/status", {"status": status})
    spec = {
        "holderIdentity": config.name,
        "leaseDurationSeconds": _LEASE_SECONDS,
        "renewTime": now.strftime("%Y-%m-%dT%H:%M:%S.%fZ"),
    }
    lease = {"apiVersion": "coordination.k8s.io/v1", "kind": "Lease", "metadata": {"name": config.name}, "spec": spec}
    await _create_or_patch(api, _LEASES, lease, {"spec": spec})


def node_status(config: NodeConfig, now: datetime, resources: Mapping[str, str]) -> dict[str, Any]:
    """Return the Node's status. Its only address is the gateway, where the API server reads the logs."""
    ready = {
        "type": "Ready",
        "status": "True",
        "reason": "ProcessNodeReady",
        "message": "the process node is running",
        "lastHeartbeatTime": timestamp(now),
        "lastTransitionTime": timestamp(now),
    }
    return {
        "addresses": [{"type": "InternalIP", "address": config.network.gateway}],
        "capacity": dict(resources),
        "allocatable": dict(resources),
        "conditions": [ready],
        "daemonEndpoints": {"kubeletEndpoint": {"Port": config.kubelet_port}},
        "nodeInfo": _node_info(),
    }


def _node_info() -> dict[str, str]:
    system = os.uname()
    return {
        "architecture": {"x86_64": "amd64", "aarch64": "arm64"}.get(system.machine, system.machine),
        "bootID": "",
        "containerRuntimeVersion": "process://1",
        "kernelVersion": system.release,
        "kubeProxyVersion": "",
        "kubeletVersion": "v1.0.0-proxiedapp-sandbox",
        "machineID": "",
        "operatingSystem": "linux",
        "osImage": "ProxiedApp sandbox",
        "systemUUID": "",
    }


async def _create_or_patch(api: Api, path: str, manifest: Manifest, patch: Manifest) -> None:
    try:
        await api.request("POST", path, manifest)
    except ConflictError:
        await _patch(api, f"{path}/{manifest['metadata']['name']}", patch)


async def _patch(api: Api, path: str, patch: Manifest) -> None:
    await api.request("PATCH", path, patch, _MERGE)
