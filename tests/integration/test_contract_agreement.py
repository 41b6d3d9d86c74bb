"""For any value of any field, the models and the API server agree whether the spec is valid."""

from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from proxiedapp.api.app import parse_spec
from proxiedapp.api.errors import InvalidSpecError
from proxiedapp.api.fields import RESOURCE_KEYS
from proxiedapp.kube.errors import RefusedError
from proxiedapp_sandbox.bare import BareCluster
from tests.support.contract import submit
from tests.support.leaves import leaves, spec_with, values_of

WORDS = st.sampled_from(
    [
        "",
        "a",
        "A",
        "1",
        "-1",
        "a b",
        "a/b",
        "/a",
        "/",
        "a`b",
        'a"b',
        "a\n",
        "é",
        "50%",
        "101%",
        "1Gi",
        "1.5",
        "*",
        "true",
    ]
)
NUMBERS = st.sampled_from([-1, 0, 1, 2, 100, 101, 65535, 65536, 2**31 - 1, 2**31, 2**53])
SIMPLE = st.one_of(WORDS, NUMBERS, st.booleans(), st.text(max_size=20).filter(lambda text: "\x00" not in text))
ANYTHING = st.one_of(
    SIMPLE,
    st.lists(SIMPLE, max_size=3),
    st.dictionaries(st.one_of(WORDS, st.text(max_size=8)), SIMPLE, max_size=3),
)


@st.composite
def specs_with_anything(draw: st.DrawFn) -> dict[str, Any]:
    """Draw a spec that is valid except perhaps for one field: it has any value, more likely one of its own type."""
    leaf = draw(st.sampled_from(leaves()))
    right = values_of(leaf)[0]
    alike: st.SearchStrategy[Any]
    match right:
        case bool():
            alike = st.booleans()
        case int():
            alike = st.one_of(NUMBERS, st.integers(-(2**40), 2**40))
        case str():
            alike = st.one_of(WORDS, st.text(max_size=80))
        case list():
            alike = st.lists(st.one_of(WORDS, st.text(max_size=20)), max_size=3)
        case _:
            alike = st.dictionaries(st.one_of(WORDS, st.text(max_size=8)), st.one_of(WORDS, NUMBERS), max_size=3)
    spec = spec_with(leaf, draw(st.one_of(alike, alike, ANYTHING)))
    assert spec is not None
    return spec


@settings(max_examples=1000, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(spec=specs_with_anything())
async def test_models_and_api_server_agree(cluster: BareCluster, spec: dict[str, Any]) -> None:
    try:
        parse_spec(spec)
        ours = "accepted"
    except InvalidSpecError as error:
        if error.field.endswith((".requests", ".limits")) and RESOURCE_KEYS.message in str(error):
            return  # the API server cannot check these keys, so the operator does
        ours = f"rejected: {error}"
    try:
        await submit(cluster, spec)
        theirs = "accepted"
    except RefusedError as refusal:
        theirs = f"refused: {refusal}"
    assert (ours == "accepted") == (theirs == "accepted"), f"models: {ours}\nAPI server: {theirs}"
