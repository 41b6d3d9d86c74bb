"""Annotations that were meant for the operator, and have no effect."""

import pytest

from proxiedapp.api.annotations import ignored_annotation, is_suspended

KEY = "proxiedapp.dev/reconcile"


@pytest.mark.parametrize(
    "annotations",
    [
        {},
        {KEY: "suspended"},
        {KEY: "enabled"},
        {KEY: ""},
        {"proxiedapp.dev/reconcile-requested-at": "now"},
        {"proxiedapp.example.com/owner": "team"},
        {"proxiedapp": "x", "kubectl.kubernetes.io/last-applied-configuration": "{}"},
    ],
)
def test_known_and_foreign_annotations_are_not_reported(annotations: dict[str, str]) -> None:
    assert ignored_annotation(annotations) is None


@pytest.mark.parametrize(
    ("annotations", "text"),
    [
        ({KEY: "paused"}, f'The annotation {KEY} has the unknown value "paused" and no effect: use "suspended".'),
        (
            {"proxiedapp.dev/reconcil": "suspended"},
            f"The annotation proxiedapp.dev/reconcil is unknown and has no effect: use {KEY}.",
        ),
        (
            {"proxiedapp.io/reconcile": "suspended"},
            f"The annotation proxiedapp.io/reconcile is unknown and has no effect: use {KEY}.",
        ),
        (
            {"proxiedapp.dev/x": "y"},
            f"The annotation proxiedapp.dev/x is unknown and has no effect: use {KEY} or {KEY}-requested-at.",
        ),
    ],
)
def test_annotation_without_effect_is_reported_with_what_to_use(annotations: dict[str, str], text: str) -> None:
    found = ignored_annotation(annotations)
    assert found is not None
    assert found.text == text
    assert not is_suspended(annotations)
