"""The environment variables of a container."""

from collections.abc import Mapping
from typing import Any

from proxiedapp.api.containers import InitContainer
from proxiedapp.api.spec import ProxiedAppSpec


def environment(spec: ProxiedAppSpec | InitContainer, own: Mapping[str, str]) -> dict[str, Any]:
    """Return the container's `env` and `envFrom`: the operator's variables, then those of the user in order.

    `own` are the operator's values. They replace variables of the same name, and come first, because a value may refer
    only to variables before it, as in `$(PROXIEDAPP_ROOT_PATH)`.
    """
    env: list[dict[str, Any]] = [{"name": name, "value": value.replace("$", "$$")} for name, value in own.items()]
    for variable in spec.env or []:
        if variable.name not in own:
            env.append(variable.model_dump(by_alias=True, exclude_none=True))
            with_source_defaults(env[-1].get("valueFrom", {}))
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
