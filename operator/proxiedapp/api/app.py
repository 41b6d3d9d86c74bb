"""One ProxiedApp as the rest of the code sees it: parsed once, at the border."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import ValidationError

from proxiedapp.api.errors import InvalidSpecError
from proxiedapp.api.names import API_VERSION, KIND, NAME_PATTERN
from proxiedapp.api.spec import ProxiedAppSpec
from proxiedapp.kube.key import Key


@dataclass(frozen=True, slots=True)
class ProxiedApp:
    """Name and spec: all that the desired children depend on."""

    key: Key
    spec: ProxiedAppSpec


def parse_spec(spec: Any) -> ProxiedAppSpec:
    """Validate a spec as JSON values; raises InvalidSpecError that names each field (three at most) and its rule.

    Null stands for absent, as on the API server, which drops it before it validates.
    """
    try:
        # Only our own code says path_prefix; to the API server it is an unknown field.
        return ProxiedAppSpec.model_validate(_without_nulls(spec), by_alias=True, by_name=False)
    except ValidationError as error:
        found = [(_path(detail["loc"]), _sentence(detail["msg"])) for detail in error.errors(include_url=False)]
        (field, problem), *others = found
        more = "".join(f"; {other_field}: {other}" for other_field, other in others[:2])
        raise InvalidSpecError(field, problem + more, "Correct the spec") from None


def parse_manifest(manifest: Mapping[str, Any]) -> ProxiedApp:
    """Read an object as it stands in a file; raises InvalidSpecError. A missing namespace is `default`."""
    if (manifest.get("apiVersion"), manifest.get("kind")) != (API_VERSION, KIND):
        raise InvalidSpecError("kind", f"it must be a {KIND} of {API_VERSION}", "Correct apiVersion and kind")
    unknown = manifest.keys() - {"apiVersion", "kind", "metadata", "spec", "status"}
    if unknown:
        raise InvalidSpecError(min(map(str, unknown)), "there is no such field", "Remove it")
    return ProxiedApp(_key(manifest.get("metadata") or {}), parse_spec(manifest.get("spec")))


def _key(metadata: Any) -> Key:
    if not isinstance(metadata, Mapping):
        raise InvalidSpecError("metadata", "it must be an object", "Correct it")
    name, namespace = metadata.get("name"), metadata.get("namespace") or "default"
    if not isinstance(name, str) or not name:
        raise InvalidSpecError("metadata.name", "it is missing", "Name the app")
    if not re.fullmatch(NAME_PATTERN, name):
        rule = "it must be a DNS label that starts with a letter, of at most 63 characters"
        raise InvalidSpecError("metadata.name", rule, "Rename the app")
    if not isinstance(namespace, str):
        raise InvalidSpecError("metadata.namespace", "it must be text", "Put it in quotes")
    return Key(namespace, name)


def _without_nulls(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _without_nulls(child) for key, child in value.items() if child is not None}
    if isinstance(value, list):
        return [_without_nulls(child) for child in value]
    return value


def _path(location: tuple[int | str, ...]) -> str:
    """Write a pydantic location as kubectl writes paths: spec.env[0].name."""
    return "spec" + "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in location)


def _sentence(message: str) -> str:
    return message.removeprefix("Value error, ")
