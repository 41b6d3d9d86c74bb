"""The table of values covers every leaf of the schema, so that tests over all leaves miss none."""

from proxiedapp.api.app import parse_spec
from tests.support.each import each
from tests.support.leaves import ABSENT, BASE, leaves, spec_with, values_of


@each(leaves())
def test_every_leaf_has_values_and_a_valid_spec(leaf: str) -> None:
    one, other = values_of(leaf)
    for value in (one, other, ABSENT):
        if (spec := spec_with(leaf, value)) is not None:
            parse_spec(spec)
    parse_spec(BASE)
