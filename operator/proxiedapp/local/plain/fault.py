"""One fault that plain objects show. Pure."""

from dataclasses import dataclass

from proxiedapp.kube.manifest import Manifest
from proxiedapp.local.problem import Code, Severity


@dataclass(frozen=True, slots=True)
class Fault:
    """A fault in a plain object, or in the sources of its app."""

    body: Manifest | None
    """None for a fault in the sources."""
    where: str
    """Path of the field in the object, or FILE:LINE:COLUMN in the sources."""
    code: Code
    severity: Severity
    problem: str
    """Without the full stop."""
    fix: str
    """Without the full stop."""
