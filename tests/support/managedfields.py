"""What a real API server records in `managedFields` for an apply, for the kinds that we apply.

The schemas of the Kubernetes API define which lists are merged by item, and by which keys. All other lists, and the few
maps named here, belong to one manager as a whole.
"""

import json
from typing import Any, Final

from proxiedapp.kube.manifest import FIELD_MANAGER, Manifest

_KEYS: Final[dict[tuple[str, str], tuple[str, ...]]] = {
    ("metadata", "ownerReferences"): ("uid",),
    ("spec", "containers"): ("name",),
    ("spec", "volumes"): ("name",),
    ("spec", "imagePullSecrets"): ("name",),
    ("containers", "env"): ("name",),
    ("containers", "volumeMounts"): ("mountPath",),
    ("containers", "ports"): ("containerPort", "protocol"),
    ("status", "conditions"): ("type",),
}
"""Lists that are merged, by the names of their parent and their own; the ports of a Service are handled below."""
_WHOLE: Final = {
    "ownerReferences item",
    "matchLabels",
    "configMapKeyRef",
    "secretKeyRef",
    "fieldRef",
    "resourceFieldRef",
}
_STRIPPED: Final = {"name", "namespace", "uid", "resourceVersion", "managedFields", "generation", "creationTimestamp"}


def entry_for(intent: Manifest, *, manager: str = FIELD_MANAGER, subresource: str = "") -> dict[str, Any]:
    """Return the entry of `managedFields` that an apply of this intent leaves."""
    metadata = {name: value for name, value in intent["metadata"].items() if name not in _STRIPPED}
    owned = {name: value for name, value in intent.items() if name not in {"apiVersion", "kind", "metadata"}}
    if metadata:
        owned = {"metadata": metadata, **owned}
    entry = {
        "manager": manager,
        "operation": "Apply",
        "apiVersion": intent["apiVersion"],
        "fieldsType": "FieldsV1",
        "fieldsV1": fields_of(owned, kind=intent["kind"]),
    }
    return entry | ({"subresource": subresource} if subresource else {})


def fields_of(value: dict[str, Any], *, kind: str, parent: str = "") -> dict[str, Any]:
    """Return the FieldsV1 tree of a map."""
    return {f"f:{name}": _tree(child, kind, parent, name) for name, child in value.items()}


def _tree(value: Any, kind: str, parent: str, name: str) -> dict[str, Any]:
    if isinstance(value, dict) and value and name not in _WHOLE and not (kind == "Service" and name == "selector"):
        return fields_of(value, kind=kind, parent=name)
    keys = ("port", "protocol") if (kind, name) == ("Service", "ports") else _KEYS.get((parent, name))
    if not isinstance(value, list) or keys is None:
        return {}
    return {_item_key(item, keys): {} if name == "ownerReferences" else _item(item, kind, name) for item in value}


def _item(item: dict[str, Any], kind: str, name: str) -> dict[str, Any]:
    return {".": {}, **fields_of(item, kind=kind, parent=name)}


def _item_key(item: dict[str, Any], keys: tuple[str, ...]) -> str:
    return "k:" + json.dumps({key: item[key] for key in keys}, separators=(",", ":"), sort_keys=True)
