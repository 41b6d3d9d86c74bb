"""A whole object as it stands in a file."""

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


def test_object_is_read() -> None:
    assert parse_manifest(manifest()) == ProxiedApp(Key("team", "shop"), parse_spec(a_spec()))


def test_namespace_is_default_if_none_is_given() -> None:
    assert parse_manifest(manifest(metadata={"name": "shop"})).key == Key("default", "shop")


def test_status_is_no_matter() -> None:
    assert parse_manifest(manifest(status={"anything": 1})) == parse_manifest(manifest())


@pytest.mark.parametrize(
    ("changes", "field", "problem"),
    [
        pytest.param({"kind": "App"}, "kind", "it must be a ProxiedApp of proxiedapp.dev/v1alpha1", id="another kind"),
        pytest.param(
            {"apiVersion": "v1"}, "kind", "it must be a ProxiedApp of proxiedapp.dev/v1alpha1", id="other version"
        ),
        pytest.param({"kind": ...}, "kind", "it must be a ProxiedApp of proxiedapp.dev/v1alpha1", id="no kind"),
        pytest.param({"data": {}}, "data", "there is no such field", id="an unknown field"),
        pytest.param({1: {}, "data": {}}, "1", "there is no such field", id="a field that is no text"),
        pytest.param({"metadata": ...}, "metadata.name", "it is missing", id="no metadata"),
        pytest.param({"metadata": "shop"}, "metadata", "it must be an object", id="metadata that is text"),
        pytest.param({"metadata": {"name": 1}}, "metadata.name", "it is missing", id="a name that is no text"),
        pytest.param({"metadata": {"name": ""}}, "metadata.name", "it is missing", id="an empty name"),
        pytest.param(
            {"metadata": {"name": "a", "namespace": 1}}, "metadata.namespace", "it must be text", id="no text"
        ),
        pytest.param({"spec": ...}, "spec", "Input should be", id="no spec"),
        pytest.param({"spec": {"image": "x"}}, "spec.route", "Field required", id="a spec with a problem"),
    ],
)
def test_what_is_no_app_is_refused(changes: dict[Any, Any], field: str, problem: str) -> None:
    with pytest.raises(InvalidSpecError) as refused:
        parse_manifest({**manifest(), **changes} if 1 in changes else manifest(**changes))
    assert refused.value.field == field
    assert problem in refused.value.problem


@pytest.mark.parametrize("name", ["1shop", "Shop", "shop.a", "-a", "a-", "a_b", "a" * 64, "a\n"])
def test_name_that_service_and_labels_cannot_carry_is_refused(name: str) -> None:
    """The CRD has the same rule, so what is refused on the cluster is refused offline too."""
    with pytest.raises(InvalidSpecError) as refused:
        parse_manifest(manifest(metadata={"name": name}))
    assert refused.value.field == "metadata.name"
    assert "at most 63 characters" in refused.value.problem


@pytest.mark.parametrize("name", ["a", "a1", "a-b", "a" * 63])
def test_name_that_they_can_carry_is_accepted(name: str) -> None:
    assert parse_manifest(manifest(metadata={"name": name})).key.name == name
