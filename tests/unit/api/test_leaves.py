"""The table of values keeps up with the schema, so that the walk over it leaves nothing out."""

import pytest

from proxiedapp.api.app import parse_spec
from tests.support.leaves import ABSENT, BASE, leaves, spec_with, values_of


@pytest.mark.parametrize("leaf", leaves())
def test_each_leaf_has_values_and_a_spec_around_them(leaf: str) -> None:
    one, other = values_of(leaf)
    for value in (one, other, ABSENT):
        if (spec := spec_with(leaf, value)) is not None:
            parse_spec(spec)
    parse_spec(BASE)
