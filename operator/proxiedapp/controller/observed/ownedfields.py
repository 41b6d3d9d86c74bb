"""What we own in an object, boiled down to a digest: equal digests mean that an apply would change nothing.

The API server records in `metadata.managedFields` which fields our last apply set. Looking those up in the live object
gives back our intent as it now stands: a value edited by somebody differs, a field removed or taken over is missing,
and defaults of the server or fields of other managers do not show. So the comparison needs neither bodies in memory nor
a marker on the child, and holds across restarts and releases.
"""

from collections.abc import Mapping
from decimal import ROUND_UP, Decimal
from hashlib import blake2b
from typing import Any, Final

import orjson
from kubernetes.utils.quantity import parse_quantity

from proxiedapp.kube.manifest import FIELD_MANAGER, Manifest

_MILLI: Final = Decimal("1e-3")
_NANO: Final = Decimal("1e-9")
_SCALES: Final = {"requests": _MILLI, "limits": _MILLI, "divisor": _NANO, "sizeLimit": _NANO, "target": _NANO}
"""Fields that hold a quantity, or a map with quantities in it, and to what the API server rounds it up."""
_ZERO: Final = ""
"""The one spelling of a value that the API server may leave out of what it stores: empty, 0 and false."""
_NOT_OWNED: Final = frozenset({"name", "namespace", "uid", "resourceVersion"})


def intent_digest(manifest: Manifest) -> bytes:
    """Return the digest of what an apply of this manifest would own."""
    metadata = {key: value for key, value in manifest["metadata"].items() if key not in _NOT_OWNED}
    owned = {key: value for key, value in manifest.items() if key not in {"apiVersion", "kind", "metadata"}}
    return _digest({"metadata": metadata, **owned})


def owned_digest(body: Manifest) -> bytes | None:
    """Return the digest of what we own in a live object; None if we own nothing in it."""
    for entry in body["metadata"].get("managedFields") or []:
        if entry["manager"] == FIELD_MANAGER and entry["operation"] == "Apply" and not entry.get("subresource"):
            return _digest(_project(body, entry["fieldsV1"]))
    return None


def scaled_by_others(body: Manifest) -> bool:
    """Whether another field manager owns `spec.replicas`, alone or beside us."""
    return any(
        "f:replicas" in entry.get("fieldsV1", {}).get("f:spec", {})
        for entry in body["metadata"].get("managedFields") or []
        if entry["manager"] != FIELD_MANAGER
    )


def _digest(value: Any) -> bytes:
    return blake2b(orjson.dumps(_canonical(value), option=orjson.OPT_SORT_KEYS), digest_size=16).digest()


def _project(value: Any, fields: Mapping[str, Any]) -> Any:
    """Return the part of a live value that a FieldsV1 tree names.

    `f:NAME` is a field, `k:{..}` an item told apart by those keys, `v:VALUE` an item of a set; a tree without any of
    these is a leaf, whose whole value is owned. A field that is owned and yet absent was set to a zero.
    """
    names = [name for name in fields if name != "."]
    if not names:
        return value
    if names[0].startswith("f:"):
        present = value if isinstance(value, dict) else {}
        return {name[2:]: _project(present.get(name[2:], _ZERO), fields[name]) for name in names}
    items = value if isinstance(value, list) else []
    keys = [(orjson.loads(name[2:]), fields[name]) for name in names]
    return [_project(item, tree) for item in items for key, tree in keys if _is_item(item, key)]


def _is_item(item: Any, key: Any) -> bool:
    if isinstance(key, dict):
        return isinstance(item, dict) and all(item.get(name) == value for name, value in key.items())
    return bool(item == key)


def _canonical(value: Any) -> Any:
    """Give what the API server spells in its own way one spelling.

    It stores the quantity 0.5 as 500m, rounds what containers ask for up to thousandths, and leaves out some zeros,
    such as `initialDelaySeconds: 0`.
    """
    if isinstance(value, dict):
        spelled = {
            name: _quantities(item, _SCALES[name]) if name in _SCALES else _canonical(item)
            for name, item in value.items()
        }
        return spelled or _ZERO
    if isinstance(value, list):
        return [_canonical(child) for child in value] or _ZERO
    return value or _ZERO


def _quantities(amounts: Any, scale: Decimal) -> Any:
    """Spell one quantity, or each of a map."""
    if isinstance(amounts, dict):
        return {name: _plain(amount, scale) for name, amount in amounts.items()}
    return _plain(amounts, scale)


def _plain(amount: Any, scale: Decimal) -> str:
    try:
        number: Decimal = parse_quantity(amount).normalize()  # type: ignore[no-untyped-call]
        exponent = number.as_tuple().exponent
        if isinstance(exponent, int) and exponent < scale.adjusted():
            number = number.quantize(scale, rounding=ROUND_UP).normalize()
        return str(number)
    except (ArithmeticError, ValueError):
        return str(amount)  # not for us to judge: the API server refuses it when it is applied
