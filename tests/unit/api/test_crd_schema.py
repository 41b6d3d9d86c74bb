"""Every node of the schema is structural, described and bounded."""

from collections.abc import Iterator
from typing import Any, Final, NamedTuple

from typing_extensions import override

from proxiedapp.api.crd import custom_resource_definition, policy_definition
from tests.support.each import each

(VERSION,) = custom_resource_definition()["spec"]["versions"]
ROOT: Final[dict[str, Any]] = VERSION["schema"]["openAPIV3Schema"]

KEYWORDS: Final = {
    "description", "type", "format", "default", "enum", "minimum", "maximum", "minLength", "maxLength", "pattern",
    "minItems", "maxItems", "maxProperties", "required", "properties", "additionalProperties", "items", "anyOf",
    "x-kubernetes-int-or-string", "x-kubernetes-list-map-keys", "x-kubernetes-list-type", "x-kubernetes-map-type",
    "x-kubernetes-preserve-unknown-fields", "x-kubernetes-validations", "minProperties", "not",
    "oneOf", "exclusiveMinimum",
}  # fmt: skip
"""The keywords of a structural schema that the CRD uses: no $ref, no title, no nullable."""

ONLY_NUMBERS_AND_TEXT: Final = {
    "not": {"enum": [True, False]}, "minItems": 1, "maxItems": 0, "minProperties": 1, "maxProperties": 0,
}  # fmt: skip
"""What a field without a type needs to be a number or a text, and nothing else."""


class Node(NamedTuple):
    """A schema and its path."""

    path: str
    schema: dict[str, Any]
    is_field: bool
    """Whether it is a field, not an item of a list or a value of a map."""

    @override
    def __str__(self) -> str:
        return self.path


def nodes(path: str, schema: dict[str, Any], *, is_field: bool = True) -> Iterator[Node]:
    yield Node(path, schema, is_field)
    for name, child in schema.get("properties", {}).items():
        yield from nodes(f"{path}.{name}", child)
    for keyword, mark in (("items", "[]"), ("additionalProperties", "{}")):
        if keyword in schema:
            yield from nodes(f"{path}{mark}", schema[keyword], is_field=False)


(POLICY_VERSION,) = policy_definition()["spec"]["versions"]
POLICY: Final[dict[str, Any]] = POLICY_VERSION["schema"]["openAPIV3Schema"]
SPEC: Final = [
    *nodes("spec", ROOT["properties"]["spec"]),
    *nodes("policy", POLICY["properties"]["spec"]),
]
ALL: Final = [*SPEC, *nodes("status", ROOT["properties"]["status"])]
every_node: Final = each(ALL)
of_the_spec: Final = each(SPEC)


@every_node
def test_schema_is_structural(node: Node) -> None:
    schema = node.schema
    assert schema.keys() <= KEYWORDS
    if schema.get("x-kubernetes-int-or-string"):
        assert schema["anyOf"] == [{"type": "integer"}, {"type": "string"}]
        assert "type" not in schema
    elif "x-kubernetes-preserve-unknown-fields" in schema:
        assert {key: schema[key] for key in ONLY_NUMBERS_AND_TEXT} == ONLY_NUMBERS_AND_TEXT
        assert "type" not in schema
    else:
        assert "anyOf" not in schema
        assert schema["type"] in {"object", "array", "string", "integer", "boolean"}
    assert not ("properties" in schema and "additionalProperties" in schema)
    assert schema.get("default", 0) is not None
    assert set(schema.get("required", [])) <= schema.get("properties", {}).keys()


@of_the_spec
def test_only_counts_of_pods_and_ports_reject_fractions(node: Node) -> None:
    """Quantities accept them without quotes, as Kubernetes does."""
    if node.schema.get("x-kubernetes-int-or-string"):
        assert node.path.rpartition(".")[2] in {"maxSurge", "maxUnavailable", "minAvailable", "port"}


@every_node
def test_field_is_described(node: Node) -> None:
    if node.is_field:
        description = node.schema["description"]
        assert description == " ".join(description.split()), "one line"
        assert "." in description, "a sentence"


@of_the_spec
def test_size_is_bounded(node: Node) -> None:
    """An unbounded part would let one object fill etcd, and the API server could not estimate the cost of a rule."""
    schema = node.schema
    match schema.get("type", "int-or-string"):
        case "string":
            assert "maxLength" in schema or "enum" in schema
        case "int-or-string":
            assert schema["maxLength"] == 64
        case "array":
            assert "maxItems" in schema
        case "integer":
            assert {"minimum", "maximum", "format"} <= schema.keys()
        case "object":
            assert "properties" in schema or {"maxProperties", "additionalProperties"} <= schema.keys()
        case other:
            assert other == "boolean"


@every_node
def test_list_type_matches_its_items(node: Node) -> None:
    schema = node.schema
    match schema.get("x-kubernetes-list-type"):
        case "map":
            item = schema["items"]
            for key in schema["x-kubernetes-list-map-keys"]:
                assert key in item["required"] or "default" in item["properties"][key], "a key must always be present"
        case type_:
            assert type_ is None, "server-side apply would merge what another writer has added to a set"
            assert "x-kubernetes-list-map-keys" not in schema


def test_only_lists_of_a_pod_and_conditions_are_merged_item_by_item() -> None:
    """A host that was added by hand would otherwise stay, although Git does not have it."""
    merged = {node.path for node in ALL if "x-kubernetes-list-type" in node.schema}
    containers = {
        f"spec.{kind}[].{name}" for kind in ("initContainers", "sidecars") for name in ("env", "volumeMounts")
    }
    assert merged == containers | {
        "spec.env", "spec.volumeMounts", "spec.volumes", "spec.initContainers", "spec.sidecars",
        "spec.sidecars[].ports", "spec.scheduling.topologySpreadConstraints", "spec.hostAliases", "status.conditions",
    }  # fmt: skip


@of_the_spec
def test_object_that_may_be_empty_is_atomic(node: Node) -> None:
    """Server-side apply refuses {} in place of another object with fields: tests/integration/test_empty_objects.py."""
    schema = node.schema
    defaults = [field for field in schema.get("properties", {}).values() if "default" in field]
    may_be_empty = schema.get("type") == "object" and not schema.get("required") and not defaults
    assert not may_be_empty or schema["x-kubernetes-map-type"] == "atomic"


@every_node
def test_rule_has_a_message(node: Node) -> None:
    for rule in node.schema.get("x-kubernetes-validations", []):
        assert rule.keys() == {"rule", "message"}
        assert "self" in rule["rule"]
        assert 0 < len(rule["message"]) <= 2048
        assert "\n" not in rule["message"]


@every_node
def test_default_has_the_type_of_its_field(node: Node) -> None:
    if node.path == "status":
        return  # the whole object, on purpose: see test_crd.py
    types = {"string": str, "integer": int, "boolean": bool}
    if "default" in node.schema:
        assert type(node.schema["default"]) is types[node.schema["type"]]


def test_no_field_reaches_another_namespace_or_the_node() -> None:
    """A Gateway is the exception: the routes of which namespaces it serves is its owner's choice (allowedRoutes)."""
    gateways = "parentRefs[].namespace"
    names = {node.path.rpartition(".")[2].casefold() for node in ALL if not node.path.endswith(gateways)}
    assert not names & {
        "namespace",
        "hostnetwork",
        "hostpid",
        "hostipc",
        "hostpath",
        "privileged",
        "priority",
        "template",
    }
