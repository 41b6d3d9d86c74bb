"""The environment variables of a container."""

from collections.abc import Mapping
from typing import Any

from proxiedapp.api.containers import InitContainer
from proxiedapp.api.spec import ProxiedAppSpec


def environment(spec: ProxiedAppSpec | InitContainer, own: Mapping[str, str]) -> dict[str, Any]:
    """Return the container's `env` and `envFrom`: the user's variables in order, then those of the operator.

    `own` are the operator's values. If the user has a variable of the same name, it keeps its position and gets the
    operator's value.
    """
    env = [variable.model_dump(by_alias=True, exclude_none=True) for variable in spec.env or []]
    for variable in env:
        if variable["name"] in own:
            variable["value"] = own[variable["name"]]
        with_source_defaults(variable.get("valueFrom", {}))
    names = {variable["name"] for variable in env}
    env += [{"name": name, "value": value} for name, value in own.items() if name not in names]
    env_from = [source.model_dump(by_alias=True, exclude_none=True) for source in spec.env_from or []]
    return {key: value for key, value in (("env", env), ("envFrom", env_from)) if value}


def with_source_defaults(source: dict[str, Any]) -> None:
    """Add the API server's defaults to a reference to a field of the pod or to a resource, in place.

    A field manager owns such a reference as a whole, so without these defaults the stored reference would never equal
    the intent (tests/integration/test_digests.py).
    """
    if "fieldRef" in source:
        source["fieldRef"].setdefault("apiVersion", "v1")
    if "resourceFieldRef" in source:
        source["resourceFieldRef"].setdefault("divisor", "0")
