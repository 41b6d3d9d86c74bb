"""Objects as the API server returns them, with the fields that the store reads."""

from typing import Any

from proxiedapp.api.names import API_VERSION, KIND
from proxiedapp.kube.key import Key
from proxiedapp.kube.kind import Kind
from proxiedapp.kube.manifest import Manifest
from proxiedapp.resources.kinds import DEPLOYMENT
from tests.support.apps import a_spec
from tests.support.managedfields import entry_for


def app_body(
    name: str = "shop",
    *,
    namespace: str = "team",
    uid: str = "app-1",
    version: int = 1,
    generation: int = 1,
    deleting: bool = False,
    spec: dict[str, Any] | None = None,
    status: dict[str, Any] | None = None,
) -> Manifest:
    metadata: dict[str, Any] = {
        "name": name,
        "namespace": namespace,
        "uid": uid,
        "resourceVersion": str(version),
        "generation": generation,
    }
    if deleting:
        metadata["deletionTimestamp"] = "2026-01-02T12:00:00Z"
    body = {"apiVersion": API_VERSION, "kind": KIND, "metadata": metadata, "spec": a_spec() if spec is None else spec}
    return body | ({} if status is None else {"status": status})


def owner_reference(owner: Key, uid: str, **changes: Any) -> dict[str, Any]:
    reference = {"apiVersion": API_VERSION, "kind": KIND, "name": owner.name, "uid": uid, "controller": True}
    return reference | {"blockOwnerDeletion": True} | changes


def child_body(
    kind: Kind = DEPLOYMENT,
    name: str = "shop",
    *,
    namespace: str = "team",
    uid: str = "child-1",
    version: int = 1,
    generation: int | None = None,
    owner: str | None = "shop",
    owner_uid: str = "app-1",
    applied: bool = True,
    spec: dict[str, Any] | None = None,
    status: dict[str, Any] | None = None,
) -> Manifest:
    """Return a child that we applied; if `owner` is None, it has no controller.

    Its generation is its version by default.
    """
    metadata: dict[str, Any] = {"name": name, "namespace": namespace, "labels": {"app": name}}
    if owner is not None:
        metadata["ownerReferences"] = [owner_reference(Key(namespace, owner), owner_uid)]
    body: Manifest = {
        "apiVersion": kind.api_version,
        "kind": kind.kind,
        "metadata": metadata,
        "spec": {"replicas": 1} if spec is None else spec,
    }
    managed = [entry_for(body)] if applied else []
    body["metadata"] |= {"uid": uid, "resourceVersion": str(version), "managedFields": managed}
    body["metadata"]["generation"] = generation or version
    return body | ({} if status is None else {"status": status})


def rolled_out(count: int = 1, **changes: Any) -> dict[str, Any]:
    """Return a Deployment's status after a complete rollout of its first generation."""
    status = {
        "observedGeneration": 1,
        "replicas": count,
        "updatedReplicas": count,
        "readyReplicas": count,
        "availableReplicas": count,
        "conditions": [{"type": "Available", "status": "True", "reason": "MinimumReplicasAvailable", "message": "ok"}],
    }
    return status | changes
