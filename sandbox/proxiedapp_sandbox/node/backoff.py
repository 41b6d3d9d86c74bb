"""How long to wait before a container, or anything else that ended, is started again."""

from proxiedapp.controller.backoff import backoff


class RestartBackoff:
    """Waits that double from `first` to `longest` seconds, and start over after a run of twice the longest wait.

    The kubelet does the same: it starts over after 600 s, twice its default longest wait of 300 s
    (kubernetes/kubernetes v1.36.3 `pkg/kubelet/kubelet.go`, `crashLoopBackOff.HasExpiredFunc`).
    """

    def __init__(self, first: float, longest: float) -> None:
        self._first = first
        self._longest = longest
        self._failures = 0

    def after(self, seconds: float) -> float:
        """Return the seconds to wait after a run that lasted `seconds`."""
        if seconds >= 2 * self._longest:
            self._failures = 0
        delay = backoff(self._failures, self._first, self._longest)
        self._failures += 1
        return delay
