"""Waiting for an API server that is away, has just started, or lacks our CRD: no reason to end the process.

A process that ends is started again by the kubelet after pauses of up to five minutes, on top of the outage.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import Final, TypeVar

from proxiedapp.controller.backoff import backoff
from proxiedapp.kube.errors import ApiError
from proxiedapp.process.health import Health

T = TypeVar("T")

_PAUSE: Final = 1.0
"""Seconds before the first retry."""
_LONGEST_PAUSE: Final = 15.0

logger = logging.getLogger(__name__)


async def patiently(
    request: Callable[[], Awaitable[T]],
    what: str,
    health: Health,
    *,
    explain: Callable[[ApiError], str] = str,
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
) -> T:
    """Return the result of a request, which is sent again until it succeeds.

    While it fails, /readyz reports why, and the log has one line for each new reason. `what` is what it waits for;
    `explain` returns the reason as text.
    """
    failures, reported = 0, ""
    while True:
        try:
            return await request()
        except ApiError as error:
            reason = explain(error)
            if reason != reported:
                logger.warning("waiting for %s: %s", what, reason)
            reported = reason
            health.waiting_for = f"{what}: {reason}"
            await sleep(max(backoff(failures, _PAUSE, _LONGEST_PAUSE), error.retry_after or 0.0))
            failures += 1
