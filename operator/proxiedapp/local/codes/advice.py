"""How to fix what a code names, with an example. Pure."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Advice:
    """How to fix what a code names."""

    fix: str
    """In full sentences."""
    wrong: str
    """An example that has the fault."""
    right: str
    """The same without it."""
