"""YAML is read with the positions of its fields, and what kubectl would not accept is an error with a position."""

from itertools import pairwise

import pytest
import yaml

from proxiedapp.local.yamlsource import Document, DuplicateKeyError, Position, SourceError, documents, steps

OBJECT = "kind: A\nspec:\n  items:\n    - name: x\n    - name: y\n"


def read(text: str) -> list[Document]:
    found = list(documents(text))
    assert all(isinstance(one, Document) for one in found), found
    return [one for one in found if isinstance(one, Document)]


def error(text: str) -> SourceError:
    *_, found = documents(text)
    assert isinstance(found, SourceError)
    return found


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("spec", (2, 1)),
        ("spec.items[1].name", (5, 7)),
        ("spec.items[1]", (5, 7)),
        ("spec.items[7].name", (3, 3)),
        ("spec.missing", (2, 1)),
        ("missing", (1, 1)),
        ("kind.of", (1, 1)),
    ],
)
def test_position_of_a_field_or_of_the_object_that_lacks_it(path: str, expected: tuple[int, int]) -> None:
    (document,) = read(OBJECT)
    assert document.position_of(steps(path)) == expected


def test_documents_and_items_of_lists_are_objects() -> None:
    text = "---\n---\nkind: A\n---\nkind: List\nitems:\n- kind: B\n- kind: C\n"
    assert [(one.body["kind"], one.position) for one in read(text)] == [("A", (3, 1)), ("B", (7, 3)), ("C", (8, 3))]


def test_what_an_alias_names_is_read_there() -> None:
    (document,) = read("a: &x {b: 1}\nc: *x\n")
    assert document.body == {"a": {"b": 1}, "c": {"b": 1}}
    assert document.position_of(["c", "b"]) == (1, 8)


@pytest.mark.parametrize(
    ("text", "position", "problem"),
    [
        ("kind: A\n  spec: b\n", (2, 7), "mapping values are not allowed"),
        ("a: [1, 2\nb: 3\n", (2, 2), "did not find expected ',' or ']'"),
        ("kind: {{ .Values.kind }}\n{{- end }}\n", (3, 1), "looks like a template"),
        ("just text\n", (1, 1), "the document is a text"),
        ("- a\n", (1, 1), "the document is a list"),
        ("kind: List\nitems: [1]\n", (2, 9), "not an object"),
        ("a: 2026-02-31\n", (1, 4), "day is out of range"),
        ("a: \x01\n", (1, 1), "does not allow the character"),
        ("a: *b\n", (1, 4), "undefined alias"),
        ("a: !!bool b\n", (1, 4), "its text does not fit its tag"),
        ("a: [!!int '']\n", (1, 5), "its text does not fit its tag"),
        ("a: !!timestamp b\n", (1, 4), "its text does not fit its tag"),
        ("a: 1\n? [b]\n: 2\n", (2, 3), "unhashable key"),
    ],
)
def test_unreadable_text_is_an_error_with_its_position(text: str, position: Position, problem: str) -> None:
    found = error(text)
    assert found.position == position
    assert problem in found.problem
    assert found.fix


def test_objects_before_a_syntax_error_are_read() -> None:
    first, second = documents("kind: A\n---\na: [\n")
    assert isinstance(first, Document)
    assert isinstance(second, SourceError)


def test_field_that_is_written_twice_is_reported_and_the_last_one_counts() -> None:
    twice, document = documents("a: {b: 1, c: 2, b: 3}\n")
    assert isinstance(twice, DuplicateKeyError)
    assert twice.position == (1, 17)
    assert isinstance(document, Document)
    assert document.body == {"a": {"b": 3, "c": 2}}
    assert document.position_of(["a", "b"]) == (1, 17)


def test_aliases_that_multiply_or_never_end_are_not_written_out() -> None:
    names = "abcdefghijk"
    lines = ["a: &a [1, 1, 1, 1, 1, 1, 1, 1, 1, 1]"]
    lines += [f"{one}: &{one} [{', '.join([f'*{before}'] * 10)}]" for before, one in pairwise(names)]
    assert "aliases" in error("\n".join(lines)).problem
    assert "aliases" in error("a: &a [*a]\n").problem


def test_deep_nesting_is_an_error() -> None:
    assert "levels" in error("a: " + "[" * 500 + "]" * 500).problem
    assert read("a: " + "[" * 90 + "]" * 90)


DEEP = "a: " + "[" * 101 + "]" * 101


@pytest.mark.parametrize(
    ("text", "line"),
    [
        pytest.param(f"kind: A\n---\n{DEEP}\n", 3, id="a document that is not the first"),
        pytest.param(f"kind: A\n--- {{{DEEP}}}\n", 2, id="a document that begins in the line of its mark"),
        pytest.param(f"a: [[\n---b, [{DEEP[3:-2]}]]]]\n", 2, id="text that begins as a mark does"),
        pytest.param(f"%TAG !e! !\n---\na: !e!b {DEEP[3:]}\n", 3, id="a tag that is declared before the document"),
    ],
)
def test_levels_of_each_document_are_counted(text: str, line: int) -> None:
    found = error(text)
    assert "levels" in found.problem
    assert found.position.line == line


def test_levels_of_different_documents_do_not_add_up(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each event of the parser became a Python object, a second time: a fifth of the time of a large file."""
    monkeypatch.setattr(yaml, "parse", None)
    assert len(read("kind: A\nspec: {a: [1], b: {}}\n---\n" * 100)) == 100


@pytest.mark.parametrize("end", ["\r", "\x85", "\u2028", "\u2029"])
def test_levels_are_counted_whatever_ends_a_line(end: str) -> None:
    """Python's `^` knows only the newline, so that a text with other ends reached the parser, which overflowed."""
    text = end.join(f"{' ' * level}a:" for level in range(2000))
    (found,) = documents(text)
    assert isinstance(found, SourceError)
    assert "more than 100 levels" in found.problem


def test_list_in_a_list_is_read() -> None:
    """Its objects were not checked."""
    inner = "{apiVersion: v1, kind: List, items: [{kind: A}, {kind: B}]}"
    found = list(documents(f"apiVersion: v1\nkind: List\nitems:\n- {inner}\n- kind: C\n"))
    assert [one.body["kind"] for one in found if isinstance(one, Document)] == ["A", "B", "C"]


@pytest.mark.parametrize("value", ["2026-99-99", "9" * 5000])
def test_value_that_cannot_be_read_is_where_it_is_written(value: str) -> None:
    (found,) = documents(f"kind: A\nspec:\n  list: [1, {value}]\n")
    assert isinstance(found, SourceError)
    assert found.position == Position(3, 13)
    assert "sys." not in found.problem
