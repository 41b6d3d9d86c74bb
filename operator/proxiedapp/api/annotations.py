"""The annotations of an app that the operator reads, and what is wrong with one that it ignores. Pure."""

import re
from collections.abc import Mapping
from difflib import get_close_matches
from typing import Any, Final, NamedTuple

from proxiedapp.api.names import GROUP, NOT_SUSPENDED, RECONCILE_REQUESTED, SUSPENDED

_KNOWN: Final = (SUSPENDED[0], RECONCILE_REQUESTED)
_DOMAIN: Final = re.compile(rf"{GROUP.partition('.')[0]}\.[^./]+/")
"""The domain of the operator, and those that people write for it, such as proxiedapp.io."""
_SHOWN: Final = 64
"""Characters of a value that a message contains."""


class IgnoredAnnotation(NamedTuple):
    """An annotation without effect that was meant for the operator."""

    key: str
    problem: str
    instead: str
    """What to write."""

    @property
    def text(self) -> str:
        """Return one sentence."""
        return f"The annotation {self.key} {self.problem}: use {self.instead}."

    @property
    def fix(self) -> str:
        """Return the fix as a sentence of its own, without the full stop."""
        return f"Use {self.instead}"


def is_suspended(annotations: Mapping[str, Any]) -> bool:
    """Return whether the operator changes nothing of an app with these annotations."""
    return annotations.get(SUSPENDED[0]) == SUSPENDED[1]


def ignored_annotation(annotations: Mapping[str, Any]) -> IgnoredAnnotation | None:
    """Return the first annotation that the operator ignores although it was meant for it; None if there is none."""
    name, value = SUSPENDED
    given = str(annotations.get(name, ""))
    if given not in {value, *NOT_SUSPENDED}:
        return IgnoredAnnotation(name, f'has the unknown value "{given[:_SHOWN]}" and no effect', f'"{value}"')
    unknown = next((key for key in annotations if _DOMAIN.match(key) and key not in _KNOWN), None)
    if unknown is None:
        return None
    names = {key.partition("/")[2]: key for key in _KNOWN}
    similar = [names[each] for each in get_close_matches(unknown.partition("/")[2], names, n=1)]
    return IgnoredAnnotation(unknown, "is unknown and has no effect", " or ".join(similar or _KNOWN))
