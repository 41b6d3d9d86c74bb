"""How long the first status of a new app can wait, so that one write reports what Kubernetes answers at once. No I/O.

Gateways and the Deployment controller report on new objects within a fraction of a second. Until the first status is
written, the API server answers the default of the CustomResourceDefinition, which tools read as in progress.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from proxiedapp.api.conditions import conditions_of
from proxiedapp.api.reasons import Reason
from proxiedapp.controller.observed.objects import ObservedApp
from proxiedapp.kube.key import Key

WINDOW_SECONDS: Final = 1.0
"""Seconds after the first pass of a new app in which a status that only reports progress is not written."""
_ROUNDING: Final = 0.01
"""Seconds that do not count: timers and the clock of the passes differ."""
_IN_PROGRESS: Final = frozenset(
    {
        Reason.PROGRESSING,
        Reason.AWAITING_GATEWAY,
        Reason.ACCEPTED,
        Reason.NOT_YET_REPORTED,
        Reason.MINIMUM_REPLICAS_UNAVAILABLE,
        Reason.MINIMUM_REPLICAS_AVAILABLE,
    }
)
"""Reasons that need no action by a user, and that no condition Ready=True has."""


def can_wait(app: ObservedApp, status: Mapping[str, Any]) -> bool:
    """Return whether an app has no status of the operator yet, and the next one reports nothing but progress."""
    is_first = app.reason in {"", Reason.PENDING} and app.ignored_annotation is None
    return is_first and all(one.reason in _IN_PROGRESS for one in conditions_of(status))


class FirstStatuses:
    """Since when the first statuses of new apps wait. What it knows is lost with the process: they then wait again."""

    def __init__(self) -> None:
        self._since: dict[Key, tuple[str, datetime]] = {}
        """Key to the app's uid and the time of its first pass."""

    def wait(self, app: ObservedApp, status: Mapping[str, Any], now: datetime) -> float:
        """Return for how many seconds a status can wait; 0 if it must be written now."""
        if not can_wait(app, status):
            return 0.0
        uid, since = self._since.get(app.key, ("", now))
        if uid != app.uid:
            self._since[app.key] = (app.uid, now)
            return WINDOW_SECONDS
        left = WINDOW_SECONDS - (now - since).total_seconds()
        return left if _ROUNDING < left <= WINDOW_SECONDS else 0.0  # more is left if the clock was set back

    def forget(self, key: Key) -> None:
        """End the wait of an app that has a status now, or was deleted."""
        self._since.pop(key, None)
