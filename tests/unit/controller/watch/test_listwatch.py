"""How long a watch pauses after it has failed."""

from collections.abc import AsyncIterator, Sequence
from typing import Any

import pytest

from proxiedapp.controller.watch.listwatch import ListWatch
from proxiedapp.kube.errors import ApiError, NotFoundError, RefusedError, UnavailableError
from proxiedapp.resources.kinds import SERVICE


class StopError(Exception):
    """Ends the loop of the watch."""


class FailingApi:
    """Lists nothing, and fails each watch, after it was open for some seconds without an event."""

    def __init__(self, seconds: float, errors: Sequence[ApiError]) -> None:
        self.seconds = seconds
        self.errors = iter(errors)
        self.now = 0.0

    async def pages(self, *_: Any, **__: Any) -> AsyncIterator[dict[str, Any]]:
        yield {"metadata": {"resourceVersion": "1"}, "items": []}

    async def watch(self, *_: Any, **__: Any) -> AsyncIterator[dict[str, Any]]:
        self.now += self.seconds
        raise next(self.errors)
        yield {}


FORBIDDEN = RefusedError(403, "not now")
BROKEN = UnavailableError(0, "the connection was reset")


@pytest.mark.parametrize(
    ("seconds", "errors", "expected"),
    [
        pytest.param(0.1, [FORBIDDEN] * 6, [1.0, 2.0, 4.0, 8.0, 16.0, 32.0], id="refused at once"),
        pytest.param(0.1, [BROKEN] * 7, [1.0, 2.0, 4.0, 8.0, 16.0, 30.0, 30.0], id="broken at once"),
        pytest.param(60.0, [FORBIDDEN] * 4, [1.0, 1.0, 1.0, 1.0], id="refused after a minute without an event"),
        pytest.param(
            0.1,
            [*[BROKEN] * 7, FORBIDDEN, NotFoundError(404, "not served")],
            [1.0, 2.0, 4.0, 8.0, 16.0, 30.0, 30.0, 1.0, 2.0],
            id="refused once after the API server was away",
        ),
    ],
)
async def test_pause_grows_only_if_a_watch_fails_soon_and_for_the_same_reason(
    seconds: float, errors: list[ApiError], expected: list[float]
) -> None:
    api: Any = FailingApi(seconds, errors)
    pauses: list[float] = []

    async def sleep(pause: float) -> None:
        pauses.append(pause)
        if len(pauses) == len(expected):
            raise StopError

    watch = ListWatch(
        api, SERVICE, "services", lambda *_: None, lambda _: None, 600.0, sleep=sleep, clock=lambda: api.now
    )
    with pytest.raises(StopError):
        await watch.run()
    assert pauses == expected
