"""The permissions in manifests/base/rbac.yaml, and the table of them in docs/security.md."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final, NamedTuple

import yaml

from tools.reference.markdown import code, filled, table

_ROOT: Final = Path(__file__).parents[2]
ROLES: Final = _ROOT / "manifests" / "base" / "rbac.yaml"
_PAGE: Final = _ROOT / "docs" / "security.md"
_RULE: Final = re.compile(r"(?P<comment>(?:  # .*\n)*)(?P<rule>  - apiGroups: .*\n(?:    .*\n)+)")


class Rule(NamedTuple):
    """One rule of a role."""

    groups: list[str]
    resources: list[str]
    verbs: list[str]
    names: list[str]
    """The only objects to which it applies; empty if it applies to all."""
    purpose: str
    """The comment above it; empty if there is none."""


def rules() -> Iterator[Rule]:
    """Yield the rules of all roles of the operator."""
    for found in _RULE.finditer(ROLES.read_text()):
        ((rule,), purpose) = yaml.safe_load(found["rule"]), " ".join(found["comment"].replace("  # ", " ").split())
        yield Rule(rule["apiGroups"], rule["resources"], rule["verbs"], rule.get("resourceNames", []), purpose)


def granted() -> set[tuple[str, str, str]]:
    """Return API group, resource and verb of everything that the operator may do."""
    return {
        (group, resource, verb)
        for rule in rules()
        for group in rule.groups
        for resource in rule.resources
        for verb in rule.verbs
    }


def security() -> str:
    """Return docs/security.md, with the table of permissions as the roles have them."""
    rows = [(_objects(rule), ", ".join(rule.verbs), rule.purpose) for rule in rules()]
    return filled(_PAGE, {"permissions": table(["objects", "verbs", "for what"], rows)})


def _objects(rule: Rule) -> str:
    names = [f"{resource}.{group}" if group else resource for group in rule.groups for resource in rule.resources]
    only = f" named {', '.join(map(code, rule.names))}" if rule.names else ""
    return ", ".join(map(code, names)) + only
