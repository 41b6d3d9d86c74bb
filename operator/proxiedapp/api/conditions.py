"""Conditions as a small library: no clock, no I/O."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from enum import StrEnum
from typing import Any

from pydantic import ValidationError

from proxiedapp.api.status import Condition, ConditionType

_ORDER = [member.value for member in ConditionType]
_MESSAGE_MAX = 1024
"""Bytes: a longer note of an Event is refused."""


def condition(
    kind: ConditionType, reason: StrEnum, message: str, *, holds: bool | None, generation: int, now: datetime
) -> Condition:
    """Make a condition as of now; `holds` None is Unknown."""
    return Condition(
        type=kind.value,
        status="Unknown" if holds is None else "True" if holds else "False",
        observed_generation=generation,
        last_transition_time=now.replace(microsecond=0),
        reason=reason.value,
        message=printable(message),
    )


def conditions_of(status: Mapping[str, Any]) -> list[Condition]:
    """Read the conditions of a status; one that is not as we write them is as good as absent."""
    found = []
    for raw in status.get("conditions") or []:
        try:
            found.append(Condition.model_validate(raw, strict=False))
        except ValidationError:
            continue
    return [one for one in found if one.type in set(ConditionType)]


def condition_of(status: Mapping[str, Any], kind: ConditionType) -> Condition | None:
    """Read one condition of a status."""
    return next((one for one in conditions_of(status) if one.type == kind), None)


def carry_over(old: Sequence[Condition], new: Sequence[Condition]) -> list[Condition]:
    """Return the new conditions in display order; the transition time of one whose status did not flip stays."""
    since = {(one.type, one.status): one.last_transition_time for one in old}
    kept = [
        one.model_copy(update={"last_transition_time": since.get((one.type, one.status), one.last_transition_time)})
        for one in new
    ]
    return sorted(kept, key=lambda one: _ORDER.index(one.type))


def printable(message: str) -> str:
    """Cut a message to a readable length and replace what could steer a terminal or reverse the text."""
    safe = "".join(char if char.isprintable() else " " for char in message)
    cut = safe.encode()[: _MESSAGE_MAX - len("…".encode())].decode(errors="ignore")
    return safe if len(safe.encode()) <= _MESSAGE_MAX else f"{cut}…"
