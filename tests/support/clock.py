"""A clock that tests move forward."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Final

START: Final = datetime(2026, 1, 2, 12, 0, 0, tzinfo=UTC)


@dataclass(eq=False)
class Call:
    """A scheduled call."""

    at: float
    callback: Callable[[], object]
    cancelled: bool = False

    def cancel(self) -> None:
        self.cancelled = True


@dataclass
class Clock:
    """The time in seconds since the start of the test, and the scheduled calls."""

    seconds: float = 0.0
    calls: list[Call] = field(default_factory=list)

    def now(self) -> datetime:
        return START + timedelta(seconds=self.seconds)

    def call_later(self, delay: float, callback: Callable[[], object]) -> Call:
        call = Call(self.seconds + delay, callback)
        self.calls.append(call)
        return call

    def advance(self, seconds: float) -> None:
        """Move the clock forward, and make the calls that become due, in order."""
        end = self.seconds + seconds
        while due := [call for call in self.pending() if call.at <= end]:
            call = min(due, key=lambda call: call.at)
            self.calls.remove(call)
            self.seconds = call.at
            call.callback()
        self.seconds = end

    def pending(self) -> list[Call]:
        """Return the calls that are still scheduled."""
        return [call for call in self.calls if not call.cancelled]

    def next_in(self) -> float:
        """Return the seconds until the only scheduled call."""
        (call,) = self.pending()
        return call.at - self.seconds
