"""Names and labels of children. Nothing here changes with our release, or an upgrade would rewrite every child."""

from typing import Final

from proxiedapp.api.app import ProxiedApp
from proxiedapp.kube.key import Key
from proxiedapp.kube.kind import Kind
from proxiedapp.kube.manifest import Manifest

MANAGED_BY: Final = "app.kubernetes.io/managed-by"
MANAGER: Final = "proxiedapp"
_INSTANCE: Final = "app.kubernetes.io/instance"


def selector(app: Key) -> dict[str, str]:
    """Return the labels that tell the app's pods: two fixed ones, since a Deployment's selector can never change."""
    return {_INSTANCE: app.name, MANAGED_BY: MANAGER}


def labels(app: Key) -> dict[str, str]:
    """Return the labels of every child and of the pods."""
    return {"app.kubernetes.io/name": app.name, **selector(app)}


def child(kind: Kind, app: Key, name: str, **content: object) -> Manifest:
    """Put a child together; its owner reference is added where the owner's uid is known."""
    return {
        "apiVersion": kind.api_version,
        "kind": kind.kind,
        "metadata": {"name": name, "namespace": app.namespace, "labels": labels(app)},
        **content,
    }


def with_common(manifest: Manifest, app: ProxiedApp) -> Manifest:
    """Add what the spec gives to all children; what it gives to this one alone is nearer.

    Never anything of the ProxiedApp's own metadata: tools track by it.
    """
    spec = app.spec
    metadata = dict(manifest["metadata"])
    if spec.common_labels:
        everywhere = labels(app.key)
        own = {key: value for key, value in metadata["labels"].items() if everywhere.get(key) != value}
        metadata["labels"] = everywhere | spec.common_labels | own
    if spec.common_annotations:
        metadata["annotations"] = metadata.get("annotations", {}) | spec.common_annotations
    return manifest | {"metadata": metadata}
