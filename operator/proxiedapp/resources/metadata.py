"""Labels and annotations of children. Nothing here depends on the release, or an upgrade would rewrite every child."""

from typing import Final

from proxiedapp.api.app import ProxiedApp
from proxiedapp.kube.key import Key
from proxiedapp.kube.kind import Kind
from proxiedapp.kube.manifest import Manifest
from proxiedapp.resources.kinds import BY_NAME, ROUTE_KINDS
from proxiedapp.routing.routeannotations import RouteAnnotations

MANAGED_BY: Final = "app.kubernetes.io/managed-by"
MANAGER: Final = "proxiedapp"
INSTANCE: Final = "app.kubernetes.io/instance"


def selector(app: Key) -> dict[str, str]:
    """Return the labels that select the app's pods: two fixed ones, because a Deployment's selector is immutable."""
    return {INSTANCE: app.name, MANAGED_BY: MANAGER}


def labels(app: Key) -> dict[str, str]:
    """Return the labels of every child and of the pods."""
    return {"app.kubernetes.io/name": app.name, **selector(app)}


def child(kind: Kind, app: Key, name: str, **content: object) -> Manifest:
    """Return a child without its owner reference, which is added when it is applied and the owner's uid is known."""
    return {
        "apiVersion": kind.api_version,
        "kind": kind.kind,
        "metadata": {"name": name, "namespace": app.namespace, "labels": labels(app)},
        **content,
    }


def with_common(manifest: Manifest, app: ProxiedApp, route_annotations: RouteAnnotations) -> Manifest:
    """Return a child with the labels and annotations that the spec adds to all children; its own take precedence.

    Routes get their own annotations, and of the common ones only those that a policy allows, since controllers act on
    them: external-dns for example would point the DNS name of another app to this one. Nothing is copied from the
    metadata of the ProxiedApp, because GitOps tools track objects by it.
    """
    spec = app.spec
    metadata = dict(manifest["metadata"])
    if spec.common_labels:
        default = labels(app.key)
        own = {key: value for key, value in metadata["labels"].items() if default.get(key) != value}
        metadata["labels"] = default | spec.common_labels | own
    annotations = spec.common_annotations or {}
    if BY_NAME[manifest["kind"]] in ROUTE_KINDS:
        common = {key: value for key, value in annotations.items() if route_annotations.allow(key)}
        annotations = common | (spec.route.annotations or {})
    if annotations:
        metadata["annotations"] = metadata.get("annotations", {}) | annotations
    return manifest | {"metadata": metadata}
