"""Types of Kubernetes as field types: `Annotated[dict[str, Any], upstream("Affinity")]` has the schema of an Affinity.

`kubernetes.json` is an excerpt of the API server's OpenAPI document (tools/podschema.py writes it). One definition
yields both the schema in the CRD and the check in Python, so the two agree, and fields keep Kubernetes' names and
meaning. A module that uses such a type says which fields it leaves out or narrows.

Only bounds are added here. Without them the API server could not estimate the cost of CEL rules and would refuse the
CRD (Kubernetes v1.36.3, `k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/validation/validation.go`,
StaticEstimatedCostLimit), and one object could fill etcd.
"""

import json
from collections.abc import Collection, Mapping
from functools import cache, cached_property
from importlib.resources import files
from typing import Any, Final, TypeAlias

from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema, SchemaValidator, core_schema

from proxiedapp.api.quantities import QUANTITY_SCHEMA

Schema: TypeAlias = dict[str, Any]

_MAX_LENGTH: Final = 1024
_MAX_ITEMS: Final = 64
_MAX_PROPERTIES: Final = 64
_RANGES: Final = {"int32": (-(2**31), 2**31 - 1), "int64": (-(2**53) + 1, 2**53 - 1)}
"""For int64, the integers that every JSON parser reads exactly."""
_INT_OR_STRING: Final[Schema] = {
    "anyOf": [{"type": "integer"}, {"type": "string"}],
    "x-kubernetes-int-or-string": True,
    "maxLength": 64,
}
_FIXED_SCHEMAS: Final[dict[str, Schema]] = {"Quantity": QUANTITY_SCHEMA, "IntOrString": _INT_OR_STRING}
_KEPT: Final = ("description", "type", "format", "enum", "required", "x-kubernetes-map-type")


def upstream(
    name: str, *, without: Collection[str] = (), change: Mapping[str, Schema] | None = None, in_list: bool = False
) -> "UpstreamType":
    """Return an annotation with the schema of a Kubernetes type.

    `without` removes fields: a plain name everywhere in the type, a dotted path only there. `change` adds or replaces
    keywords at paths such as `capabilities.add[]` (the items of a list) or "" (the whole type); None removes one.
    `in_list` says that the value is in a list that one field manager owns as a whole.
    """
    return UpstreamType(name, frozenset(without), change or {}, in_list=in_list)


class UpstreamType:
    """The annotation: a schema for the CRD, and the equivalent check in Python.

    Both are made when they are first needed. An app uses few of the types, and to make all of them was a third of the
    time in which the models were ready.
    """

    def __init__(self, name: str, without: frozenset[str], change: Mapping[str, Schema], *, in_list: bool) -> None:
        self.name = name
        self._without = without
        self._change = change
        self._in_list = in_list

    @cached_property
    def schema(self) -> Schema:
        """The structural schema."""
        schema = _resolved({"$ref": self.name}, self._without)
        for path in self._without:
            if "." in path:
                parent, _, field = path.rpartition(".")
                del _at(schema, parent)["properties"][field]
        for path, keywords in self._change.items():
            changed = _at(schema, path)
            changed.update(keywords)
            for keyword in [keyword for keyword, value in changed.items() if value is None]:
                del changed[keyword]
        return schema

    @cached_property
    def _validator(self) -> SchemaValidator:
        return SchemaValidator(_core_schema(self.schema, in_list=self._in_list))

    def _check(self, value: Any) -> Any:
        return self._validator.validate_python(value)  # pydantic reports its errors with the path to this value

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        del source, handler
        return core_schema.no_info_plain_validator_function(self._check)

    def __get_pydantic_json_schema__(self, core: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        del core, handler
        return json.loads(json.dumps(self.schema))  # type: ignore[no-any-return]  # pydantic writes into what it gets


@cache
def _definitions() -> dict[str, Schema]:
    text = files("proxiedapp.api").joinpath("kubernetes.json").read_text(encoding="utf-8")
    definitions: dict[str, Schema] = json.loads(text)["definitions"]
    return definitions


def _at(schema: Schema, path: str) -> Schema:
    for step in path.replace("[]", ".[]").split(".") if path else ():
        schema = schema["items"] if step == "[]" else schema["properties"][step]
    return schema


def _resolved(schema: Schema, without: frozenset[str]) -> Schema:
    """Return a definition as a structural schema: references inlined, bounds added, unwanted fields removed."""
    if "allOf" in schema:
        (only,) = schema["allOf"]
        return _resolved(only, without) | _description(schema)
    if "$ref" in schema:
        name = schema["$ref"]
        return dict(_FIXED_SCHEMAS[name]) if name in _FIXED_SCHEMAS else _resolved(_definitions()[name], without)
    result: Schema = {key: schema[key] for key in _KEPT if key in schema}
    if schema.get("default"):  # the other defaults are "", 0 and {}, which mean absent in Kubernetes
        result["default"] = schema["default"]
    return result | _content(schema, without)


def _content(schema: Schema, without: frozenset[str]) -> Schema:
    match schema["type"]:
        case "object" if "properties" in schema:
            fields = schema["properties"].items()
            return {"properties": {name: _resolved(field, without) for name, field in fields if name not in without}}
        case "object":
            values = _resolved(schema["additionalProperties"], without)
            return {"maxProperties": _MAX_PROPERTIES, "additionalProperties": values}
        case "array":
            return {"maxItems": _MAX_ITEMS, "items": _resolved(schema["items"], without)}
        case "integer":
            return dict(zip(("minimum", "maximum"), _RANGES[schema["format"]], strict=True))
        case "string" if "enum" not in schema:
            return {"maxLength": _MAX_LENGTH}
        case _:
            return {}


def _description(schema: Schema) -> Schema:
    return {"description": schema["description"]} if "description" in schema else {}


def _core_schema(schema: Schema, *, in_list: bool) -> CoreSchema:
    """Return pydantic's core schema for a structural schema."""
    if schema.get("x-kubernetes-int-or-string"):
        text = core_schema.str_schema(max_length=schema["maxLength"], pattern=schema.get("pattern"))
        return core_schema.union_schema([core_schema.int_schema(), text])
    if "type" not in schema:  # a quantity: any number, or a text
        text = core_schema.str_schema(max_length=schema["maxLength"], pattern=schema["pattern"])
        number = core_schema.no_info_after_validator_function(repr, core_schema.float_schema(strict=True))
        return core_schema.union_schema([core_schema.int_schema(strict=True), number, text])
    if "enum" in schema:
        return core_schema.literal_schema(schema["enum"])
    match schema["type"]:
        case "object" if "properties" in schema:
            return _object_core_schema(schema, in_list=in_list or schema.get("x-kubernetes-map-type") == "atomic")
        case "object":
            values = _core_schema(schema["additionalProperties"], in_list=in_list)
            return core_schema.dict_schema(core_schema.str_schema(), values, max_length=schema["maxProperties"])
        case "array":
            items = _core_schema(schema["items"], in_list=True)
            return core_schema.list_schema(items, min_length=schema.get("minItems"), max_length=schema["maxItems"])
        case "integer":
            return core_schema.int_schema(ge=schema["minimum"], le=schema["maximum"])
        case "boolean":
            return core_schema.bool_schema()
        case _:
            return core_schema.str_schema(
                min_length=schema.get("minLength"), max_length=schema["maxLength"], pattern=schema.get("pattern")
            )


def _object_core_schema(schema: Schema, *, in_list: bool) -> CoreSchema:
    required = schema.get("required", [])
    fields = {}
    for name, child in schema["properties"].items():
        field = _core_schema(child, in_list=in_list)
        if "default" in child:
            field = core_schema.with_default_schema(field, default=child["default"])
        fields[name] = core_schema.typed_dict_field(field, required=name in required)
    # Strict, as ApiModel is: pydantic does not pass the setting of the surrounding model on to this schema.
    checked = core_schema.typed_dict_schema(fields, extra_behavior="forbid", config={"strict": True})
    if not in_list:
        return checked
    # In a list or map that one manager owns as a whole, the operator owns what is stored, and the API server does not
    # store empty optional values there (tests/integration/test_schema_walk.py).
    left_out = {name for name, child in schema["properties"].items() if name not in required and _has_zero(child)}

    def without_zeros(value: dict[str, Any]) -> dict[str, Any]:
        return {name: child for name, child in value.items() if name not in left_out or child not in ("", [], {})}

    return core_schema.no_info_after_validator_function(without_zeros, checked)


def _has_zero(schema: Schema) -> bool:
    """Return whether an empty value means an absent one in Kubernetes, as it does except for objects with fields."""
    return schema.get("type") in {"string", "array"} or "additionalProperties" in schema
