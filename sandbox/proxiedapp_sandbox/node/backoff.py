"""How long a container waits before it starts again."""


class Backoff:
    """Doubles from `first` to `longest`; forgotten once a run lasted twice the longest, as the kubelet does."""

    def __init__(self, first: float, longest: float) -> None:
        self._first = first
        self._longest = longest
        self._failures = 0

    def after(self, seconds: float) -> float:
        """Return the wait after a run of so many seconds."""
        if seconds >= 2 * self._longest:
            self._failures = 0
        delay: float = min(self._first * 2.0 ** min(self._failures, 64), self._longest)
        self._failures += 1
        return delay
