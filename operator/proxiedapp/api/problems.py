"""What is wrong with a value, in plain words: the errors of pydantic as users read them.

A user who writes YAML knows neither pydantic nor Python. Each text completes "FIELD: ...".
"""

import re
from collections import Counter
from collections.abc import Sequence
from typing import Any, Final, TypeAlias

from pydantic import ValidationError
from pydantic_core import ErrorDetails

Location: TypeAlias = tuple[int | str, ...]
"""The way from a model to one of its values: names of fields, and indexes into lists."""

UNKNOWN_FIELD: Final = "it is not a field"

MUST_BE_TEXT: Final = "it must be text; put numbers, and words such as yes, in quotes"
_TEXTS: Final = {
    "missing": "it is missing",
    "extra_forbidden": UNKNOWN_FIELD,
    **dict.fromkeys(("int_type", "int_parsing", "int_from_float"), "it must be a whole number"),
    **dict.fromkeys(("float_type", "float_parsing"), "it must be a number"),
    **dict.fromkeys(("bool_type", "bool_parsing"), "it must be true or false"),
    "string_type": MUST_BE_TEXT,
    **dict.fromkeys(("list_type", "tuple_type", "set_type", "frozen_set_type"), "it must be a list"),
    **dict.fromkeys(("dict_type", "mapping_type", "model_type", "model_attributes_type"), "it must be an object"),
    "invalid_key": "its name must be text; put numbers, and words such as yes, in quotes",
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

_PATTERNS: Final = (
    ("[KMGTPE]i", "it must be a quantity, such as 500m, 0.5 or 256Mi"),
    ("{1,4}%$", "it must be a number or a percentage, such as 2 or 50%"),
    ("^(/|(/[A-Za-z0-9._~-]+)+)$", "it must be /, or a path such as /api/v1 without a slash at its end"),
)
"""What patterns mean that contain a part."""
_ALTERNATIVE: Final = re.compile("(constrained-)?(int|float|str)")
"""How pydantic names the types of a union in the location of an error."""


def problems_of(error: ValidationError) -> list[tuple[Location, str]]:
    """Return where each problem is, and what it is, without the final full stop.

    A value that may be a number or text, such as a quantity, has one problem and not one for each of these types.
    """
    found: dict[Location, list[ErrorDetails]] = {}
    details = error.errors(include_url=False)
    parents = Counter(detail["loc"][:-1] for detail in details if _is_alternative(detail))
    for detail in details:
        is_one_of_several = _is_alternative(detail) and parents[detail["loc"][:-1]] > 1
        found.setdefault(detail["loc"][:-1] if is_one_of_several else detail["loc"], []).append(detail)
    return [(location, _text(_closest(several))) for location, several in found.items()]


def _is_alternative(detail: ErrorDetails) -> bool:
    return bool(detail["loc"]) and _ALTERNATIVE.fullmatch(str(detail["loc"][-1])) is not None


def _closest(details: Sequence[ErrorDetails]) -> ErrorDetails:
    """Return the problem of the alternative that the value was meant for: text for text, and a number for others."""
    if isinstance(details[0]["input"], str):
        return details[-1]  # pydantic tries them in order, and text comes last
    return next((detail for detail in details if "ctx" in detail), details[0])


def _text(detail: ErrorDetails) -> str:
    context: dict[str, Any] = detail.get("ctx", {})
    if context.get("min_length") == 1 or context.get("actual_length") == 0:
        return "it must not be empty"
    pattern = str(context.get("pattern", ""))
    if (known := next((text for part, text in _PATTERNS if part in pattern), None)) is not None:
        return known
    text = _TEXTS.get(detail["type"])
    if text is not None:
        return text.format(**context)
    message = detail["msg"].removeprefix("Value error, ").removeprefix("Assertion failed, ")
    return message.replace("Input should be", "it must be", 1)
