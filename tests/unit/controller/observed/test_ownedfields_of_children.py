"""The digest of every child that we build, as the API server stores it."""

from copy import deepcopy
from pathlib import Path

import pytest

from proxiedapp.controller.observed.ownedfields import intent_digest, owned_digest
from proxiedapp.resources.desired import desired
from tests.support.apps import DEFAULTS
from tests.support.golden import INPUTS, load_app
from tests.support.managedfields import entry_for

CHILDREN = [
    pytest.param(child, id=f"{case.stem}-{child['metadata']['name']}-{child['kind']}")
    for case in INPUTS
    for child in desired(load_app(case), DEFAULTS).children
]


@pytest.mark.parametrize("child", CHILDREN)
def test_stored_child_equals_its_intent(child: dict[str, object]) -> None:
    body = deepcopy(child)
    body["metadata"] |= {"uid": "u", "resourceVersion": "1", "managedFields": [entry_for(child)]}  # type: ignore[operator]
    assert owned_digest(body) == intent_digest(child)


@pytest.mark.parametrize("case", INPUTS, ids=lambda case: case.stem)
def test_no_two_children_of_an_app_are_alike(case: Path) -> None:
    children = desired(load_app(case), DEFAULTS).children
    assert len({intent_digest(child) for child in children}) == len(children)
