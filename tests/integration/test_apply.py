"""What the applier relies on: how the API server treats an apply with a precondition."""

from typing import Any

import pytest

from proxiedapp.kube.errors import ConflictError, RefusedError
from proxiedapp.kube.kind import Kind
from proxiedapp.resources.kinds import MIDDLEWARE, SERVICE
from proxiedapp_sandbox.bare import BareCluster

SPECS: dict[Kind, dict[str, Any]] = {
    SERVICE: {"ports": [{"name": "http", "port": 80, "protocol": "TCP"}], "selector": {"app": "a"}},
    MIDDLEWARE: {"stripPrefix": {"prefixes": ["/a"]}},
}
KINDS = pytest.mark.parametrize("kind", SPECS, ids=str)


def manifest(kind: Kind, namespace: str, **metadata: Any) -> dict[str, Any]:
    return {
        "apiVersion": kind.api_version,
        "kind": kind.kind,
        "metadata": {"name": "thing", "namespace": namespace, **metadata},
        "spec": SPECS[kind],
    }


@KINDS
async def test_apply_with_resource_version_1_only_creates(cluster: BareCluster, namespace: str, kind: Kind) -> None:
    created = await cluster.api.apply(kind, manifest(kind, namespace, resourceVersion="1"), force=False)
    with pytest.raises(ConflictError):
        await cluster.api.apply(
            kind, manifest(kind, namespace, resourceVersion="1", labels={"new": "label"}), force=True
        )
    assert await cluster.api.get(kind, namespace, "thing") == created


@KINDS
async def test_apply_with_the_objects_own_uid_changes_nothing(cluster: BareCluster, namespace: str, kind: Kind) -> None:
    created = await cluster.api.apply(kind, manifest(kind, namespace, resourceVersion="1"), force=False)
    again = await cluster.api.apply(kind, manifest(kind, namespace, uid=created["metadata"]["uid"]), force=True)
    assert again == created


@KINDS
async def test_apply_with_another_uid_is_refused_and_names_the_field(
    cluster: BareCluster, namespace: str, kind: Kind
) -> None:
    created = await cluster.api.apply(kind, manifest(kind, namespace, resourceVersion="1"), force=False)
    uid = "00000000-0000-4000-8000-000000000000"
    with pytest.raises(RefusedError) as refused:
        await cluster.api.apply(kind, manifest(kind, namespace, uid=uid, labels={"new": "label"}), force=True)
    assert "metadata.uid" in refused.value.fields
    assert await cluster.api.get(kind, namespace, "thing") == created


@KINDS
async def test_apply_with_a_uid_never_creates(cluster: BareCluster, namespace: str, kind: Kind) -> None:
    uid = "00000000-0000-4000-8000-000000000000"
    with pytest.raises(ConflictError):
        await cluster.api.apply(kind, manifest(kind, namespace, uid=uid), force=True)


@KINDS
async def test_delete_with_an_old_uid_spares_the_new_object(cluster: BareCluster, namespace: str, kind: Kind) -> None:
    created = await cluster.api.apply(kind, manifest(kind, namespace), force=True)
    with pytest.raises(ConflictError):
        await cluster.api.delete(kind, namespace, "thing", "00000000-0000-4000-8000-000000000000")
    await cluster.api.delete(kind, namespace, "thing", created["metadata"]["uid"])
