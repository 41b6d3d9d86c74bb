"""Why a child could not be written, in the words of the API server and with what helps. Pure."""

from collections.abc import Iterator
from typing import Final

from proxiedapp.api.reasons import Reason
from proxiedapp.controller.apply import ApplyReport, Failed, NameTaken
from proxiedapp.controller.awaited import AwaitedObject, Place
from proxiedapp.controller.podproblems import Diagnosis
from proxiedapp.controller.watchedkinds import RESOURCE_QUOTA
from proxiedapp.kube.errors import RefusedError

_FIXES: Final = (
    (
        "failed calling webhook",
        "Fix the webhook that is named, or remove its configuration: nothing can be written until it answers",
    ),
    (
        "field not declared in schema",
        "Update the CustomResourceDefinition of this kind: the cluster has one that is older than the operator needs",
    ),
    (
        "request is too large",
        "Make the spec smaller, for example by moving values of spec.env to a ConfigMap that spec.envFrom names",
    ),
    ("message larger than max", "Make the spec smaller, for example by moving values of spec.env to a ConfigMap"),
)
"""What helps, by a part of the API server's message."""


def awaited_after(report: ApplyReport) -> Iterator[AwaitedObject]:
    """Yield what has to change before writes that failed can succeed, as far as the API server can report it."""
    for problem in report.problems:
        id_ = problem.id
        if isinstance(problem, NameTaken):
            yield AwaitedObject(Place(id_.kind, id_.namespace), id_.name, exists=False)
        elif isinstance(problem.error, RefusedError) and "exceeded quota" in problem.error.message:
            yield AwaitedObject(Place(RESOURCE_QUOTA, id_.namespace))


def unwritten(problem: NameTaken | Failed) -> Diagnosis:
    """Return what a condition reports about a child that could not be written."""
    if isinstance(problem, NameTaken):
        message = (
            f"{problem.id} already exists and belongs to {problem.owner}. "
            "Rename the ProxiedApp, or delete the other object."
        )
        return Diagnosis(False, Reason.NAME_TAKEN, message)
    words = problem.error.message
    fix = next((f". {fix}." for part, fix in _FIXES if part in words), "")
    if isinstance(problem.error, RefusedError):
        message = f"The API server refused {problem.id}: {words.removesuffix('.') if fix else words}{fix}"
        return Diagnosis(False, Reason.CHILD_REFUSED, message, words)
    message = f"{problem.id} could not be written yet; the operator is trying again: {words}{fix}"
    return Diagnosis(False, Reason.RETRYING, message, words)
