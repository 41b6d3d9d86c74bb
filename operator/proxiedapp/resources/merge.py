"""Merge and tidy nested fields of manifests, without changing the input."""

from collections.abc import Mapping
from copy import deepcopy
from typing import Any


def merged(default: Mapping[str, Any], override: Mapping[str, Any] | None) -> dict[str, Any]:
    """Return the defaults with the fields of `override`, recursively; a list replaces the default list as a whole."""
    result = deepcopy(dict(default))
    for name, value in (override or {}).items():
        known = result.get(name)
        result[name] = merged(known, value) if isinstance(known, dict) else deepcopy(value)
    return result


def without_empty(fields: Mapping[str, Any]) -> dict[str, Any]:
    """Return the fields without empty objects and lists, recursively.

    The API server stores some of them only while they have content, so that an intent with an empty one would never
    equal what is stored (tests/integration/test_schema_walk.py).
    """
    kept = {name: without_empty(value) if isinstance(value, dict) else value for name, value in fields.items()}
    return {name: value for name, value in kept.items() if value not in ({}, [])}
