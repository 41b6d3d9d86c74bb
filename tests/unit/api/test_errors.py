"""A refusal says what, where and how to mend it."""

import pytest

from proxiedapp.api.errors import (
    CommandConflict,
    InvalidSpec,
    Rejected,
    StripModeRefused,
    TraefikMissing,
    UnknownServer,
)
from proxiedapp.api.reasons import Reason


@pytest.mark.parametrize(
    ("kind", "reason"),
    [
        (InvalidSpec, Reason.INVALID_SPEC),
        (UnknownServer, Reason.UNKNOWN_SERVER),
        (CommandConflict, Reason.COMMAND_CONFLICT),
        (StripModeRefused, Reason.STRIP_MODE_REFUSED),
        (TraefikMissing, Reason.TRAEFIK_MISSING),
    ],
)
def test_refusal_carries_its_reason_and_one_sentence_each(kind: type[Rejected], reason: Reason) -> None:
    error = kind("spec.port", "it is taken", "Choose another")
    assert error.reason is reason
    assert str(error) == "spec.port: it is taken. Choose another."


def test_reason_is_its_name_in_camel_case() -> None:
    assert all(reason.value == "".join(part.capitalize() for part in reason.name.split("_")) for reason in Reason)
