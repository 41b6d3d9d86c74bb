"""The CustomResourceDefinition, made from the models.

pydantic writes JSON Schema; Kubernetes wants a structural subset of it: everything in place instead of `$ref`, no
`anyOf` with null, no titles. What the models say beyond JSON Schema (CEL rules, list types) is already in the schema.
"""

from typing import Any, TypeAlias

from pydantic import BaseModel

from proxiedapp.api.names import GROUP, KIND, NAME_PATTERN, PLURAL, SHORT_NAME, VERSION
from proxiedapp.api.spec import ProxiedAppSpec
from proxiedapp.api.status import ProxiedAppStatus

Schema: TypeAlias = dict[str, Any]

_ORDER = (
    "description", "type", "format", "default", "enum", "minimum", "maximum", "minLength", "maxLength", "pattern",
    "minItems", "maxItems", "required", "properties", "additionalProperties", "items",
)  # fmt: skip
_NAME_RULE = {
    "rule": f"self.metadata.name.matches('^{NAME_PATTERN}$')",
    "message": "metadata.name must be a DNS label that starts with a letter, of at most 63 characters: "
    "the Service and the pods' labels carry it",
}


def custom_resource_definition() -> Schema:
    """Return the CRD as it is written to `crds/` and applied to a cluster."""
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": f"{PLURAL}.{GROUP}"},
        "spec": {
            "group": GROUP,
            "names": {
                "kind": KIND,
                "listKind": f"{KIND}List",
                "plural": PLURAL,
                "singular": KIND.lower(),
                "shortNames": [SHORT_NAME],
            },
            "scope": "Namespaced",
            "versions": [
                {
                    "name": VERSION,
                    "served": True,
                    "storage": True,
                    "subresources": {
                        "status": {},
                        "scale": {
                            "specReplicasPath": ".spec.replicas",
                            "statusReplicasPath": ".status.replicas",
                            "labelSelectorPath": ".status.selector",
                        },
                    },
                    "additionalPrinterColumns": _printer_columns(),
                    "schema": {"openAPIV3Schema": _object_schema()},
                }
            ],
        },
    }


def _printer_columns() -> list[Schema]:
    ready = '.status.conditions[?(@.type=="Ready")]'
    return [
        {"name": "URL", "type": "string", "jsonPath": ".status.url"},
        {"name": "Ready", "type": "string", "jsonPath": f"{ready}.status"},
        {"name": "Verified", "type": "string", "jsonPath": '.status.conditions[?(@.type=="Verified")].status'},
        {"name": "Status", "type": "string", "jsonPath": f"{ready}.reason"},
        {"name": "Server", "type": "string", "jsonPath": ".status.server", "priority": 1},
        {"name": "Image", "type": "string", "jsonPath": ".spec.image", "priority": 1},
        {"name": "Age", "type": "date", "jsonPath": ".metadata.creationTimestamp"},
    ]


def _object_schema() -> Schema:
    status = structural(ProxiedAppStatus)
    # A fresh object without a status would count as done in kstatus, Flux and Helm.
    status["default"] = {"observedGeneration": -1}
    return {
        "description": "A FastAPI app served under a path prefix behind a proxy.",
        "type": "object",
        "required": ["spec"],
        "x-kubernetes-validations": [_NAME_RULE],
        "properties": {
            "apiVersion": {"type": "string"},
            "kind": {"type": "string"},
            "metadata": {"type": "object"},
            "spec": structural(ProxiedAppSpec),
            "status": status,
        },
    }


def structural(model: type[BaseModel]) -> Schema:
    """Return a model's schema in the structural form that CustomResourceDefinitions take."""
    schema = model.model_json_schema(by_alias=True)
    return _structural(schema, schema.get("$defs", {}))


def _structural(schema: Schema, definitions: dict[str, Schema]) -> Schema:
    """Inline references, drop null and what Kubernetes has no word for; order as written."""
    if "$ref" in schema:
        target = definitions[schema["$ref"].rpartition("/")[2]]
        beside = {key: value for key, value in schema.items() if key != "$ref"}
        return _structural(target | beside, definitions)
    if "anyOf" in schema and not schema.get("x-kubernetes-int-or-string"):
        (only,) = [choice for choice in schema["anyOf"] if choice != {"type": "null"}]
        beside = {key: value for key, value in schema.items() if key != "anyOf"}
        return _structural(only | beside, definitions)
    result = {key: _translated(key, value, definitions) for key, value in schema.items()}
    kept = {key: value for key, value in result.items() if value is not None}
    return {key: kept[key] for key in sorted(kept, key=_rank)}


def _translated(key: str, value: Any, definitions: dict[str, Schema]) -> Any:
    """Return what one keyword becomes; None drops it."""
    match key:
        case "properties":
            return {name: _structural(child, definitions) for name, child in value.items()}
        case "items" | "additionalProperties":
            # additionalProperties: false is what structural means anyway.
            return _structural(value, definitions) if isinstance(value, dict) else None
        case "default":
            # A whole object as default would show up in every user's diff.
            return value if isinstance(value, str | int | bool) else None
        case "description":
            return " ".join(value.split())
        case "title" | "$defs" | "propertyNames":
            return None
        case _:
            return value


def _rank(key: str) -> int:
    """Order a schema as a reader wants it: what it is, what it allows, what it holds."""
    return _ORDER.index(key) if key in _ORDER else len(_ORDER) - 4
