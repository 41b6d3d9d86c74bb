"""Write `operator/proxiedapp/api/kubernetes.json`: the definitions that the API borrows from Kubernetes.

They are an excerpt of the OpenAPI document of the sandbox's API server. `python -m tools.podschema` prints it.
"""

import asyncio
import json
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from proxiedapp.kube.client import Api
from proxiedapp.kube.manifest import Manifest
from proxiedapp_sandbox.bare import bare_cluster
from proxiedapp_sandbox.binaries import KUBE_VERSION

_ROOTS: Final = (
    "Affinity",
    "ConfigMapVolumeSource",
    "ContainerPort",
    "DownwardAPIVolumeSource",
    "EmptyDirVolumeSource",
    "ExecAction",
    "GRPCAction",
    "HTTPHeader",
    "HorizontalPodAutoscalerBehavior",
    "Lifecycle",
    "MetricSpec",
    "PersistentVolumeClaimVolumeSource",
    "PodSecurityContext",
    "Probe",
    "ProjectedVolumeSource",
    "SecretVolumeSource",
    "SecurityContext",
    "TCPSocketAction",
    "Toleration",
    "TopologySpreadConstraint",
    "VolumeMount",
)
_DROPPED: Final = ("x-kubernetes-patch", "x-kubernetes-unions", "x-kubernetes-group")
_ENDS: Final = (". ", ".\n", "\n")


def excerpt(openapi: Manifest) -> Manifest:
    """Return the borrowed definitions by their short names, with descriptions cut to their first sentence."""
    schemas = {name.rpartition(".")[2]: schema for name, schema in openapi["components"]["schemas"].items()}
    found: dict[str, Any] = {}
    waiting = list(_ROOTS)
    while waiting:
        name = waiting.pop()
        if name not in found:
            found[name] = _cut(schemas[name])
            waiting += _references(found[name])
    return {"version": KUBE_VERSION, "definitions": dict(sorted(found.items()))}


async def published(api: Api) -> Manifest:
    """Return the OpenAPI schemas of the borrowed groups, as this API server publishes them."""
    schemas: dict[str, Any] = {}
    for group in ("api/v1", "apis/autoscaling/v2"):
        schemas |= (await api.request("GET", f"/openapi/v3/{group}"))["components"]["schemas"]
    return {"components": {"schemas": schemas}}


def as_text(content: Manifest) -> str:
    """Return the text of the file."""
    return json.dumps(content, indent=1, sort_keys=True) + "\n"


def _cut(value: Any) -> Any:
    if isinstance(value, dict):
        kept = {key: child for key, child in value.items() if not key.startswith(_DROPPED)}
        return {key: _sentence(child) if _is_text(key, child) else _cut(child) for key, child in kept.items()}
    if isinstance(value, list):
        return [_cut(child) for child in value]
    return value.rpartition("/")[2].rpartition(".")[2] if isinstance(value, str) and "/schemas/" in value else value


def _is_text(key: str, value: Any) -> bool:
    return key == "description" and isinstance(value, str)


def _sentence(text: str) -> str:
    first = min((text.find(end) for end in _ENDS if end in text), default=len(text))
    return f"{text[:first].strip().rstrip('.')}."


def _references(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        if isinstance(value.get("$ref"), str):
            yield value["$ref"]
        for child in value.values():
            yield from _references(child)
    elif isinstance(value, list):
        for child in value:
            yield from _references(child)


async def _main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        async with bare_cluster(Path(folder), lambda *_: None, traefik=False) as cluster:
            sys.stdout.write(as_text(excerpt(await published(cluster.api))))


if __name__ == "__main__":
    asyncio.run(_main())
