"""docs/reference/api.md: every field of a ProxiedApp, from the models and from the schema that is made of them.

The models say what a field holds, the schema what the API server takes there. Each object of ours has one section, at
the first path at which it stands; of Kubernetes' own types the name is told, and which of their fields we take.
"""

from collections.abc import Iterator
from typing import Any, Final, TypeAlias, get_args

from pydantic import BaseModel

from proxiedapp.api.crd import structural
from proxiedapp.api.fields import INT32_MAX
from proxiedapp.api.spec import ProxiedAppSpec
from proxiedapp.api.status import ProxiedAppStatus
from proxiedapp.api.upstream import UpstreamType
from tools.reference.markdown import code, table

Schema: TypeAlias = dict[str, Any]
Held: TypeAlias = type[BaseModel] | UpstreamType | None

_PAGE: Final = """\
# The API, field by field

Made from the code by `make generate`: what the CustomResourceDefinition says, which is made from the same models.
`kubectl explain papp.spec.route` says it too, in any cluster that has the CRD.

`apiVersion: proxiedapp.dev/v1alpha1`, `kind: ProxiedApp`, plural `proxiedapps`, short name `papp`, namespaced, with the
subresources `status` and `scale`. The name of a ProxiedApp is a DNS label that starts with a letter.

A path ends in `[]` for the items of a list. What breaks a bound or a rule is refused by the API server itself, by the
field's name, before anything is stored. Types that are Kubernetes' own keep Kubernetes' names and meaning; the fields
that are not listed here are refused.
"""


def api() -> str:
    """Return docs/reference/api.md."""
    places: dict[type[BaseModel], str] = {}
    spec = _sections("spec", ProxiedAppSpec, structural(ProxiedAppSpec), places)
    status = _sections("status", ProxiedAppStatus, structural(ProxiedAppStatus), places)
    return "\n".join([_PAGE, *spec, *status])


def _sections(path: str, model: type[BaseModel], schema: Schema, places: dict[type[BaseModel], str]) -> Iterator[str]:
    """Yield the section of an object, and then those of the objects in it that have none yet; `places` tells which."""
    places[model] = path
    rows, inner = [], []
    for name, child in schema["properties"].items():
        held = _held_by(model, name)
        if isinstance(held, type) and held not in places:
            places[held] = f"{path}.{name}{'[]' if 'items' in child else ''}"
            inner.append((places[held], held, child.get("items", child)))
        default = "required" if name in schema.get("required", []) else _default(child)
        rows.append((code(name), _type(child, held, places), default, _says(child, held)))
    yield f"## `{path}`\n\n{schema.get('description', '')}\n"
    yield table(["field", "type", "default", "is"], rows) + "\n"
    if rules := [*_messages(schema), *_rules(schema["properties"])]:
        yield "\n".join(f"- {rule}" for rule in rules) + "\n"
    for one in inner:
        yield from _sections(*one, places)


def _held_by(model: type[BaseModel], name: str) -> Held:
    """Return what a field, or each of its items, is made of: a model of ours, a type of Kubernetes', or neither."""
    (info,) = [one for attribute, one in model.model_fields.items() if (one.alias or attribute) == name]
    return next((held for part in (info.annotation, *info.metadata) for held in _inside(part)), None)


def _inside(annotation: Any) -> Iterator[type[BaseModel] | UpstreamType]:
    if isinstance(annotation, UpstreamType) or (isinstance(annotation, type) and issubclass(annotation, BaseModel)):
        yield annotation
    for part in (*get_args(annotation), *getattr(annotation, "__metadata__", ())):
        yield from _inside(part)


def _type(schema: Schema, held: Held, places: dict[type[BaseModel], str]) -> str:
    if "items" in schema:
        return f"list of {_type(schema['items'], held, places)}{_bounds(schema, 'Items', ' items', ', ')}"
    if isinstance(held, UpstreamType):
        return f"Kubernetes' {held.name}"
    if held is not None:
        return f"[object](#{_anchor(places[held])})"
    if "enum" in schema:
        return " or ".join(map(code, schema["enum"]))
    if schema.get("x-kubernetes-int-or-string"):
        return "integer or string"
    if "additionalProperties" in schema:
        values = _type(schema["additionalProperties"], None, places)
        return f"map of {values}{_bounds(schema, 'Properties', ' keys', ', ')}"
    if schema["type"] == "string":
        return f"{schema.get('format', 'string')}{_bounds(schema, 'Length', ' characters')}"
    return f"{schema['type']}{_bounds(schema, 'imum')}"


def _bounds(schema: Schema, of: str, unit: str = "", before: str = "") -> str:
    """Tell the bounds that a type does not bring by itself."""
    low, high = schema.get(f"min{of}"), schema.get(f"max{of}")
    match low, None if high == INT32_MAX else high:
        case None, None:
            return ""
        case None, most:
            told = f"at most {most}{unit}"
        case least, None:
            told = f"at least {least}{unit}"
        case least, most:
            told = f"{least} to {most}{unit}"
    return f"{before}{told}" if before else f" ({told})"


def _anchor(path: str) -> str:
    """Return the id that the heading of a path gets."""
    return "".join(letter for letter in path.lower() if letter.isalnum())


def _default(schema: Schema) -> str:
    default = schema.get("default")
    if default is None or isinstance(default, dict):
        return ""
    return code(str(default).lower() if isinstance(default, bool) else default)


def _says(schema: Schema, held: Held) -> str:
    said = _plain(schema.get("description", ""))
    fields = schema.get("items", schema).get("properties", {})
    return f"{said} Fields: {', '.join(map(code, fields))}." if isinstance(held, UpstreamType) else said


def _rules(fields: dict[str, Schema]) -> Iterator[str]:
    """Yield what single fields must keep to beyond their bounds, each rule once."""
    whose: dict[str, list[str]] = {}
    for name, schema in fields.items():
        items, values = schema.get("items", {}), schema.get("additionalProperties", {})
        for where, part in ((name, schema), (f"{name}[]", items), (f"{name}.*", values)):
            for rule in _rules_of(part):
                whose.setdefault(rule, []).append(where)
    yield from (f"{', '.join(map(code, names))}: {rule}" for rule, names in whose.items())


def _rules_of(part: Schema) -> Iterator[str]:
    if "pattern" in part and not part.get("x-kubernetes-int-or-string"):
        yield f"matches `{part['pattern']}`"
    if "properties" not in part:  # an object's own section tells them
        yield from _messages(part)
    if keys := part.get("x-kubernetes-list-map-keys"):
        yield f"no two with the same {' and '.join(map(code, keys))}"
    if part.get("x-kubernetes-list-type") == "set":
        yield "no two that are the same"


def _messages(schema: Schema) -> Iterator[str]:
    for rule in schema.get("x-kubernetes-validations", []):
        yield _plain(rule["message"])


def _plain(text: str) -> str:
    """Let text that is no Markdown pass through Markdown as it is."""
    return text.replace("*", "\\*")
