"""The environment of a container, written as the API server stores it."""

from typing import Any

import pytest

from proxiedapp.resources.environment import environment
from tests.support.apps import spec_of


@pytest.mark.parametrize(
    ("given", "built"),
    [
        pytest.param({"value": "x"}, {"value": "x"}, id="a value"),
        pytest.param({"value": ""}, {"value": ""}, id="an empty value"),
        pytest.param({}, {}, id="no value"),
        pytest.param(
            {"valueFrom": {"fieldRef": {"fieldPath": "status.podIP"}}},
            {"valueFrom": {"fieldRef": {"fieldPath": "status.podIP", "apiVersion": "v1"}}},
            id="a field: the API server's default is written out",
        ),
        pytest.param(
            {"valueFrom": {"fieldRef": {"fieldPath": "status.podIP", "apiVersion": "v2"}}},
            {"valueFrom": {"fieldRef": {"fieldPath": "status.podIP", "apiVersion": "v2"}}},
            id="a field with an API version",
        ),
        pytest.param(
            {"valueFrom": {"resourceFieldRef": {"resource": "limits.cpu"}}},
            {"valueFrom": {"resourceFieldRef": {"resource": "limits.cpu", "divisor": "0"}}},
            id="a resource: the API server's default is written out",
        ),
        pytest.param(
            {"valueFrom": {"secretKeyRef": {"name": "s", "key": "k"}}},
            {"valueFrom": {"secretKeyRef": {"name": "s", "key": "k"}}},
            id="a secret: it has no default",
        ),
    ],
)
def test_variables_are_written_as_they_are_stored(given: dict[str, Any], built: dict[str, Any]) -> None:
    spec = spec_of(env=[{"name": "A", **given}])
    assert environment(spec, {}) == {"env": [{"name": "A", **built}]}


def test_operators_variables_come_first_so_that_those_of_the_user_can_refer_to_them() -> None:
    spec = spec_of(env=[{"name": "Z", "value": "1"}, {"name": "PATHS", "value": "x"}, {"name": "A", "value": "2"}])
    built = environment(spec, {"PROXIEDAPP_ROOT_PATH": "/api", "PATHS": "a:x"})
    assert [variable["name"] for variable in built["env"]] == ["PROXIEDAPP_ROOT_PATH", "PATHS", "Z", "A"]
    assert built["env"][1]["value"] == "a:x"


def test_operators_values_are_not_references() -> None:
    assert environment(spec_of(), {"APP": "main:create('$(HOME)')"})["env"][0]["value"] == "main:create('$$(HOME)')"


def test_no_variables_give_no_fields() -> None:
    assert environment(spec_of(), {}) == {}
    assert environment(spec_of(env=[], envFrom=[]), {}) == {}


def test_sources_keep_their_order() -> None:
    sources = [{"secretRef": {"name": "s"}}, {"prefix": "P_", "configMapRef": {"name": "c", "optional": True}}]
    assert environment(spec_of(envFrom=sources), {}) == {"envFrom": sources}
