"""The CustomResourceDefinition as a whole: the file in `crds/`, names, subresources, defaults."""

import re
from pathlib import Path
from typing import Any, Final

from proxiedapp.api.app import parse_spec
from proxiedapp.api.crd import custom_resource_definition
from proxiedapp.api.reasons import Reason
from proxiedapp.api.status import ConditionType
from proxiedapp.kube.manifest import dump
from tests.support.apps import a_spec

CRD: Final = custom_resource_definition()
FILE: Final = Path(__file__).parents[3] / "crds" / "proxiedapps.yaml"
(VERSION,) = CRD["spec"]["versions"]
SCHEMA: Final[dict[str, Any]] = VERSION["schema"]["openAPIV3Schema"]


def test_file_is_the_generated_one() -> None:
    assert dump([CRD]) == FILE.read_text(), "run make generate"


def test_names_are_the_public_ones() -> None:
    spec = CRD["spec"]
    assert CRD["metadata"]["name"] == "proxiedapps.proxiedapp.dev" == f"{spec['names']['plural']}.{spec['group']}"
    assert (spec["names"]["kind"], spec["names"]["shortNames"], spec["scope"]) == ("ProxiedApp", ["papp"], "Namespaced")
    assert (VERSION["name"], VERSION["served"], VERSION["storage"]) == ("v1alpha1", True, True)


def test_status_and_scale_are_subresources() -> None:
    assert VERSION["subresources"]["status"] == {}
    for path in VERSION["subresources"]["scale"].values():
        assert find(path) is not None


def test_printer_columns_point_at_fields_that_exist() -> None:
    for column in VERSION["additionalPrinterColumns"]:
        path = column["jsonPath"]
        if path != ".metadata.creationTimestamp":
            assert find(path) is not None, path
    assert [column["name"] for column in VERSION["additionalPrinterColumns"][:4]] == [
        "URL",
        "Ready",
        "Verified",
        "Status",
    ]


def find(path: str) -> dict[str, Any] | None:
    """Follow a JSON path of the simple kind in the schema."""
    schema: dict[str, Any] | None = SCHEMA
    for name in re.sub(r"\[\?\(@\.type==\"[A-Za-z]+\"\)\]", "", path).strip(".").split("."):
        at: dict[str, Any] = schema or {}
        schema = at.get("items", at).get("properties", {}).get(name)
    return schema


def test_fresh_object_does_not_look_done() -> None:
    """Tools take an absent status, or one of the present generation, for done."""
    assert SCHEMA["properties"]["status"]["default"] == {"observedGeneration": -1}
    assert SCHEMA["properties"]["status"]["properties"]["observedGeneration"]["default"] == -1


def test_spec_is_required_and_so_are_image_and_route() -> None:
    assert SCHEMA["required"] == ["spec"]
    assert SCHEMA["properties"]["spec"]["required"] == ["image", "route"]


def test_defaults_of_the_server_are_those_of_the_models() -> None:
    """Parsing what the server stored, with its defaults, gives the same as parsing what the user wrote."""
    written = a_spec(server={}, proxy={}, probes={}, command=["uvicorn"], prefix=None)
    stored = _with_defaults(SCHEMA["properties"]["spec"], written)
    assert stored != written
    assert parse_spec(stored) == parse_spec(written)


def _with_defaults(schema: dict[str, Any], value: Any) -> Any:
    if not isinstance(value, dict):
        return value
    fields = schema.get("properties", {})
    filled = {name: child["default"] for name, child in fields.items() if "default" in child} | value
    return {name: _with_defaults(fields[name], child) for name, child in filled.items()}


def test_app_is_refused_under_a_name_that_its_service_could_not_have() -> None:
    (rule,) = SCHEMA["x-kubernetes-validations"]
    assert rule["rule"] == "self.metadata.name.matches('^[a-z]([-a-z0-9]{0,61}[a-z0-9])?$')"


def test_reasons_and_types_are_words_that_conditions_may_hold() -> None:
    condition = SCHEMA["properties"]["status"]["properties"]["conditions"]["items"]["properties"]
    assert condition["reason"]["pattern"] == r"^[A-Za-z]([A-Za-z0-9_,:]*[A-Za-z0-9_])?$"
    for word in [*Reason, *ConditionType]:
        assert word.value.isalnum()
        assert word.value[0].isupper()
