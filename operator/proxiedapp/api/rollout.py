"""How new pods take the place of old ones."""

import re
from typing import Any, ClassVar

from proxiedapp.api.base import ApiModel, CELRule
from proxiedapp.api.fields import CountOrPercent, CountOrShare, NonNegative, Positive


def _none(value: Any) -> bool:
    return re.fullmatch("0+%?", str(value)) is not None


class Rollout(ApiModel):
    """How new pods take the place of old ones."""

    rules: ClassVar = (
        CELRule(
            "(has(self.terminationGracePeriodSeconds) ? self.terminationGracePeriodSeconds : 30)"
            " > (has(self.preStopSeconds) ? self.preStopSeconds : 5)",
            "terminationGracePeriodSeconds must be greater than preStopSeconds: it includes them, and the app ends its "
            "requests in the rest",
            lambda rollout: rollout.termination_grace_period_seconds > rollout.pre_stop_seconds,
        ),
        CELRule(
            "!has(self.maxSurge) || !has(self.maxUnavailable)"
            " || !(string(self.maxSurge).matches('^0+%?$') && string(self.maxUnavailable).matches('^0+%?$'))",
            "maxSurge and maxUnavailable must not both be zero: no pod could ever be replaced",
            lambda rollout: not (_none(rollout.max_surge) and _none(rollout.max_unavailable)),
        ),
        CELRule(
            "(has(self.progressDeadlineSeconds) ? self.progressDeadlineSeconds : 600)"
            " > (has(self.minReadySeconds) ? self.minReadySeconds : 0)",
            "progressDeadlineSeconds (600 if absent) must be greater than minReadySeconds",
            lambda rollout: (
                (600 if rollout.progress_deadline_seconds is None else rollout.progress_deadline_seconds)
                > (rollout.min_ready_seconds or 0)
            ),
        ),
    )

    max_surge: CountOrPercent | None = None
    """Pods above replicas while a rollout runs, as a number or a percentage; 25% if absent."""
    max_unavailable: CountOrShare | None = None
    """Pods below replicas while a rollout runs, as a number or a percentage; 25% if absent."""
    termination_grace_period_seconds: Positive = 30
    """Seconds that a pod has to end, preStopSeconds included; then it is killed."""
    pre_stop_seconds: NonNegative = 5
    """Seconds that a pod still serves after it was told to go, until the proxy sends it nothing more."""
    revision_history_limit: NonNegative | None = None
    """Old ReplicaSets kept for kubectl rollout undo; 10 if absent."""
    min_ready_seconds: NonNegative | None = None
    """Seconds that a new pod must be ready before it counts as available."""
    progress_deadline_seconds: Positive | None = None
    """Seconds after which a rollout that gets no further has failed; 600 if absent."""
