"""A parsed ProxiedApp. Specs and manifests are parsed here once; all other code works with the result."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

from pydantic import ValidationError

from proxiedapp.api.base import ApiModel
from proxiedapp.api.errors import InvalidSpecError
from proxiedapp.api.names import API_VERSION, KIND, NAME_PATTERN
from proxiedapp.api.problems import Location, problems_of
from proxiedapp.api.spec import ProxiedAppSpec
from proxiedapp.kube.key import Key

_Model = TypeVar("_Model", bound=ApiModel)


@dataclass(frozen=True, slots=True)
class ProxiedApp:
    """Key and spec of a ProxiedApp: everything in it that its children depend on."""

    key: Key
    spec: ProxiedAppSpec


def parse_spec(spec: Any) -> ProxiedAppSpec:
    """Validate a spec given as JSON values.

    Raises InvalidSpecError, which names up to three fields with the rule that each one breaks. A field that is null
    counts as absent, as on the API server, which removes nulls before it validates (Kubernetes v1.36.3,
    `k8s.io/apiextensions-apiserver/pkg/apiserver/schema/defaulting/prunenulls.go`).
    """
    return validated(ProxiedAppSpec, spec)


def validated(model: type[_Model], spec: Any) -> _Model:
    """Validate the spec of any of our kinds, as `parse_spec` does for a ProxiedApp; raises InvalidSpecError."""
    try:
        return _validated(model, spec)
    except ValidationError as error:
        (field, problem), *others = [(field_of(location), text) for location, text in problems_of(error)]
        more = "".join(f"; {other_field}: {other}" for other_field, other in others[:2])
        raise InvalidSpecError(field, problem + more, "Correct the spec") from None


def all_problems(model: type[ApiModel], spec: Any) -> list[tuple[Location, str]]:
    """Return every field of a spec that breaks a rule of the models, with the rule, without the full stop."""
    try:
        _validated(model, spec)
    except ValidationError as error:
        return problems_of(error)
    return []


def field_of(location: Location) -> str:
    """Format the location of a problem as kubectl formats paths, such as spec.env[0].name."""
    return "spec" + "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in location)


def _validated(model: type[_Model], spec: Any) -> _Model:
    # Only Python code may use snake_case names; the API server does not know such a field.
    return model.model_validate(_without_nulls(spec), by_alias=True, by_name=False)


def parse_manifest(manifest: Mapping[str, Any]) -> ProxiedApp:
    """Parse a whole object, for example from a file; a missing namespace means `default`.

    Raises InvalidSpecError.
    """
    if (manifest.get("apiVersion"), manifest.get("kind")) != (API_VERSION, KIND):
        problem = f"the object must have apiVersion {API_VERSION} and kind {KIND}"
        raise InvalidSpecError("kind", problem, "Correct apiVersion and kind")
    unknown = manifest.keys() - {"apiVersion", "kind", "metadata", "spec", "status"}
    if unknown:
        raise InvalidSpecError(min(map(str, unknown)), "it is not a field of a ProxiedApp", "Remove it")
    return ProxiedApp(_key(manifest.get("metadata") or {}), parse_spec(manifest.get("spec")))


def _key(metadata: Any) -> Key:
    if not isinstance(metadata, Mapping):
        raise InvalidSpecError("metadata", "it must be an object", "Write it as an object with a name")
    name, namespace = metadata.get("name"), metadata.get("namespace") or "default"
    if name is None or name == "":
        raise InvalidSpecError("metadata.name", "it is missing", "Give the app a name")
    if not isinstance(name, str):
        raise InvalidSpecError("metadata.name", "it must be text", "Put it in quotes")
    if not re.fullmatch(NAME_PATTERN, name):
        rule = "it must be a DNS label that starts with a letter and has at most 63 characters"
        raise InvalidSpecError("metadata.name", rule, "Rename the app")
    if not isinstance(namespace, str):
        raise InvalidSpecError("metadata.namespace", "it must be a string", "Put it in quotes")
    return Key(namespace, name)


def _without_nulls(value: Any) -> Any:
    if isinstance(value, dict):
        return {
            key: _without_nulls(child) if isinstance(child, dict | list) else child
            for key, child in value.items()
            if child is not None
        }
    if isinstance(value, list):
        return [_without_nulls(child) for child in value]
    return value
