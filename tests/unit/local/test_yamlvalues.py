"""Most YAML is read without PyYAML's constructor, and gives the same values."""

import pytest
import yaml

from proxiedapp.local.yamlsource import Document, documents
from proxiedapp.local.yamlvalues import Loader, constructed, plain_value

PLAIN = {
    "text": "a: b\nc: 'd'\ne: \"f\\n\"\ng: |\n  h\n  i\n",
    "numbers": "a: [1, -2, 0x1f, 0o17, 017, 1_000, 190:20:30, 1.5, 1e3, 1.0e+3, .inf, -.INF]\n",
    "truth values": "a: [true, False, yes, No, on, OFF, y, n]\n",
    "nulls": "a:\nb: ~\nc: null\nd: ''\n",
    "quoted words": "a: ['true', \"1\", '~', '2026-01-02']\n",
    "empty": "a: {}\nb: []\n",
    "levels": "a:\n  - b: [[{c: {d: e}}]]\n    f: g\n",
    "tags of the same types": "a: !!str 1\nb: !!int '1'\nc: !!seq [x]\nd: !!map {x: y}\n",
    "alias of text": "a: &x one\nb: *x\n",
}
UNUSUAL = {
    "alias of an object": "a: &x {b: c}\nd: *x\n",
    "alias of a list": "a: &x [b]\nc: *x\n",
    "merge key": "a: {<<: {b: c}, d: e}\n",
    "date": "a: 2026-01-02\n",
    "name that is a number": "1: a\n",
    "name that is true": "on: push\n",
    "name of a default value": "=: a\n",
    "tag of another type": "a: !!binary eA==\n",
    "object with the tag of a list": "a: !!omap [b: c]\n",
    "name that is written twice": "a: {b: 1, c: 2, b: 3}\n",
}


def composed(text: str) -> yaml.Node:
    (node,) = yaml.compose_all(text, Loader)
    return node


@pytest.mark.parametrize("text", PLAIN.values(), ids=PLAIN)
def test_plain_value_is_that_of_the_constructor(text: str) -> None:
    value, expected = plain_value(composed(text)), constructed(composed(text))
    assert value == expected == yaml.safe_load(text)
    assert repr(value) == repr(expected)  # 1 is equal to True


@pytest.mark.parametrize("text", UNUSUAL.values(), ids=UNUSUAL)
def test_unusual_values_are_left_to_the_constructor(text: str) -> None:
    assert plain_value(composed(text)) is None
    assert [one.body for one in documents(text) if isinstance(one, Document)] == [yaml.safe_load(text)]


@pytest.mark.parametrize("text", ["a: 2026-02-31\n", "a: !!int x\n", "a: !!bool x\n", "a: !x y\n", "a: !!map x\n"])
def test_wrong_value_is_left_to_the_constructor_each_time(text: str) -> None:
    assert [plain_value(composed(text)) for _ in range(2)] == [None, None]
