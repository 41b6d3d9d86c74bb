"""WebSocket: an extra WebSocket path does not accept a connection."""

import pytest

from proxiedapp.verify.codes import Code
from proxiedapp.verify.evidence import Evidence
from tests.support.evidence import (
    PREFIX,
    assert_right,
    extra_answer,
    finding_of,
    no_answer,
    with_extra,
    wrong_codes,
)


def test_accepted_upgrade_is_right() -> None:
    assert_right(extra_answer("ws:/ws", 101), set())


@pytest.mark.parametrize(
    "given",
    [
        pytest.param(extra_answer("ws:/ws", 401), id="authentication required"),
        pytest.param(extra_answer("ws:/ws", 302, location="/login"), id="redirect to a login page"),
    ],
)
def test_restricted_websocket_is_not_judged(given: Evidence) -> None:
    assert_right(given, {Code.WEBSOCKET})


@pytest.mark.parametrize(
    "given",
    [
        pytest.param(extra_answer("ws:/ws", 403), id="no such WebSocket route"),
        pytest.param(extra_answer("ws:/ws", 404), id="the proxy drops the upgrade"),
        pytest.param(extra_answer("ws:/ws", 200), id="a page"),
        pytest.param(with_extra("ws:/ws", no_answer(f"{PREFIX}/ws")), id="no response in time"),
    ],
)
def test_rejected_upgrade_is_a_fault(given: Evidence) -> None:
    assert wrong_codes(given) == [Code.WEBSOCKET]
    assert "Upgrade" in finding_of(given, Code.WEBSOCKET).fix
