"""The environment of a container, as Kubernetes reads it."""

from collections.abc import Mapping
from typing import Any

from proxiedapp.api.containers import InitContainer
from proxiedapp.api.spec import ProxiedAppSpec


def environment(spec: ProxiedAppSpec | InitContainer, settled: Mapping[str, str]) -> dict[str, Any]:
    """Return the container's `env` and `envFrom`: the user's in order, then ours.

    `settled` are values that are ours to say; where the user has a variable of that name, it keeps its place.
    """
    env = [variable.model_dump(by_alias=True, exclude_none=True) for variable in spec.env or []]
    for variable in env:
        if variable["name"] in settled:
            variable["value"] = settled[variable["name"]]
        with_source_defaults(variable.get("valueFrom", {}))
    given = {variable["name"] for variable in env}
    env += [{"name": name, "value": value} for name, value in settled.items() if name not in given]
    env_from = [source.model_dump(by_alias=True, exclude_none=True) for source in spec.env_from or []]
    return {key: value for key, value in (("env", env), ("envFrom", env_from)) if value}


def with_source_defaults(source: dict[str, Any]) -> None:
    """Write out the API server's defaults in a reference to a field of the pod or to a resource.

    One manager owns such a reference as a whole, so without them the stored one would never equal ours.
    """
    if "fieldRef" in source:
        source["fieldRef"].setdefault("apiVersion", "v1")
    if "resourceFieldRef" in source:
        source["resourceFieldRef"].setdefault("divisor", "0")
