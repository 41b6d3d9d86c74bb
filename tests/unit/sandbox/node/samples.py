"""Pods and their surroundings for the node's tests: as little as the API server would store."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from proxiedapp.kube.manifest import Manifest
from proxiedapp_sandbox.node.config import NetworkConfig, NodeConfig
from proxiedapp_sandbox.node.environment import PodFields

NOW: Final = datetime(2026, 5, 1, 12, 0, 0, tzinfo=UTC)
NETWORK: Final = NetworkConfig(id="0a1b2c", bridge="pa0a1b2c", gateway="10.231.0.1", prefix_length=29)


def a_container(name: str = "app", **fields: Any) -> Manifest:
    return {"name": name, "image": "sandbox.local/hello:1", "command": ["serve"], **fields}


def a_pod(*containers: Manifest, status: Manifest | None = None, **spec: Any) -> Manifest:
    return {
        "metadata": {
            "name": "shop-1",
            "namespace": "default",
            "uid": "u-1",
            "resourceVersion": "10",
            "generation": 1,
            "labels": {"app": "shop"},
            "annotations": {"note": 'say "hi"\nagain'},
        },
        "spec": {
            "restartPolicy": "Always",
            "nodeName": "sandbox",
            "serviceAccountName": "default",
            "containers": list(containers) or [a_container()],
            **spec,
        },
        "status": status or {},
    }


def fields_of(pod: Manifest) -> PodFields:
    return PodFields(pod, address="10.231.0.2", host="10.231.0.1", allocatable={"cpu": "2", "memory": "4Gi"})


def a_config(folder: Path, **changes: Any) -> NodeConfig:
    given = {
        "kubeconfig": folder / "kubeconfig",
        "name": "sandbox",
        "network": NETWORK,
        "images": folder / "images",
        "default_bin": folder / "bin",
        "logs": folder / "logs",
        "volumes": folder / "volumes",
        "claims": folder / "claims",
        "kubelet_port": 10250,
    }
    return NodeConfig.model_validate(given | changes)
