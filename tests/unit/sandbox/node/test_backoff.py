from proxiedapp_sandbox.node.backoff import RestartBackoff


def test_waits_double_up_to_the_longest() -> None:
    backoff = RestartBackoff(1.0, 5.0)
    assert [backoff.after(0) for _ in range(5)] == [1.0, 2.0, 4.0, 5.0, 5.0]


def test_the_backoff_starts_over_after_a_long_run() -> None:
    backoff = RestartBackoff(1.0, 5.0)
    assert [backoff.after(0), backoff.after(9.9), backoff.after(10.0), backoff.after(0)] == [1.0, 2.0, 1.0, 2.0]


def test_it_never_overflows() -> None:
    backoff = RestartBackoff(1.0, 30.0)
    assert {backoff.after(0) for _ in range(5000)} == {1.0, 2.0, 4.0, 8.0, 16.0, 30.0}
