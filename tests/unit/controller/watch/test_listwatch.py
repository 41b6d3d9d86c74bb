"""How long a watch pauses after it has failed."""

from collections.abc import AsyncIterator
from typing import Any

import pytest

from proxiedapp.controller.watch.listwatch import ListWatch
from proxiedapp.kube.errors import RefusedError
from proxiedapp.resources.kinds import SERVICE


class StopError(Exception):
    """Ends the loop of the watch."""


class RefusingApi:
    """Lists nothing, and refuses each watch, after it was open for some seconds without an event."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self.now = 0.0

    async def pages(self, *_: Any, **__: Any) -> AsyncIterator[dict[str, Any]]:
        yield {"metadata": {"resourceVersion": "1"}, "items": []}

    async def watch(self, *_: Any, **__: Any) -> AsyncIterator[dict[str, Any]]:
        self.now += self.seconds
        raise RefusedError(403, "not now")
        yield {}


@pytest.mark.parametrize(
    ("seconds", "expected"),
    [
        pytest.param(0.1, [1.0, 2.0, 4.0, 8.0], id="refused at once"),
        pytest.param(60.0, [1.0, 1.0, 1.0, 1.0], id="refused after a minute without an event"),
    ],
)
async def test_pause_grows_only_if_a_watch_fails_soon_after_it_was_opened(
    seconds: float, expected: list[float]
) -> None:
    api: Any = RefusingApi(seconds)
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
