"""Nodes of YAML, and the Python values that they stand for. Pure."""

from functools import lru_cache
from typing import Any, Final

import yaml
from typing_extensions import override

_TAG: Final = "tag:yaml.org,2002:"
_TEXT: Final = f"{_TAG}str"
_OBJECT: Final = f"{_TAG}map"
_LIST: Final = f"{_TAG}seq"
NULL: Final = f"{_TAG}null"
_SINGLE: Final = frozenset({NULL, f"{_TAG}bool", f"{_TAG}int", f"{_TAG}float"})
_REMEMBERED: Final = 4096
"""Names and values whose types are kept. Files of Kubernetes objects repeat a few hundred of them."""


_RESOLVER: Final = yaml.resolver.Resolver()


@lru_cache(_REMEMBERED)
def _tag(kind: type[yaml.Node], value: Any, implicit: Any) -> Any:
    return _RESOLVER.resolve(kind, value, implicit)  # type: ignore[no-untyped-call]


class Loader(yaml.CSafeLoader):
    """PyYAML's loader on libyaml, which determines the type of each name and value once: half of its Python code."""

    resolve = staticmethod(_tag)

    @override
    def descend_resolver(self, current_node: yaml.Node | None, current_index: Any) -> None:
        """Do nothing: no types are registered for paths."""

    @override
    def ascend_resolver(self) -> None:
        """Do nothing, for the same reason."""


class UnreadableValueError(Exception):
    """A value that does not exist, such as the 32nd day of a month."""


class _UnusualError(Exception):
    """A node that only PyYAML's own constructor reads."""


def plain_value(node: yaml.Node) -> Any:
    """Return the value of a document of text, numbers, truth values, lists and objects with distinct names.

    Returns None for all others: with aliases of lists or objects, merge keys, dates, names that are not text, names
    that are written twice, or wrong values. It takes a third of the time of `constructed`, which reads them all.
    """
    try:
        return _value(node, set())
    except _UnusualError:
        return None


def _value(node: yaml.Node, seen: set[int]) -> Any:
    kind, tag = type(node), node.tag
    if kind is yaml.ScalarNode:
        return node.value if tag == _TEXT else _single(tag, node.value)
    if id(node) in seen:
        raise _UnusualError
    seen.add(id(node))
    if kind is yaml.MappingNode and tag == _OBJECT:
        found = {}
        for name, value in node.value:
            if name.tag != _TEXT or type(name) is not yaml.ScalarNode:
                raise _UnusualError
            # Most values are text: looked at here, they take no call.
            is_text = value.tag == _TEXT and type(value) is yaml.ScalarNode
            found[name.value] = value.value if is_text else _value(value, seen)
        if len(found) == len(node.value):
            return found
    if kind is yaml.SequenceNode and tag == _LIST:
        return [_value(item, seen) for item in node.value]
    raise _UnusualError


@lru_cache(_REMEMBERED)
def _single(tag: str, value: str) -> Any:
    if tag not in _SINGLE:
        raise _UnusualError
    try:
        return constructed(yaml.ScalarNode(tag, value))
    except UnreadableValueError:
        raise _UnusualError from None


def constructed(node: yaml.Node) -> Any:
    """Return the value of any node as PyYAML reads it; raises UnreadableValueError, or YAMLError for an unknown tag."""
    loader = yaml.CSafeLoader("")
    try:
        return loader.construct_document(node)
    except ValueError as error:
        raise UnreadableValueError(str(error).partition(";")[0]) from error
    except (LookupError, AttributeError) as error:  # of PyYAML's code for `!!bool x`, `!!int ""` and `!!timestamp x`
        raise UnreadableValueError("its text does not fit its tag") from error
    finally:
        loader.dispose()


def children(node: yaml.Node) -> list[yaml.Node]:
    """Return the nodes directly below a node; for an object those of its names, too."""
    if isinstance(node, yaml.MappingNode):
        return [part for pair in node.value for part in pair]
    return list(node.value) if isinstance(node, yaml.SequenceNode) else []


def length(node: yaml.Node) -> int:
    """Return the characters of a node's text."""
    return int(node.end_mark.index - node.start_mark.index)
