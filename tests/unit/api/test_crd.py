"""The CustomResourceDefinition as a whole: the file in `crds/`, names, subresources and defaults."""

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


def test_file_is_up_to_date() -> None:
    assert dump([CRD]) == FILE.read_text(), "run make generate"


def test_public_names_are_unchanged() -> None:
    spec = CRD["spec"]
    assert CRD["metadata"]["name"] == "proxiedapps.proxiedapp.dev" == f"{spec['names']['plural']}.{spec['group']}"
    assert (spec["names"]["kind"], spec["names"]["shortNames"], spec["scope"]) == ("ProxiedApp", ["papp"], "Namespaced")
    assert (VERSION["name"], VERSION["served"], VERSION["storage"]) == ("v1alpha1", True, True)


def test_status_and_scale_are_subresources() -> None:
    assert VERSION["subresources"]["status"] == {}
    for path in VERSION["subresources"]["scale"].values():
        assert find(path) is not None


def test_printer_columns_refer_to_existing_fields() -> None:
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
    """Return the schema at a simple JSON path; None if there is none."""
    schema: dict[str, Any] | None = SCHEMA
    for name in re.sub(r"\[\?\(@\.type==\"[A-Za-z]+\"\)\]", "", path).strip(".").split("."):
        at: dict[str, Any] = schema or {}
        schema = at.get("items", at).get("properties", {}).get(name)
    return schema


def test_new_object_does_not_look_ready() -> None:
    """Tools treat an absent status, or one of the current generation, as ready."""
    default = SCHEMA["properties"]["status"]["default"]
    assert default["observedGeneration"] == -1
    assert [(one["type"], one["status"], one["reason"]) for one in default["conditions"]] == [
        ("Ready", "Unknown", "Pending")
    ]
    assert default["conditions"][0]["lastTransitionTime"] == "1970-01-01T00:00:00Z"
    assert SCHEMA["properties"]["status"]["properties"]["observedGeneration"]["default"] == -1


def test_spec_image_and_route_are_required() -> None:
    assert SCHEMA["required"] == ["spec"]
    assert SCHEMA["properties"]["spec"]["required"] == ["image", "route"]


def test_defaults_of_the_api_server_equal_those_of_the_models() -> None:
    """Parsing the stored object, with the API server's defaults, gives the same result as parsing the user's."""
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


def test_name_must_be_valid_for_the_service() -> None:
    (rule,) = SCHEMA["x-kubernetes-validations"]
    assert rule["rule"] == "self.metadata.name.matches('^[a-z]([-a-z0-9]{0,61}[a-z0-9])?$')"


def test_reasons_and_types_match_the_condition_schema() -> None:
    condition = SCHEMA["properties"]["status"]["properties"]["conditions"]["items"]["properties"]
    assert condition["reason"]["pattern"] == r"^[A-Za-z]([A-Za-z0-9_,:]*[A-Za-z0-9_])?$"
    for word in [*Reason, *ConditionType]:
        assert word.value.isalnum()
        assert word.value[0].isupper()
