"""How long a server waits for its requests when a pod stops."""

from typing import Any

import pytest

from tests.support.commands import env, launched

FLAGS = {
    "uvicorn main:app": "--timeout-graceful-shutdown",
    "hypercorn main:app": "--graceful-timeout",
    "gunicorn -k asgi main:app": "--graceful-timeout",
    "gunicorn -k uvicorn_worker.UvicornWorker main:app": "--graceful-timeout",
}


def drain_of(command: str, **fields: Any) -> str | None:
    """Return the drain time that the server is given by the last flag, or else by a variable."""
    launch = launched(command, **fields)
    words = list(launch.command or ())
    flag = FLAGS.get(command, "")
    return (
        words[len(words) - words[::-1].index(flag)] if flag in words else launch.env.get("GRANIAN_WORKERS_KILL_TIMEOUT")
    )


@pytest.mark.parametrize("command", [*FLAGS, "granian main:app"])
@pytest.mark.parametrize("adapter", ["Auto", "Never"])
@pytest.mark.parametrize(
    ("rollout", "seconds"),
    [
        pytest.param({}, "20", id="by default: 30 seconds, of which 5 for preStop and 5 for the lifespan"),
        pytest.param({"terminationGracePeriodSeconds": 600, "preStopSeconds": 10}, "585", id="a long time"),
        pytest.param({"terminationGracePeriodSeconds": 10, "preStopSeconds": 0}, "8", id="a short time"),
        pytest.param({"terminationGracePeriodSeconds": 2, "preStopSeconds": 1}, "1", id="the shortest time"),
    ],
)
def test_server_stops_waiting_before_the_kubelet_kills_it(
    command: str, adapter: str, rollout: dict[str, int], seconds: str
) -> None:
    assert drain_of(command, rollout=rollout, server={"adapter": adapter}) == seconds


@pytest.mark.parametrize(
    ("command", "variables"),
    [
        pytest.param("uvicorn main:app --timeout-graceful-shutdown 3", {}, id="uvicorn"),
        pytest.param("uvicorn main:app", {"UVICORN_TIMEOUT_GRACEFUL_SHUTDOWN": "3"}, id="uvicorn by variable"),
        pytest.param("hypercorn --graceful-timeout=3 main:app", {}, id="hypercorn"),
        pytest.param("gunicorn -k asgi --grace 3 main:app", {}, id="gunicorn, abbreviated"),
        pytest.param("gunicorn -k asgi main:app", {"GUNICORN_CMD_ARGS": "--graceful-timeout 3"}, id="by variable"),
        pytest.param("granian --workers-kill-timeout 3 main:app", {}, id="granian"),
        pytest.param("granian main:app", {"GRANIAN_WORKERS_KILL_TIMEOUT": "3s"}, id="granian by variable"),
    ],
)
def test_drain_time_of_the_user_stays_as_it_is(command: str, variables: dict[str, str]) -> None:
    launch = launched(command, env=env(**variables) or None)
    assert "20" not in (launch.command or ())
    assert "GRANIAN_WORKERS_KILL_TIMEOUT" not in launch.env


def test_limits_report_that_daphne_does_not_wait() -> None:
    assert "rollout.preStopSeconds" in launched("daphne main:app").limits
    assert "rollout.preStopSeconds" in launched("daphne main:app", server={"adapter": "Never"}).limits


@pytest.mark.parametrize(
    "command",
    [
        "sh -c 'uvicorn main:app'",
        "bash -c 'cd /app && uvicorn main:app'",
        "tini -- sh -c 'alembic upgrade head; hypercorn main:app'",
        "bash -lc 'uvicorn main:app'",
        "bash --login -c 'uvicorn main:app'",
        "bash -c 'uvicorn main:app > /tmp/log'",
        "bash -c 'uvicorn main:app | tee /tmp/log'",
        "bash -c 'uvicorn main:app &'",
        "bash -c '( uvicorn main:app )'",
        "bash -c 'time uvicorn main:app'",
    ],
)
def test_limits_report_a_shell_that_keeps_the_signal_to_stop(command: str) -> None:
    """dash stays even with a script of one command, and a process 1 without a handler ignores SIGTERM."""
    assert "Write exec before the server's command" in launched(command).limits


@pytest.mark.parametrize(
    "command",
    [
        "sh -c 'exec uvicorn main:app'",
        "sh -c 'PORT=1 exec tini -- uvicorn main:app'",
        "sh -c 'trap \"kill $!\" TERM; uvicorn main:app & wait'",
        "bash -c 'uvicorn main:app'",
        "bash -euxo pipefail -c 'A=1 uvicorn main:app --workers ${N:-2}'",
        "uv run uvicorn main:app",
    ],
)
def test_server_that_gets_the_signal_to_stop_has_no_limits(command: str) -> None:
    assert not launched(command).limits


def test_limits_report_a_drain_time_that_the_kubelet_does_not_wait_for() -> None:
    long = "uvicorn main:app --timeout-graceful-shutdown 60"
    assert "--timeout-graceful-shutdown is more than the 25 seconds between" in launched(long).limits
    assert not launched(long, rollout={"terminationGracePeriodSeconds": 90}).limits
    by_variable = launched("granian main:app", env=env(GRANIAN_WORKERS_KILL_TIMEOUT="26"))
    assert "GRANIAN_WORKERS_KILL_TIMEOUT is more than the 25 seconds between" in by_variable.limits
