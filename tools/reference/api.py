"""docs/reference/api.md: every field of a ProxiedApp and a ProxyPolicy, from the models and from their schema.

The models define what a field means, the schema what the API server accepts. Each model has one section, under the
first path at which it occurs. For a type of Kubernetes, its name and the accepted fields are listed.
"""

from collections.abc import Iterator
from typing import Any, Final, TypeAlias, get_args

from pydantic import BaseModel

from proxiedapp.api.crd import structural
from proxiedapp.api.fields import INT32_MAX
from proxiedapp.api.policy import ProxyPolicySpec
from proxiedapp.api.spec import ProxiedAppSpec
from proxiedapp.api.status import ProxiedAppStatus
from proxiedapp.api.upstream import UpstreamType
from tools.reference.markdown import code, table

Schema: TypeAlias = dict[str, Any]
FieldType: TypeAlias = type[BaseModel] | UpstreamType | None

_PAGE: Final = """\
# The API, field by field

Generated from the code by `make generate`, from the same models as the CustomResourceDefinition. In a cluster with the
CRD, `kubectl explain papp.spec.route` shows the same texts.

`apiVersion: proxiedapp.dev/v1alpha1`, `kind: ProxiedApp`, plural `proxiedapps`, short name `papp`, namespaced, with the
subresources `status` and `scale`. The name of a ProxiedApp is a DNS label that starts with a letter.

[`kind: ProxyPolicy`](#proxypolicyspec), plural `proxypolicies`, short name `ppol`, cluster-scoped, says which
namespaces may use which hosts, prefixes and the like: [Policies](../concepts/policy.md).

A path that ends in `[]` stands for the items of a list. The API server refuses an object that breaks a bound or a rule,
and names the field. Types of Kubernetes keep Kubernetes' names and meaning; their fields that are not listed here are
refused.
"""


def api() -> str:
    """Return the text of docs/reference/api.md."""
    paths: dict[type[BaseModel], str] = {}
    spec = _sections("spec", ProxiedAppSpec, structural(ProxiedAppSpec), paths)
    status = _sections("status", ProxiedAppStatus, structural(ProxiedAppStatus), paths)
    policy = _sections("ProxyPolicy.spec", ProxyPolicySpec, structural(ProxyPolicySpec), paths)
    return "\n".join([_PAGE, *spec, *status, *policy])


def _sections(path: str, model: type[BaseModel], schema: Schema, paths: dict[type[BaseModel], str]) -> Iterator[str]:
    """Yield the section of a model, then those of the models in it which have no path in `paths` yet."""
    paths[model] = path
    rows, inner = [], []
    for name, child in schema["properties"].items():
        inner_type = _type_of(model, name)
        if isinstance(inner_type, type) and inner_type not in paths:
            paths[inner_type] = f"{path}.{name}{'[]' if 'items' in child else ''}"
            inner.append((paths[inner_type], inner_type, child.get("items", child)))
        default = "required" if name in schema.get("required", []) else _default(child)
        rows.append((code(name), _type(child, inner_type, paths), default, _meaning(child, inner_type)))
    yield f"## `{path}`\n\n{schema.get('description', '')}\n"
    yield table(["field", "type", "default", "meaning"], rows) + "\n"
    if rules := [*_messages(schema), *_rules(schema["properties"])]:
        yield "\n".join(f"- {rule}" for rule in rules) + "\n"
    for one in inner:
        yield from _sections(*one, paths)


def _type_of(model: type[BaseModel], name: str) -> FieldType:
    """Return the type of a field or of its items: a model, a type of Kubernetes, or None for anything else."""
    (info,) = [one for attribute, one in model.model_fields.items() if (one.alias or attribute) == name]
    return next((inner_type for part in (info.annotation, *info.metadata) for inner_type in _inside(part)), None)


def _inside(annotation: Any) -> Iterator[type[BaseModel] | UpstreamType]:
    if isinstance(annotation, UpstreamType) or (isinstance(annotation, type) and issubclass(annotation, BaseModel)):
        yield annotation
    for part in (*get_args(annotation), *getattr(annotation, "__metadata__", ())):
        yield from _inside(part)


def _type(schema: Schema, inner_type: FieldType, paths: dict[type[BaseModel], str]) -> str:
    if "items" in schema:
        return f"list of {_type(schema['items'], inner_type, paths)}{_bounds(schema, 'Items', ' items', ', ')}"
    if isinstance(inner_type, UpstreamType):
        return f"Kubernetes' {inner_type.name}"
    if inner_type is not None:
        return f"[object](#{_anchor(paths[inner_type])})"
    if "enum" in schema:
        return " or ".join(map(code, schema["enum"]))
    if schema.get("x-kubernetes-int-or-string"):
        return "integer or string"
    if "x-kubernetes-preserve-unknown-fields" in schema:  # a quantity
        return "number or string"
    if "additionalProperties" in schema:
        values = _type(schema["additionalProperties"], None, paths)
        return f"map of {values}{_bounds(schema, 'Properties', ' keys', ', ')}"
    if schema["type"] == "string":
        return f"{schema.get('format', 'string')}{_bounds(schema, 'Length', ' characters')}"
    return f"{schema['type']}{_bounds(schema, 'imum')}"


def _bounds(schema: Schema, of: str, unit: str = "", before: str = "") -> str:
    """Return the bounds in words; the range of a 32-bit integer is none."""
    low, high = schema.get(f"min{of}"), schema.get(f"max{of}")
    match low, None if high == INT32_MAX else high:
        case None, None:
            return ""
        case None, most:
            text = f"at most {most}{unit}"
        case least, None:
            text = f"at least {least}{unit}"
        case least, most:
            text = f"{least} to {most}{unit}"
    return f"{before}{text}" if before else f" ({text})"


def _anchor(path: str) -> str:
    """Return the id of the heading of a path."""
    return "".join(letter for letter in path.lower() if letter.isalnum())


def _default(schema: Schema) -> str:
    default = schema.get("default")
    if default is None or isinstance(default, dict):
        return ""
    return code(str(default).lower() if isinstance(default, bool) else default)


def _meaning(schema: Schema, inner_type: FieldType) -> str:
    text = _plain(schema.get("description", ""))
    fields = schema.get("items", schema).get("properties", {})
    return f"{text} Fields: {', '.join(map(code, fields))}." if isinstance(inner_type, UpstreamType) else text


def _rules(fields: dict[str, Schema]) -> Iterator[str]:
    """Yield the rules of single fields beyond their bounds, each rule once."""
    fields_of: dict[str, list[str]] = {}
    for name, schema in fields.items():
        items, values = schema.get("items", {}), schema.get("additionalProperties", {})
        for where, part in ((name, schema), (f"{name}[]", items), (f"{name}.*", values)):
            for rule in _rules_of(part):
                fields_of.setdefault(rule, []).append(where)
    yield from (f"{', '.join(map(code, names))}: {rule}" for rule, names in fields_of.items())


def _rules_of(part: Schema) -> Iterator[str]:
    if "pattern" in part and "type" in part:
        yield f"matches `{part['pattern']}`"
    if "properties" not in part:  # an object's own section lists them
        yield from _messages(part)
    if keys := part.get("x-kubernetes-list-map-keys"):
        yield f"no two items with the same {' and '.join(map(code, keys))}"


def _messages(schema: Schema) -> Iterator[str]:
    for rule in schema.get("x-kubernetes-validations", []):
        yield _plain(rule["message"])


def _plain(text: str) -> str:
    """Escape plain text for Markdown."""
    return text.replace("*", "\\*")
