"""A container's environment, and the `$(NAME)` references to it that Kubernetes replaces in commands and variables."""

import re
from collections.abc import Container, Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from proxiedapp.api.kubernetes import EnvVar


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
    """Variables that take their value from `valueFrom`, or that refer to one that does."""

    def get(self, name: str) -> Value | None:
        """Return a variable's value; None if the spec does not set it."""
        if name in self.unknown:
            return Value("", known=False)
        return Value(self.values[name]) if name in self.values else None

    def expand(self, text: str) -> Value:
        """Return an element of the container's command as the process gets it."""
        return expand_references(text, self.values, self.unknown)


def read_environment(env: Iterable[EnvVar] | None) -> Environment:
    """Return the variables of a spec as the container gets them: each may refer to those before it."""
    values: dict[str, str] = {}
    unknown: set[str] = set()
    for var in env or ():
        value = expand_references(var.value or "", values, unknown)
        if var.value_from is None and value.known:
            values[var.name] = value.text
        else:
            unknown.add(var.name)
    return Environment(values, frozenset(unknown))


_REFERENCE: Final = re.compile(r"\$\$|\$\(([^)]*)\)")


def expand_references(text: str, values: Mapping[str, str], unknown: Container[str] = ()) -> Value:
    """Replace each `$(NAME)` in `text` as the kubelet does.

    `$$` becomes one dollar sign, and a reference to an undefined variable stays as it is written (`k8s.io/api` v0.37.1
    `core/v1/types.go`, `Container.Command` and `EnvVar.Value`). The name is whatever is between the parentheses
    (kubernetes/kubernetes `third_party/forked/golang/expansion/expand.go`), and values are not searched for references.
    The result is not known if it depends on a variable in `unknown`.
    """
    known = True

    def replacement(match: re.Match[str]) -> str:
        nonlocal known
        name = match.group(1)
        if name is None:
            return "$"
        if name in unknown:
            known = False
        return values.get(name, match.group())

    return Value(_REFERENCE.sub(replacement, text), known)
