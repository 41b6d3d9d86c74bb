"""Field types for Kubernetes quantities, and for numbers of pods that may be percentages."""

import re
from typing import Annotated, Any, Final

from pydantic import AfterValidator, Field, WithJsonSchema

from proxiedapp.api.base import cel_rule
from proxiedapp.api.fields import INT32_MAX

_INT_OR_STRING: Final[dict[str, Any]] = {
    "anyOf": [{"type": "integer"}, {"type": "string"}],
    "x-kubernetes-int-or-string": True,
}
_SUFFIX: Final = r"(([KMGTPE]i)|[numkMGTPE]|([eE](\+|-)?(([0-9]+(\.[0-9]*)?)|(\.[0-9]+))))?"
_QUANTITY: Final = rf"^(\+|-)?(([0-9]+(\.[0-9]*)?)|(\.[0-9]+)){_SUFFIX}$"
_MAX_LENGTH: Final = 64
QUANTITY_SCHEMA: Final[dict[str, Any]] = {
    # A text or any number, as in a Deployment: `cpu: 0.5` without quotes. No type of a structural schema means both
    # (x-kubernetes-int-or-string refuses fractions), so this one has no type, and each pair of bounds excludes another.
    "x-kubernetes-preserve-unknown-fields": True,
    "not": {"enum": [True, False]},
    "minItems": 1,
    "maxItems": 0,
    "minProperties": 1,
    "maxProperties": 0,
    "maxLength": _MAX_LENGTH,
    "pattern": _QUANTITY,
}
_NUMBER_AS_TEXT: Final = AfterValidator(lambda value: repr(value) if isinstance(value, float) else value)
Quantity = Annotated[
    int | float | Annotated[str, Field(pattern=_QUANTITY, max_length=_MAX_LENGTH)],
    _NUMBER_AS_TEXT,
    WithJsonSchema(QUANTITY_SCHEMA),
]
"""A Kubernetes quantity, such as `500m`, `1.5` or `256Mi`."""

_AMOUNT: Final = _QUANTITY.replace("|-)?", ")?", 1)
Amount = Annotated[
    Annotated[int, Field(ge=0)]
    | Annotated[float, Field(ge=0)]
    | Annotated[str, Field(pattern=_AMOUNT, max_length=_MAX_LENGTH)],
    _NUMBER_AS_TEXT,
    WithJsonSchema(QUANTITY_SCHEMA | {"minimum": 0, "pattern": _AMOUNT}),
]
"""A quantity that is not negative."""


POSITIVE: Final = rf"^\+?((0*[1-9][0-9]*(\.[0-9]*)?)|([0-9]*\.0*[1-9][0-9]*)){_SUFFIX}$"
"""The pattern of a quantity greater than 0 that is a text."""


def is_positive(quantity: float | str) -> bool:
    """Return whether a quantity is greater than 0."""
    number = re.split("[eE]", str(quantity))[0]  # the digits of an exponent do not decide it
    return not number.startswith("-") and re.search("[1-9]", number) is not None


_PERCENT: Final = r"^[0-9]{1,4}%$"
CountOrPercent = Annotated[
    Annotated[int, Field(ge=0, le=INT32_MAX)] | Annotated[str, Field(pattern=_PERCENT, max_length=_MAX_LENGTH)],
    WithJsonSchema(
        _INT_OR_STRING | {"minimum": 0, "maximum": INT32_MAX, "maxLength": _MAX_LENGTH, "pattern": _PERCENT}
    ),
]
"""A number of pods, or a percentage of them."""

_SHARE: Final = "^([0-9]+|0*(100|[0-9]{1,2})%)$"
CountOrShare = Annotated[
    CountOrPercent,
    cel_rule(
        f"string(self).matches('{_SHARE}')",
        "must not be greater than 100%",
        lambda value: re.match(_SHARE, str(value)) is not None,
    ),
]
"""A number of pods, or a percentage of them that is at most 100%."""
