"""Kubernetes' quantities, as far as a container may ask for its own: `500m`, `64Mi`, `1e3`."""

import math
from decimal import Decimal
from typing import Final

_SUFFIXES: Final = {
    **{suffix: Decimal(1024) ** power for power, suffix in enumerate(("Ki", "Mi", "Gi", "Ti", "Pi", "Ei"), start=1)},
    **{suffix: Decimal(1000) ** power for power, suffix in enumerate(("n", "u", "m"), start=-3)},
    **{suffix: Decimal(1000) ** power for power, suffix in enumerate(("k", "M", "G", "T", "P", "E"), start=1)},
}


def parse_quantity(quantity: str | float) -> Decimal:
    """Return the number that a quantity stands for; raises ArithmeticError if it is none."""
    text = str(quantity)
    for suffix, factor in _SUFFIXES.items():
        if text.endswith(suffix):
            return Decimal(text.removesuffix(suffix)) * factor
    return Decimal(text)


def in_units_of(quantity: str | float, divisor: str | float) -> int:
    """Return a quantity as a whole number of divisors, rounded up; a divisor of 0 is 1, as the API server stores it."""
    return math.ceil(parse_quantity(quantity) / (parse_quantity(divisor) or 1))
