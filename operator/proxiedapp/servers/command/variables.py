"""Words of a command line, and the variables in them: what the program will see, as far as it can be known here."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from proxiedapp.api.kubernetes import EnvVar


@dataclass(frozen=True, slots=True)
class Word:
    """One word as the program will see it; not `known` if a variable in it cannot be resolved here."""

    text: str
    known: bool = True


@dataclass(frozen=True, slots=True)
class Variables:
    """What is known of the container's environment: values that stand in the spec, and names whose values do not."""

    values: Mapping[str, str]
    hidden: frozenset[str] = frozenset()


def variables_of(env: list[EnvVar] | None) -> Variables:
    """Return the variables of a spec as the container gets them: in each, references to earlier ones are replaced."""
    values: dict[str, str] = {}
    hidden: set[str] = set()
    for var in env or []:
        word = expand_kubernetes(var.value or "", values, frozenset(hidden))
        if var.value_from is None and word.known:
            values[var.name] = word.text
        else:
            hidden.add(var.name)
    return Variables(values, frozenset(hidden))


_REFERENCE: Final = re.compile(r"\$\$|\$\(([-._a-zA-Z][-._a-zA-Z0-9]*)\)")


def expand_kubernetes(text: str, env: Mapping[str, str], hidden: frozenset[str]) -> Word:
    """Replace `$(NAME)` as the kubelet does: `$$` is one dollar sign, an undefined name stays as it is written.

    `hidden` names variables that are defined but whose value is not in the spec.
    """
    known = True

    def value(match: re.Match[str]) -> str:
        nonlocal known
        if match.group() == "$$":
            return "$"
        name = match.group(1)
        if name in hidden:
            known = False
        return env.get(name, match.group())

    return Word(_REFERENCE.sub(value, text), known)
