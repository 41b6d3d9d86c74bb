"""A refusal says what, where and how to mend it."""

import pytest

from proxiedapp.api.errors import (
    CommandConflictError,
    InvalidSpecError,
    RejectedError,
    StripModeError,
    TraefikMissingError,
    UnknownServerError,
)
from proxiedapp.api.reasons import Reason


@pytest.mark.parametrize(
    ("kind", "reason"),
    [
        (InvalidSpecError, Reason.INVALID_SPEC),
        (UnknownServerError, Reason.UNKNOWN_SERVER),
        (CommandConflictError, Reason.COMMAND_CONFLICT),
        (StripModeError, Reason.STRIP_MODE_REFUSED),
        (TraefikMissingError, Reason.TRAEFIK_MISSING),
    ],
)
def test_refusal_carries_its_reason_and_one_sentence_each(kind: type[RejectedError], reason: Reason) -> None:
    error = kind("spec.port", "it is taken", "Choose another")
    assert error.reason is reason
    assert str(error) == "spec.port: it is taken. Choose another."


def test_reason_is_its_name_in_camel_case() -> None:
    assert all(reason.value == "".join(part.capitalize() for part in reason.name.split("_")) for reason in Reason)
