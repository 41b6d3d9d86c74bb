"""Create, read and update conditions. Pure: the time is an argument."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from enum import StrEnum
from typing import Any

from pydantic import ValidationError

from proxiedapp.api.reasons import Reason
from proxiedapp.api.status import Condition, ConditionType

_ORDER = [member.value for member in ConditionType]
_MESSAGE_MAX = 1024
"""Bytes; the API server refuses an Event with a longer note (Kubernetes v1.36.3,
`pkg/apis/core/validation/events.go`, NoteLengthLimit)."""


def condition(
    type_: ConditionType, reason: StrEnum, message: str, *, holds: bool | None, generation: int, now: datetime
) -> Condition:
    """Return a condition whose status changed at `now`; `holds` None gives the status Unknown."""
    return Condition(
        type=type_.value,
        status="Unknown" if holds is None else "True" if holds else "False",
        observed_generation=generation,
        last_transition_time=now.replace(microsecond=0),
        reason=reason.value,
        message=printable(message),
    )


def conditions_of(status: Mapping[str, Any]) -> list[Condition]:
    """Return the conditions of a status, without those that the operator would not write."""
    found = []
    for raw in status.get("conditions") or []:
        try:
            found.append(Condition.model_validate(raw, strict=False))
        except ValidationError:
            continue
    return [one for one in found if one.type in set(ConditionType) and one.reason != Reason.PENDING]


def condition_of(status: Mapping[str, Any], type_: ConditionType) -> Condition | None:
    """Return one condition of a status; None if it is absent."""
    return next((one for one in conditions_of(status) if one.type == type_), None)


def carry_over(old: Sequence[Condition], new: Sequence[Condition]) -> list[Condition]:
    """Return the new conditions in display order; one whose status has not changed keeps its transition time."""
    since = {(one.type, one.status): one.last_transition_time for one in old}
    kept = [
        one.model_copy(update={"last_transition_time": since.get((one.type, one.status), one.last_transition_time)})
        for one in new
    ]
    return sorted(kept, key=lambda one: _ORDER.index(one.type))


def printable(message: str) -> str:
    """Shorten a message to what an Event accepts, and replace characters that control terminals or text direction."""
    safe = "".join(char if char.isprintable() else " " for char in message)
    cut = safe.encode()[: _MESSAGE_MAX - len("…".encode())].decode(errors="ignore")
    return safe if len(safe.encode()) <= _MESSAGE_MAX else f"{cut}…"
