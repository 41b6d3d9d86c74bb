"""A container's environment, and the `$(NAME)` references to it that Kubernetes replaces in commands and variables."""

import re
from collections.abc import Container, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final

from proxiedapp.api.budget import Budget, BudgetError
from proxiedapp.api.kubernetes import EnvVar

MAX_VALUE: Final = 131_072
"""Characters that references may insert into one argument or variable; a value with more is not known.

Linux starts no process with a longer one: execve(2), "the limit on a single string is 32 pages".
"""
MAX_EXPANSION: Final = 1_048_576
"""Steps for all references in the variables and arguments of one container; values beyond it are not known.

A reference takes eight steps, and one more for each character that it inserts. Each variable may refer to those before
it, so without a limit a small spec could double its size with each variable.
"""
_STEPS_PER_REFERENCE: Final = 8


@dataclass(frozen=True, slots=True)
class Value:
    """An argument or a variable's value as the process gets it; not `known` if the operator cannot compute it."""

    text: str
    known: bool = True


@dataclass(frozen=True, slots=True)
class Environment:
    """A container's variables: the values that the spec contains, and the names of those whose values it does not."""

    values: Mapping[str, str]
    unknown: frozenset[str] = frozenset()
    """Variables that take their value from `valueFrom`, that refer to one that does, or whose value is too long."""
    expansion: Budget = field(default_factory=lambda: Budget(MAX_EXPANSION), repr=False, compare=False)
    """What is left for references in the container's command."""

    def get(self, name: str) -> Value | None:
        """Return a variable's value; None if the spec does not set it."""
        if name in self.unknown:
            return Value("", known=False)
        return Value(self.values[name]) if name in self.values else None

    def expand(self, text: str) -> Value:
        """Return an element of the container's command as the process gets it."""
        return expand_references(text, self.values, self.unknown, self.expansion)


def read_environment(env: Iterable[EnvVar] | None, first: Mapping[str, str] | None = None) -> Environment:
    """Return the variables of a spec as the container gets them: each may refer to those before it.

    `first` are the operator's, which the container gets before those of the spec.
    """
    values: dict[str, str] = dict(first or {})
    unknown: set[str] = set()
    expansion = Budget(MAX_EXPANSION)
    for var in env or ():
        value = expand_references(var.value or "", values, unknown, expansion)
        if var.value_from is None and value.known:
            values[var.name] = value.text
        else:
            unknown.add(var.name)
    return Environment(values, frozenset(unknown), expansion)


_REFERENCE: Final = re.compile(r"\$\$|\$\(([^)]*)\)")


def expand_references(
    text: str, values: Mapping[str, str], unknown: Container[str] = (), expansion: Budget | None = None
) -> Value:
    """Replace each `$(NAME)` in `text` as the kubelet does.

    `$$` becomes one dollar sign, and a reference to an undefined variable stays as it is written (`k8s.io/api` v0.37.1
    `core/v1/types.go`, `Container.Command` and `EnvVar.Value`). The name is whatever is between the parentheses
    (kubernetes/kubernetes `third_party/forked/golang/expansion/expand.go`), and values are not searched for references.
    The result is not known if it depends on a variable in `unknown`, or if it exceeds MAX_VALUE or what is left of
    `expansion` (by default MAX_EXPANSION).
    """
    if "$" not in text:
        return Value(text)
    known = True
    inserted = Budget(MAX_VALUE)
    steps = Budget(MAX_EXPANSION) if expansion is None else expansion

    def replacement(match: re.Match[str]) -> str:
        nonlocal known
        steps.spend(_STEPS_PER_REFERENCE)
        name = match.group(1)
        if name is None:
            return "$"
        if name in unknown:
            known = False
        value = values.get(name)
        if value is None:
            return match.group()
        inserted.spend(len(value))
        steps.spend(len(value))
        return value

    # Without a ) after it, $( is not a reference. Searching for one from each $( would take quadratic time.
    closed = text.rfind(")") + 1
    try:
        expanded = _REFERENCE.sub(replacement, text[:closed])
    except BudgetError:
        return Value("", known=False)
    return Value(expanded + text[closed:].replace("$$", "$"), known)
