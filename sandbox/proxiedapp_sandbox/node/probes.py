"""When a probe is tried, and how many outcomes in a row decide."""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any

from proxiedapp_sandbox.node.handlers import HandlerResult

Sleep = Callable[[float], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class ProbeSettings:
    """The numbers of a probe, with Kubernetes' defaults."""

    initial_delay: float = 0
    period: float = 10
    timeout: float = 1
    successes: int = 1
    failures: int = 3

    @classmethod
    def of(cls, probe: Mapping[str, Any]) -> "ProbeSettings":
        """Read them from a probe; the API server stores 0 where nothing was given."""
        return cls(
            initial_delay=probe.get("initialDelaySeconds") or 0,
            period=probe.get("periodSeconds") or 10,
            timeout=probe.get("timeoutSeconds") or 1,
            successes=probe.get("successThreshold") or 1,
            failures=probe.get("failureThreshold") or 3,
        )


class ThresholdCounter:
    """Counts outcomes in a row."""

    def __init__(self, timing: ProbeSettings) -> None:
        self._timing = timing
        self._last: bool | None = None
        self._in_a_row = 0

    def count(self, *, ok: bool) -> bool | None:
        """Add an outcome; returns what is decided by now, None if nothing is."""
        self._in_a_row = self._in_a_row + 1 if ok == self._last else 1
        self._last = ok
        needed = self._timing.successes if ok else self._timing.failures
        return ok if self._in_a_row >= needed else None


async def state_changes(
    timing: ProbeSettings, check: Callable[[], Awaitable[HandlerResult]], sleep: Sleep = asyncio.sleep
) -> AsyncGenerator[HandlerResult, None]:
    """Try for ever, and yield each outcome that decides something: the first, and each that changes it."""
    tally = ThresholdCounter(timing)
    decided: bool | None = None
    await sleep(timing.initial_delay)
    while True:
        outcome = await check()
        verdict = tally.count(ok=outcome.ok)
        if verdict is not None and verdict != decided:
            decided = verdict
            yield outcome
        await sleep(timing.period)
