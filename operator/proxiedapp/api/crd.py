"""Generate the CustomResourceDefinitions from the models.

pydantic produces JSON Schema; Kubernetes accepts a subset of it, the structural schema: no `$ref`, no `anyOf` with
null, no titles. What the models add to JSON Schema (CEL rules, list types) is already in pydantic's result.
"""

from functools import cache
from typing import Any, TypeAlias

from pydantic import BaseModel

from proxiedapp.api.names import (
    GROUP,
    KIND,
    NAME_PATTERN,
    PLURAL,
    POLICY_KIND,
    POLICY_PLURAL,
    POLICY_SHORT_NAME,
    SHORT_NAME,
    VERSION,
)
from proxiedapp.api.policy import ProxyPolicySpec
from proxiedapp.api.spec import ProxiedAppSpec
from proxiedapp.api.status import UNREPORTED, ProxiedAppStatus

Schema: TypeAlias = dict[str, Any]

_ORDER = (
    "description", "type", "format", "default", "enum", "minimum", "maximum", "minLength", "maxLength", "pattern",
    "minItems", "maxItems", "required", "properties", "additionalProperties", "items",
)  # fmt: skip
_NAME_RULE = {
    "rule": f"self.metadata.name.matches('^{NAME_PATTERN}$')",
    "message": "metadata.name must be a DNS label that starts with a letter and has at most 63 characters, "
    "because it is also the name of the Service and a label of the pods",
}


def custom_resource_definitions() -> dict[str, Schema]:
    """Return the CRDs by plural: each is a file in `crds/`."""
    return {PLURAL: custom_resource_definition(), POLICY_PLURAL: policy_definition()}


def custom_resource_definition() -> Schema:
    """Return the CRD of ProxiedApps."""
    version = {
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
    return _definition(KIND, PLURAL, SHORT_NAME, "Namespaced", version)


def policy_definition() -> Schema:
    """Return the CRD of ProxyPolicies."""
    columns = [
        {"name": "Namespaces", "type": "string", "jsonPath": ".spec.namespaces.names"},
        {"name": "Hosts", "type": "string", "jsonPath": ".spec.allow.hosts"},
        {"name": "Prefixes", "type": "string", "jsonPath": ".spec.allow.pathPrefixes"},
        {"name": "Age", "type": "date", "jsonPath": ".metadata.creationTimestamp"},
    ]
    schema = {
        "description": "Which namespaces may use which hosts, path prefixes, entry points, issuers and the like. Once "
        "there is a ProxyPolicy, an app is served only if one of those that select its namespace allows everything "
        "that it asks for.",
        "type": "object",
        "required": ["spec"],
        "properties": {
            "apiVersion": {"type": "string"},
            "kind": {"type": "string"},
            "metadata": {"type": "object"},
            "spec": structural(ProxyPolicySpec),
        },
    }
    version = {"additionalPrinterColumns": columns, "schema": {"openAPIV3Schema": schema}}
    return _definition(POLICY_KIND, POLICY_PLURAL, POLICY_SHORT_NAME, "Cluster", version)


def _definition(kind: str, plural: str, short_name: str, scope: str, version: Schema) -> Schema:
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": f"{plural}.{GROUP}"},
        "spec": {
            "group": GROUP,
            "names": {
                "kind": kind,
                "listKind": f"{kind}List",
                "plural": plural,
                "singular": kind.lower(),
                "shortNames": [short_name],
            },
            "scope": scope,
            "versions": [{"name": VERSION, "served": True, "storage": True, **version}],
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
    status["default"] = UNREPORTED
    return {
        "description": "A FastAPI app that is served behind a proxy under a path prefix.",
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
    """Return the structural schema of a model, as a CustomResourceDefinition requires it."""
    schema = _json_schema(model)
    return _structural(schema, schema.get("$defs", {}))


@cache
def _json_schema(model: type[BaseModel]) -> Schema:
    """Return pydantic's schema, which takes 0.6 s of CPU for the spec; do not change it."""
    return model.model_json_schema(by_alias=True)


def _structural(schema: Schema, definitions: dict[str, Schema]) -> Schema:
    """Inline references, and drop null and keywords that a structural schema does not allow."""
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
    if _may_be_empty(kept):
        kept["x-kubernetes-map-type"] = "atomic"
    return {key: kept[key] for key in sorted(kept, key=_rank)}


def _may_be_empty(schema: Schema) -> bool:
    """Return whether an object of this schema may be {}: nothing in it is required or has a default.

    Unless it is atomic, server-side apply refuses {} in place of an object with fields: it removes the fields one by
    one, and turns what is left into null (Kubernetes 1.36.3; findings/apply-turns-empty-objects-into-null.sh). The last
    writer owns an atomic object as a whole, as it does our lists.
    """
    fields = schema.get("properties", {}).values()
    return schema.get("type") == "object" and not schema.get("required") and not any("default" in one for one in fields)


def _translated(key: str, value: Any, definitions: dict[str, Schema]) -> Any:
    """Return the structural form of one keyword's value; None drops the keyword."""
    match key:
        case "properties":
            return {name: _structural(child, definitions) for name, child in value.items()}
        case "items" | "additionalProperties":
            # additionalProperties: false is implied, because the API server prunes or rejects unknown fields.
            return _structural(value, definitions) if isinstance(value, dict) else None
        case "default":
            # The default of a whole object would appear in every stored object, and so in every diff.
            return value if isinstance(value, str | int | bool) else None
        case "description":
            return " ".join(value.split())
        case "title" | "$defs" | "propertyNames":
            return None
        case _:
            return value


def _rank(key: str) -> int:
    """Return the position of a keyword: description and type first, then bounds, then nested schemas."""
    return _ORDER.index(key) if key in _ORDER else len(_ORDER) - 4
