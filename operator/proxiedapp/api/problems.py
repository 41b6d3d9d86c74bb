"""What is wrong with a value, in plain words: the errors of pydantic as users read them.

A user who writes YAML knows neither pydantic nor Python. Each text completes "FIELD: ...".
"""

from typing import Any, Final, TypeAlias

from pydantic import ValidationError
from pydantic_core import ErrorDetails

Location: TypeAlias = tuple[int | str, ...]
"""The way from a model to one of its values: names of fields, and indexes into lists."""

UNKNOWN_FIELD: Final = "it is not a field"

_TEXTS: Final = {
    "missing": "it is missing",
    "extra_forbidden": UNKNOWN_FIELD,
    **dict.fromkeys(("int_type", "int_parsing", "int_from_float"), "it must be a whole number"),
    **dict.fromkeys(("float_type", "float_parsing"), "it must be a number"),
    **dict.fromkeys(("bool_type", "bool_parsing"), "it must be true or false"),
    "string_type": "it must be text; put numbers, and words such as yes, in quotes",
    **dict.fromkeys(("list_type", "tuple_type", "set_type", "frozen_set_type"), "it must be a list"),
    **dict.fromkeys(("dict_type", "mapping_type", "model_type", "model_attributes_type"), "it must be an object"),
    "literal_error": "it must be {expected}",
    "enum": "it must be {expected}",
    "greater_than_equal": "it must be at least {ge}",
    "greater_than": "it must be more than {gt}",
    "less_than_equal": "it must be at most {le}",
    "less_than": "it must be less than {lt}",
    "string_too_short": "it must have at least {min_length} characters",
    "string_too_long": "it must have at most {max_length} characters",
    "too_short": "it must have at least {min_length} items",
    "too_long": "it must have at most {max_length} items",
    "string_pattern_mismatch": "it must match the pattern {pattern}",
    "path_type": "it must be a path",
}
"""By pydantic's type of error (https://docs.pydantic.dev/latest/errors/validation_errors/)."""


def problems_of(error: ValidationError) -> list[tuple[Location, str]]:
    """Return where each problem is, and what it is, without the final full stop."""
    return [(detail["loc"], _text(detail)) for detail in error.errors(include_url=False)]


def _text(detail: ErrorDetails) -> str:
    context: dict[str, Any] = detail.get("ctx", {})
    if context.get("min_length") == 1 or context.get("actual_length") == 0:
        return "it must not be empty"
    text = _TEXTS.get(detail["type"])
    if text is not None:
        return text.format(**context)
    message = detail["msg"].removeprefix("Value error, ").removeprefix("Assertion failed, ")
    return message.replace("Input should be", "it must be", 1)
