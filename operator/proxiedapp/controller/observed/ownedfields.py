"""A digest of the fields that we own in an object: equal digests mean that an apply would change nothing.

The API server records in `metadata.managedFields` which fields our last apply set. Reading those fields from the live
object gives our intent in its current state: a value that another client edited differs, a field that was removed or
taken over is missing, and defaults or fields of other managers do not count. So the comparison needs neither bodies in
memory nor an annotation on the child, and works across restarts and releases. The format of `fieldsV1` is described at
https://kubernetes.io/docs/reference/using-api/server-side-apply/; tests/integration/test_digests.py compares the
digests with what a real API server stores.
"""

from collections.abc import Iterable, Mapping
from decimal import ROUND_UP, Decimal
from hashlib import blake2b
from typing import Any, Final

import orjson

from proxiedapp.kube.manifest import FIELD_MANAGER, Manifest

_MILLI: Final = Decimal("1e-3")
_NANO: Final = Decimal("1e-9")
_SCALES: Final = {"requests": _MILLI, "limits": _MILLI, "divisor": _NANO, "sizeLimit": _NANO, "target": _NANO}
"""Fields that contain a quantity or a map of quantities, and the unit to which the API server rounds it up."""
_ZERO: Final = ""
"""The common form of the values that the API server may omit from the stored object: empty, 0 and false."""
_PARENTS: Final = (dict, list)
_CHANGING: Final = frozenset({"resourceVersion", "managedFields"})
_NOT_OWNED: Final = frozenset({"name", "namespace", "uid", "resourceVersion"})


def intent_digest(manifest: Manifest) -> bytes:
    """Return the digest of the fields that an apply of this manifest would own."""
    return _digest(_canonical(owned_part(manifest)))


def owned_part(manifest: Manifest) -> Manifest:
    """Return the fields that an apply of this manifest would own."""
    metadata = {key: value for key, value in manifest["metadata"].items() if key not in _NOT_OWNED}
    owned = {key: value for key, value in manifest.items() if key not in {"apiVersion", "kind", "metadata"}}
    return {**owned, "metadata": metadata}


def owned_digest(body: Manifest) -> bytes | None:
    """Return the digest of the fields that we own in a live object; None if we own none."""
    for entry in body["metadata"].get("managedFields") or []:
        if is_ours(entry):
            return _digest(_owned(body, entry["fieldsV1"]))
    return None


def basis_of(body: Manifest) -> bytes:
    """Return a digest of everything in a live object that `owned_digest` reads, except for the spec; b"" if unknown.

    The API server raises the generation of a Deployment with each change of its spec. So as long as the basis stays the
    same, as in the many reports on a rollout, the owned fields do, which are much more to read.
    """
    if "generation" not in body["metadata"]:
        return b""
    metadata = {name: value for name, value in body["metadata"].items() if name not in _CHANGING}
    ours = [entry for entry in body["metadata"].get("managedFields") or [] if is_ours(entry)]
    return blake2b(_spelled([metadata, ours]), digest_size=16).digest()


def is_ours(entry: Mapping[str, Any]) -> bool:
    """Return whether an entry of managedFields is about our last apply."""
    return bool(entry["manager"] == FIELD_MANAGER and entry["operation"] == "Apply" and not entry.get("subresource"))


def scaled_by_others(body: Manifest) -> bool:
    """Whether another field manager owns `spec.replicas`, alone or together with us."""
    return any(
        "f:replicas" in entry.get("fieldsV1", {}).get("f:spec", {})
        for entry in body["metadata"].get("managedFields") or []
        if entry["manager"] != FIELD_MANAGER
    )


def _digest(canonical: Any) -> bytes:
    return blake2b(_spelled(canonical), digest_size=16).digest()


def _owned(value: Any, fields: Mapping[str, Any]) -> Any:
    """Return the part of a live value that a FieldsV1 tree names, in its common form (see `_canonical`).

    `f:NAME` is a field, `k:{..}` a list item with these keys, and `v:VALUE` an item of a set. A tree without any of
    these is a leaf, whose whole value is owned. A field that is owned but absent was set to an empty value, 0 or false.
    """
    names = [name for name in fields if name != "."]
    if not names:
        return _canonical(value)
    if names[0].startswith("f:"):
        present = value if isinstance(value, dict) else {}
        owned = {}
        for field in names:
            name, below = field[2:], fields[field]
            part = present.get(name, _ZERO)
            if name in _SCALES:
                owned[name] = _quantities(_amounts(part, below), _SCALES[name])
            elif below:
                owned[name] = _owned(part, below)
            else:  # without a call for the many leaves
                owned[name] = _canonical(part) if isinstance(part, _PARENTS) else part or _ZERO
        return owned
    items = value if isinstance(value, list) else []
    index = ItemIndex(names)
    return [_owned(item, fields[found]) for item in items if (found := index.name_of(item)) is not None] or _ZERO


def _amounts(amounts: Any, fields: Mapping[str, Any]) -> Any:
    """Return one quantity, or those of a map that a FieldsV1 tree names."""
    names = [name[2:] for name in fields if name.startswith("f:")]
    if not names:
        return amounts
    return {name: amounts.get(name, _ZERO) if isinstance(amounts, dict) else _ZERO for name in names}


class ItemIndex:
    """The names in a FieldsV1 tree that identify items of a list, found by an item.

    Any user who may write a child decides how long its lists are, so the names are not compared one by one.
    """

    def __init__(self, names: Iterable[str]) -> None:
        self._of_values: dict[bytes, str] = {}
        self._of_keys: dict[tuple[str, ...], dict[bytes, str]] = {}
        """The names of keys, to their values; there are a few, since the kind defines the keys of a list."""
        for name in names:
            if name.startswith("v:"):
                self._of_values[_spelled(orjson.loads(name[2:]))] = name
            elif name.startswith("k:"):
                keys = orjson.loads(name[2:])
                named = tuple(sorted(keys))
                self._of_keys.setdefault(named, {})[_spelled([keys[each] for each in named])] = name

    def name_of(self, item: Any) -> str | None:
        """Return the name that identifies an item; None if none does."""
        for named, found in self._of_keys.items() if isinstance(item, dict) else ():
            name = found.get(_spelled([item.get(each) for each in named]))
            if name is not None:
                return name
        return self._of_values.get(_spelled(item)) if self._of_values else None


def _spelled(value: Any) -> bytes:
    return orjson.dumps(value, option=orjson.OPT_SORT_KEYS)


def _canonical(value: Any) -> Any:
    """Return one form for all forms of a value that the API server treats as equal.

    It stores the quantity 0.5 as 500m, rounds requests and limits of containers up to thousandths, and omits some
    zeros, such as `initialDelaySeconds: 0` (tests/integration/test_digests.py).
    """
    if isinstance(value, dict):
        spelled = {}
        for name, item in value.items():
            if name in _SCALES:
                spelled[name] = _quantities(item, _SCALES[name])
            else:
                spelled[name] = _canonical(item) if isinstance(item, _PARENTS) else item or _ZERO
        return spelled or _ZERO
    if isinstance(value, list):
        return [_canonical(item) if isinstance(item, _PARENTS) else item or _ZERO for item in value] or _ZERO
    return value or _ZERO


def _quantities(amounts: Any, scale: Decimal) -> Any:
    """Return one quantity, or each of a map, in its common form."""
    if isinstance(amounts, dict):
        return {name: _plain(amount, scale) for name, amount in amounts.items()}
    return _plain(amounts, scale)


def _plain(amount: Any, scale: Decimal) -> str:
    from kubernetes.utils.quantity import parse_quantity  # noqa: PLC0415 - not installed with the laptop tool

    try:
        number: Decimal = parse_quantity(amount).normalize()  # type: ignore[no-untyped-call]
        exponent = number.as_tuple().exponent
        if isinstance(exponent, int) and exponent < scale.adjusted():
            number = number.quantize(scale, rounding=ROUND_UP).normalize()
        return str(number)
    except (ArithmeticError, ValueError):
        return str(amount)  # not a quantity: the API server will refuse it
