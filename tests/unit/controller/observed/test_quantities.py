"""Quantities and zeros: forms that the API server treats as equal have one digest, others differ."""

from typing import Any

import pytest

from proxiedapp.api.app import parse_spec
from proxiedapp.controller.observed.ownedfields import intent_digest, owned_digest
from proxiedapp.kube.manifest import Manifest
from tests.support.apps import a_spec
from tests.support.managedfields import entry_for


def digest(value: Any, field: str = "limits") -> bytes:
    return intent_digest({"metadata": {}, "spec": {"resources": {field: {"cpu": value}}}})


@pytest.mark.parametrize(
    ("written", "stored"),
    [
        ("0.5", "500m"), (1, "1"), ("1.0", "1"), ("1000m", "1"), (0, "0"), ("0.0", "0"), ("1024Mi", "1Gi"),
        ("1.5Gi", "1536Mi"), ("1e3", "1k"), ("1E3", "1k"), ("1000000", "1M"), ("+1", "1"), (".5", "500m"), ("5.", "5"),
        ("1E", "1000P"), ("0.0001", "1m"), ("-1", "-1"),
        ("0.1m", "1m"), ("1500.0000001", "1500001m"), ("1n", "1m"), ("0.5m", "1m"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("field", ["limits", "requests"])
def test_two_spellings_of_one_quantity_are_equal(written: str | int, stored: str, field: str) -> None:
    assert digest(written, field) == digest(stored, field)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("1m", "2m"),
        ("1.0001", "1.001001"),
        ("1", "2"),
        ("1", "1m"),
        ("1Ki", "1k"),
        ("1M", "1m"),
        ("0", "1n"),
        ("1G", "1Gi"),
        ("9007199254740993", "9007199254740992"),
    ],
)
def test_two_quantities_differ(one: str, other: str) -> None:
    assert digest(one) != digest(other)


@pytest.mark.parametrize(
    "quantity", ["1e1.5", "1e999999999", "1e99999999999999999999", "-1e999999", "1E9999999999999999Ei"]
)
def test_quantity_that_the_api_server_will_refuse_does_no_harm(quantity: str) -> None:
    """The pattern lets it pass, as Kubernetes' own does; it must cost neither the pass nor a gigabyte of zeros."""
    assert digest(quantity) == digest(quantity)
    assert digest(quantity) != digest("1")


@pytest.mark.parametrize("quantity", ["1e1.5", "1e999999999", "1e99999999999999999999", "1e-999999"])
def test_such_a_quantity_does_get_past_the_models(quantity: str) -> None:
    parse_spec(a_spec(resources={"limits": {"cpu": quantity}}))


@pytest.mark.parametrize(("written", "stored"), [(1, "1"), ("1024Ki", "1Mi"), ("0", "0"), ("0.001", "1m")])
def test_divisor_is_a_quantity_too(written: str | int, stored: str) -> None:
    def of(divisor: str | int) -> bytes:
        return intent_digest(
            {"metadata": {}, "spec": {"resourceFieldRef": {"resource": "limits.cpu", "divisor": divisor}}}
        )

    assert of(written) == of(stored)


@pytest.mark.parametrize("zero", [0, "", False])
def test_zero_that_the_api_server_leaves_out_is_still_owned(zero: Any) -> None:
    intent = {
        "apiVersion": "v1",
        "kind": "Any",
        "metadata": {"labels": {"a": "b"}},
        "spec": {"field": zero, "other": 1},
    }
    body: Manifest = {"metadata": {"labels": {"a": "b"}, "managedFields": [entry_for(intent)]}, "spec": {"other": 1}}
    assert owned_digest(body) == intent_digest(intent)
    body["spec"]["field"] = zero
    assert owned_digest(body) == intent_digest(intent)


@pytest.mark.parametrize(
    ("wanted", "found"), [(0, 1), (1, 0), (False, True), (True, False), ("", "a"), (True, 1), ("1", 1)]
)
def test_zero_and_what_is_none_differ(wanted: Any, found: Any) -> None:
    assert digest_of_field(wanted) != digest_of_field(found)


def digest_of_field(value: Any) -> bytes:
    return intent_digest({"metadata": {}, "spec": {"field": value}})
