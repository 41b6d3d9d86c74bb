"""Parsing a whole object, as it is written in a file."""

from typing import Any

import pytest

from proxiedapp.api.app import ProxiedApp, parse_manifest, parse_spec
from proxiedapp.api.errors import InvalidSpecError
from proxiedapp.kube.key import Key
from tests.support.apps import a_spec


def manifest(**changes: Any) -> dict[str, Any]:
    whole = {
        "apiVersion": "proxiedapp.dev/v1alpha1",
        "kind": "ProxiedApp",
        "metadata": {"name": "shop", "namespace": "team"},
        "spec": a_spec(),
    }
    return {name: value for name, value in (whole | changes).items() if value is not ...}


def test_object_is_parsed() -> None:
    assert parse_manifest(manifest()) == ProxiedApp(Key("team", "shop"), parse_spec(a_spec()))


def test_missing_namespace_means_default() -> None:
    assert parse_manifest(manifest(metadata={"name": "shop"})).key == Key("default", "shop")


def test_status_is_ignored() -> None:
    assert parse_manifest(manifest(status={"anything": 1})) == parse_manifest(manifest())


@pytest.mark.parametrize(
    ("changes", "field", "problem"),
    [
        pytest.param(
            {"kind": "App"}, "kind", "the object must have apiVersion proxiedapp.dev/v1alpha1", id="another kind"
        ),
        pytest.param(
            {"apiVersion": "v1"},
            "kind",
            "the object must have apiVersion proxiedapp.dev/v1alpha1",
            id="another version",
        ),
        pytest.param({"kind": ...}, "kind", "the object must have apiVersion proxiedapp.dev/v1alpha1", id="no kind"),
        pytest.param({"data": {}}, "data", "it is not a field of a ProxiedApp", id="an unknown field"),
        pytest.param({1: {}, "data": {}}, "1", "it is not a field of a ProxiedApp", id="a field name that is not text"),
        pytest.param({"metadata": ...}, "metadata.name", "it is missing", id="no metadata"),
        pytest.param({"metadata": "shop"}, "metadata", "it must be an object", id="metadata that is text"),
        pytest.param({"metadata": {"name": 1}}, "metadata.name", "it must be text", id="a name that is not text"),
        pytest.param({"metadata": {"name": ""}}, "metadata.name", "it is missing", id="an empty name"),
        pytest.param(
            {"metadata": {"name": "a", "namespace": 1}},
            "metadata.namespace",
            "it must be a string",
            id="a namespace that is not text",
        ),
        pytest.param({"spec": ...}, "spec", "it must be", id="no spec"),
        pytest.param({"spec": {"image": "x"}}, "spec.route", "it is missing", id="a spec with a problem"),
    ],
)
def test_object_that_is_not_an_app_is_rejected(changes: dict[Any, Any], field: str, problem: str) -> None:
    with pytest.raises(InvalidSpecError) as refused:
        parse_manifest({**manifest(), **changes} if 1 in changes else manifest(**changes))
    assert refused.value.field == field
    assert problem in refused.value.problem


@pytest.mark.parametrize("name", ["1shop", "Shop", "shop.a", "-a", "a-", "a_b", "a" * 64, "a\n"])
def test_name_that_is_invalid_for_a_service_or_a_label_is_rejected(name: str) -> None:
    """The CRD has the same rule, so a name that the API server rejects is rejected offline too."""
    with pytest.raises(InvalidSpecError) as refused:
        parse_manifest(manifest(metadata={"name": name}))
    assert refused.value.field == "metadata.name"
    assert "at most 63 characters" in refused.value.problem


@pytest.mark.parametrize("name", ["a", "a1", "a-b", "a" * 63])
def test_valid_name_is_accepted(name: str) -> None:
    assert parse_manifest(manifest(metadata={"name": name})).key.name == name
