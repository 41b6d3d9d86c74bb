"""A clock that moves only when told to."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Final

START: Final = datetime(2026, 1, 2, 12, 0, 0, tzinfo=UTC)


@dataclass(eq=False)
class Call:
    """A call at a later time."""

    at: float
    callback: Callable[[], object]
    cancelled: bool = False

    def cancel(self) -> None:
        self.cancelled = True


@dataclass
class Clock:
    """Seconds since the start of the test, and what shall happen later."""

    seconds: float = 0.0
    calls: list[Call] = field(default_factory=list)

    def now(self) -> datetime:
        return START + timedelta(seconds=self.seconds)

    def call_later(self, delay: float, callback: Callable[[], object]) -> Call:
        call = Call(self.seconds + delay, callback)
        self.calls.append(call)
        return call

    def advance(self, seconds: float) -> None:
        """Let time pass, and call what becomes due, in order."""
        end = self.seconds + seconds
        while due := [call for call in self.pending() if call.at <= end]:
            call = min(due, key=lambda call: call.at)
            self.calls.remove(call)
            self.seconds = call.at
            call.callback()
        self.seconds = end

    def pending(self) -> list[Call]:
        """Return the calls that are still to come."""
        return [call for call in self.calls if not call.cancelled]

    def next_in(self) -> float:
        """Return how many seconds the one pending call is away."""
        (call,) = self.pending()
        return call.at - self.seconds
