"""A plan is waited for longer on a machine that gives it less CPU, but not forever."""

import pytest

from tests.faults.real.patience import Patience


@pytest.mark.parametrize(
    ("ran", "waited", "seconds"),
    [
        pytest.param(0, 0, 40, id="nothing is known about the CPU"),
        pytest.param(9, 0, 40, id="no other work"),
        pytest.param(2, 8, 200, id="a fifth of the CPU that it wants"),
        pytest.param(0, 9, 400, id="none"),
    ],
)
def test_patience_ends_later_with_less_cpu(ran: int, waited: int, seconds: float) -> None:
    now, cpu = [100.0], [(7, 7)]
    patience = Patience(40.0, lambda: now[0], lambda: cpu[0])
    cpu[0] = (7 + ran, 7 + waited)
    now[0] += seconds - 1
    assert not patience.has_ended()
    now[0] += 2
    assert patience.has_ended()
    assert not patience.has_ended(since=now[0])
