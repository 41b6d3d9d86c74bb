"""A rejection says what is wrong, where, and how to fix it."""

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
def test_rejection_has_a_reason_and_a_message_with_field_problem_and_fix(
    kind: type[RejectedError], reason: Reason
) -> None:
    error = kind("spec.port", "it is taken", "Choose another")
    assert error.reason is reason
    assert str(error) == "spec.port: it is taken. Choose another."


def test_reason_is_the_camel_case_form_of_its_name() -> None:
    assert all(reason.value == "".join(part.capitalize() for part in reason.name.split("_")) for reason in Reason)
