"""When a probe runs, and how many equal results in a row change the container's state."""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any

from proxiedapp_sandbox.node.handlers import HandlerResult

Sleep = Callable[[float], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class ProbeSettings:
    """The timing and thresholds of a probe; times are in seconds.

    The defaults are those of Kubernetes (v1.36.3 `pkg/apis/core/v1/defaults.go`, `SetDefaults_Probe`).
    """

    initial_delay: float = 0
    period: float = 10
    timeout: float = 1
    successes: int = 1
    failures: int = 3

    @classmethod
    def of(cls, probe: Mapping[str, Any]) -> "ProbeSettings":
        """Read the settings of a probe; 0 counts as not set."""
        return cls(
            initial_delay=probe.get("initialDelaySeconds") or 0,
            period=probe.get("periodSeconds") or 10,
            timeout=probe.get("timeoutSeconds") or 1,
            successes=probe.get("successThreshold") or 1,
            failures=probe.get("failureThreshold") or 3,
        )


class ThresholdCounter:
    """Counts equal results in a row, and compares the count with the probe's thresholds."""

    def __init__(self, timing: ProbeSettings) -> None:
        self._timing = timing
        self._last: bool | None = None
        self._in_a_row = 0

    def count(self, *, ok: bool) -> bool | None:
        """Add a result; return it if its threshold is reached, else None."""
        self._in_a_row = self._in_a_row + 1 if ok == self._last else 1
        self._last = ok
        needed = self._timing.successes if ok else self._timing.failures
        return ok if self._in_a_row >= needed else None


async def state_changes(
    timing: ProbeSettings, check: Callable[[], Awaitable[HandlerResult]], sleep: Sleep = asyncio.sleep
) -> AsyncGenerator[HandlerResult, None]:
    """Run `check` periodically, and yield each result that reaches its threshold and changes the state."""
    counter = ThresholdCounter(timing)
    decided: bool | None = None
    await sleep(timing.initial_delay)
    while True:
        result = await check()
        reached = counter.count(ok=result.ok)
        if reached is not None and reached != decided:
            decided = reached
            yield result
        await sleep(timing.period)
