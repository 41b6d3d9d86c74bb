"""Which field of a child another client changed, and which one, as far as `metadata.managedFields` shows it.

An update by another client moves the fields that it changes from our entry to its own, and a removed field leaves all
entries. So what our intent has and our entry lacks was changed, and another entry may name who did it. The format of
`fieldsV1` is described at https://kubernetes.io/docs/reference/using-api/server-side-apply/.
"""

from collections.abc import Iterator, Mapping
from typing import Any, Final, NamedTuple

import orjson

from proxiedapp.controller.observed.ownedfields import ItemIndex, is_ours, owned_part
from proxiedapp.controller.observed.packedspec import packed
from proxiedapp.kube.manifest import Manifest

MAX_MANAGERS: Final = 32
"""Entries of managedFields that are read; who else changed a field is not known. Any user who may write a child decides
how many there are."""
MAX_TRACE_BYTES: Final = 262_144
"""Bytes of these entries that are kept for a child; if there are more, nothing is known about its fields."""


class Trace(NamedTuple):
    """What a child that differs from our last apply says about its fields; kept only until it is applied again."""

    managed: bytes
    """The entries of managedFields, without those of the status, as JSON."""
    witnessed: bool
    """Whether we have observed the change; otherwise the child may differ because our intent has changed."""


class LostField(NamedTuple):
    """A field of ours that another client changed."""

    path: str
    """As in a manifest, such as spec.template.spec.containers[name=app].image."""
    manager: str
    """The field manager that owns it now; empty if none does, as after it was removed."""


def trace_of(body: Manifest, *, witnessed: bool) -> Trace | None:
    """Return the trace of a live object; None if it shows nothing: only we manage it, and we saw no change."""
    entries = [entry for entry in body["metadata"].get("managedFields") or [] if entry.get("subresource") != "status"]
    entries.sort(key=is_ours, reverse=True)
    if not witnessed and all(is_ours(entry) for entry in entries):
        return None
    managed = packed(entries[:MAX_MANAGERS])
    return None if len(managed) > MAX_TRACE_BYTES else Trace(managed, witnessed)


def lost_field(intent: Manifest, trace: Trace | None) -> LostField | None:
    """Return the first field of an intent that another client changed, one whose manager is known if there is one."""
    if trace is None:
        return None
    entries = orjson.loads(trace.managed)
    ours: Any = next((entry.get("fieldsV1") or {} for entry in entries if is_ours(entry)), {})
    others = [entry for entry in entries if not is_ours(entry)]
    unknown: LostField | None = None
    trees = _Trees()
    for steps in _missing(owned_part(intent), ours, (), trees):
        for entry in others:
            if _owns(entry.get("fieldsV1") or {}, steps, trees):
                return LostField(_path(steps), _manager(entry))
        unknown = unknown or LostField(_path(steps), "")
    return unknown if trace.witnessed else None


class _Item(NamedTuple):
    """A step into a list: the item, and how it is printed."""

    value: Any
    label: str


_Steps = tuple[str | _Item, ...]


class _Trees:
    """The indexes of the FieldsV1 trees that were searched for items of lists; each tree is read once."""

    def __init__(self) -> None:
        self._indexes: dict[int, ItemIndex] = {}

    def name_of(self, tree: Mapping[str, Any], item: Any) -> str | None:
        """Return the name in a tree that identifies an item of a list."""
        index = self._indexes.get(id(tree))
        if index is None:
            index = self._indexes[id(tree)] = ItemIndex(tree)
        return index.name_of(item)


def _is_leaf(tree: Mapping[str, Any]) -> bool:
    return len(tree) == ("." in tree)


def _missing(value: Any, tree: Mapping[str, Any], steps: _Steps, trees: _Trees) -> Iterator[_Steps]:
    """Yield the ways to those parts of a value that a FieldsV1 tree lacks; one without names owns the whole value."""
    if isinstance(value, dict) and (not steps or any(name.startswith("f:") for name in tree)):
        for name, child in value.items():
            subtree = tree.get(f"f:{name}")
            if subtree is not None:
                yield from _missing(child, subtree, (*steps, name), trees)
            else:
                yield (*steps, name)
    elif isinstance(value, list) and not _is_leaf(tree):
        for item in value:
            found = trees.name_of(tree, item)
            if found is not None:
                yield from _missing(item, tree[found], (*steps, _Item(item, found)), trees)
            else:
                yield (*steps, _Item(item, ""))


def _owns(tree: Mapping[str, Any], steps: _Steps, trees: _Trees) -> bool:
    """Return whether a tree has a field, or a part of it, or something as a whole that contains it."""
    for step in steps:
        if _is_leaf(tree):
            return step is not steps[0]
        name = trees.name_of(tree, step.value) if isinstance(step, _Item) else f"f:{step}"
        if name is None or name not in tree:
            return False
        tree = tree[name]
    return True


def _path(steps: _Steps) -> str:
    text = ""
    for step in steps:
        if isinstance(step, str):
            text += f"[{step}]" if "/" in step or ("." in step) else f".{step}"
        elif step.label.startswith("k:"):
            keys = orjson.loads(step.label[2:])
            text += "[" + ",".join(f"{name}={value}" for name, value in keys.items()) + "]"
        elif isinstance(step.value, dict):
            key = next((name for name in ("name", "mountPath", "port", "uid") if name in step.value), "")
            text += f"[{key}={step.value[key]}]" if key else "[]"
        else:
            text += f"[{step.value}]"
    return text.removeprefix(".")


def _manager(entry: Mapping[str, Any]) -> str:
    subresource = entry.get("subresource")
    return f"{entry['manager']} (subresource {subresource})" if subresource else str(entry["manager"])
