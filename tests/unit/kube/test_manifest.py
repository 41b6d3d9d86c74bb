"""Manifests as YAML."""

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from proxiedapp.kube.manifest import Manifest, dump


@pytest.mark.parametrize(
    ("manifest", "text"),
    [
        pytest.param({"b": 1, "a": True}, "b: 1\na: true\n", id="keys stay in order"),
        pytest.param({"a": [{"b": "c"}]}, "a:\n  - b: c\n", id="lists are indented under their key"),
        pytest.param({"a": "x\ny\n"}, "a: |\n  x\n  y\n", id="a script is written line by line"),
        pytest.param(
            {"a": "80", "b": "yes", "c": ""},
            "a: '80'\nb: 'yes'\nc: ''\n",
            id="text like another type is quoted",
        ),
        pytest.param({"a": "é…"}, "a: é…\n", id="text beyond ASCII"),
        pytest.param({"a": {}, "b": []}, "a: {}\nb: []\n", id="empty values"),
    ],
)
def test_manifest_has_the_style_of_a_handwritten_one(manifest: Manifest, text: str) -> None:
    assert dump([manifest]) == f"---\n{text}"


def test_shared_value_is_written_twice() -> None:
    shared = {"a": "b"}
    assert dump([{"x": shared, "y": shared}]) == "---\nx:\n  a: b\ny:\n  a: b\n"


def test_each_document_has_a_start_marker() -> None:
    assert dump([{"a": 1}, {"a": 2}]) == "---\na: 1\n---\na: 2\n"
    assert dump([]) == ""


@given(st.dictionaries(st.text(), st.one_of(st.text(), st.booleans(), st.integers(), st.lists(st.text()))))
def test_yaml_is_read_back_as_the_same_manifest(manifest: Manifest) -> None:
    assert list(yaml.safe_load_all(dump([manifest]))) == [manifest]
