"""YAML text as objects that know where each of their fields is written. Pure."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final, NamedTuple, TypeAlias

import yaml

from proxiedapp.kube.manifest import Manifest
from proxiedapp.local.yamlvalues import NULL, Loader, UnreadableValueError, children, constructed, length, plain_value

Step: TypeAlias = str | int
"""A field's name, or an index into a list."""


class Position(NamedTuple):
    """Where something is written; both numbers start at 1, as editors count."""

    line: int
    column: int


START: Final = Position(1, 1)

MAX_VALUES: Final = 1_000_000
"""Values of one document with its aliases written out; beyond it, the document is not read. An object of 1.5 MiB, the
most that etcd accepts, has about half as many."""
MAX_LEVELS: Final = 100
"""Levels of lists and objects in a file; beyond it, the file is not read."""


_INDENTS: Final = re.compile(r"(?:^|[\n\r\x85\u2028\u2029])([ \t?:-]*)")
"""What is before the first value of a line: spaces, and the signs of lists and objects that begin in it.

Lines end where YAML 1.1 ends them, which is at more characters than Python's `^` (yaml.org/spec/1.1, section 4.1.4)."""
_STARTS: Final = re.compile(r"\n---(?=[ \t\r\n])")
"""Where documents begin; such a line inside of anything is an error (yaml.org/spec/1.1, section 9.1)."""


class SourceError(Exception):
    """Text that is not YAML, or YAML that kubectl would not accept."""

    def __init__(self, position: Position, problem: str, fix: str) -> None:
        super().__init__(problem)
        self.position = position
        self.problem = problem
        self.fix = fix

    def located(self, file: str) -> str:
        """Return one line with the place in the file, without a full stop."""
        return f"{file}:{self.position.line}:{self.position.column}: {self.problem}. {self.fix}"


class DuplicateKeyError(SourceError):
    """A field that an object has twice: YAML parsers differ in which of the two counts."""


class NotAnObjectError(SourceError):
    """A document, or an item of a List, that is a list or a single value."""


@dataclass(frozen=True, slots=True)
class Document:
    """One object of a YAML file."""

    body: Manifest
    _node: yaml.Node

    @property
    def position(self) -> Position:
        """Return where the object begins."""
        return _position(self._node)

    def position_of(self, path: Sequence[Step]) -> Position:
        """Return where a field is written; for one that is missing, where the object begins that lacks it."""
        node, found = self._node, _position(self._node)
        for step in path:
            key, below = _child(node, step)
            if below is None:
                break
            node, found = below, _position(key or below)
        return found


def steps(field: str) -> list[Step]:
    """Read a path as messages write it, such as `spec.env[0].name`."""
    return [int(index) if index else name for index, name in re.findall(r"\[(\d+)\]|([^.\[\]]+)", field)]


def documents(text: str) -> Iterator[Document | SourceError]:
    """Yield the objects in a YAML text; the items of a List count as objects. Ends after the first syntax error.

    A document that is not an object is yielded as an error, as well as each field that is written twice.
    """
    if (deep := _too_deep(text)) is not None:
        yield deep
        return
    try:
        for node in yaml.compose_all(text, Loader):
            if node.tag == NULL:
                continue  # nothing between two ---
            if length(node) <= MAX_VALUES and isinstance(plain := plain_value(node), dict):
                yield from _objects(plain, node)
                continue
            if "*" in text and _values(node) > MAX_VALUES:
                problem = f"the document has more than {MAX_VALUES:,} values with its aliases (*NAME) written out"
                yield SourceError(_position(node), problem, "Write it with fewer aliases")
                continue
            yield from _duplicates(node)
            try:
                body = constructed(node)
            except UnreadableValueError as error:
                yield SourceError(
                    _unreadable(node), f"a value cannot be read: {error}", "Put it in quotes if it is text"
                )
                continue
            if not isinstance(body, dict):
                problem = f"the document is a {_TYPES.get(type(body), 'single value')}, not a Kubernetes object"
                yield NotAnObjectError(_position(node), problem, "Write an object with apiVersion, kind and metadata")
            else:
                yield from _objects(body, node)
    except yaml.MarkedYAMLError as error:
        yield _syntax_error(error, text)
    except yaml.reader.ReaderError as error:
        line = text.count("\n", 0, error.position) + 1 if isinstance(error.position, int) else 1
        yield SourceError(Position(line, 1), f"YAML does not allow the character {error.character!r}", "Remove it")


_TYPES = {list: "list", str: "text", int: "number", float: "number", bool: "boolean"}


def _objects(body: Manifest, node: yaml.Node) -> Iterator[Document | SourceError]:
    """Yield an object, or the objects of a List, which can contain Lists."""
    if wrong := [name for name in ("apiVersion", "kind") if not isinstance(body.get(name), str | None)]:
        position = Document(body, node).position_of(wrong[:1])
        yield NotAnObjectError(position, f"{wrong[0]} is not text", f"Write the {wrong[0]} of a Kubernetes object")
        return
    items = body.get("items")
    if not isinstance(items, list) or not str(body.get("kind", "")).endswith("List"):
        yield Document(body, node)
        return
    _, nodes = _child(node, "items")
    for index, item in enumerate(items):
        below = None if nodes is None else _child(nodes, index)[1]
        if isinstance(item, dict) and below is not None:
            yield from _objects(item, below)
        else:
            position = _position(below or node)
            yield NotAnObjectError(
                position, "an item of the List is not an object", "Write an object, or remove the item"
            )


def _too_deep(text: str) -> SourceError | None:
    """Return an error if a text has too many levels, which its parser would put on the stack; None if it has not."""
    parts = [text] if "%TAG" in text else _STARTS.split(text)  # a tag that is declared elsewhere would be an error
    may_be_deep = (part for part in parts if _most_levels(part) >= MAX_LEVELS)
    return _first_too_deep(text) if any(_first_too_deep(part) for part in may_be_deep) else None


def _most_levels(text: str) -> int:
    """Return how many levels a document may have: a column of indentation has at most a list and an object in it."""
    return 2 * max(map(len, _INDENTS.findall(text))) + text.count("[") + text.count("{")


def _first_too_deep(text: str) -> SourceError | None:
    levels = 0
    try:
        for event in yaml.parse(text, yaml.CSafeLoader):
            if isinstance(event, yaml.CollectionStartEvent):
                levels += 1
                if levels > MAX_LEVELS:
                    problem = f"there are more than {MAX_LEVELS} levels of lists and objects in each other"
                    return SourceError(_after(event.start_mark), problem, "Write it with fewer levels")
            elif isinstance(event, yaml.CollectionEndEvent):
                levels -= 1
    except (yaml.YAMLError, ValueError):
        pass  # whatever parses the text next reports the same error
    return None


def _values(root: yaml.Node) -> int:
    """Return how many values a document has with its aliases written out; too many for one that contains itself."""
    known: dict[int, int] = {}
    waiting: list[tuple[yaml.Node, bool]] = [(root, False)]
    while waiting:
        node, below_is_known = waiting.pop()
        below = children(node)
        if below_is_known:
            known[id(node)] = 1 + sum(known[id(child)] for child in below)
        elif id(node) not in known:
            known[id(node)] = MAX_VALUES + 1  # what is found again below itself has no end
            waiting.append((node, True))
            waiting.extend((child, False) for child in below)
    return known[id(root)]


def _unreadable(root: yaml.Node) -> Position:
    """Return where the first value is of which no Python object can be made."""
    waiting = [root]
    while waiting:
        node = waiting.pop()
        waiting += reversed(children(node))
        try:
            constructed(node) if isinstance(node, yaml.ScalarNode) else None
        except UnreadableValueError:
            return _position(node)
    return _position(root)


def _child(node: yaml.Node, step: Step) -> tuple[yaml.Node | None, yaml.Node | None]:
    """Return the nodes of a field's name and of its value; for an item of a list only the latter."""
    if isinstance(node, yaml.MappingNode) and isinstance(step, str):
        # The last one counts, as for the parsed object; a merge key (<<) is not followed.
        return next(((key, value) for key, value in reversed(node.value) if key.value == step), (None, None))
    if isinstance(node, yaml.SequenceNode) and isinstance(step, int) and step < len(node.value):
        return None, node.value[step]
    return None, None


def _duplicates(root: yaml.Node) -> Iterator[DuplicateKeyError]:
    """Yield each field that is written twice. Anchors are visited once, so that aliases cost nothing."""
    waiting, seen = [root], {id(root)}
    while waiting:
        node = waiting.pop()
        first: dict[str, yaml.Node] = {}
        for key, _ in node.value if isinstance(node, yaml.MappingNode) else ():
            if not isinstance(key, yaml.ScalarNode):
                continue
            if key.value in first:
                problem = f"{key.value} is written twice, first in line {_position(first[key.value]).line}"
                yield DuplicateKeyError(_position(key), problem, "Remove one of the two")
            first.setdefault(key.value, key)
        for child in children(node):
            if id(child) not in seen:
                seen.add(id(child))
                waiting.append(child)


def _syntax_error(error: yaml.MarkedYAMLError, text: str) -> SourceError:
    mark = error.problem_mark or error.context_mark
    position = _after(mark)
    problem = ", ".join(filter(None, (error.problem, error.context))) or "it is not YAML"
    if "{{" in text:
        return SourceError(position, f"this looks like a template: {problem}", "Render it first, as by helm template")
    return SourceError(position, problem, "Correct the YAML")


def _after(mark: Any) -> Position:
    """Return the position of PyYAML's mark, which may be None."""
    return START if mark is None else Position(mark.line + 1, mark.column + 1)


def _position(node: yaml.Node) -> Position:
    return _after(node.start_mark)
