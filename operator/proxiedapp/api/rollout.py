"""How new pods replace old ones."""

import re
from typing import Any, ClassVar, Literal

from proxiedapp.api.base import ApiModel, CELRule
from proxiedapp.api.fields import NonNegative, Positive
from proxiedapp.api.quantities import CountOrPercent, CountOrShare


def _none(value: Any) -> bool:
    return re.fullmatch("0+%?", str(value)) is not None


class Rollout(ApiModel):
    """How new pods replace old ones after a change."""

    rules: ClassVar = (
        CELRule(
            "(has(self.terminationGracePeriodSeconds) ? self.terminationGracePeriodSeconds : 30)"
            " > (has(self.preStopSeconds) ? self.preStopSeconds : 5)",
            "terminationGracePeriodSeconds must be greater than preStopSeconds: it includes them, and the app needs "
            "the rest to finish its requests",
            lambda rollout: rollout.termination_grace_period_seconds > rollout.pre_stop_seconds,
        ),
        CELRule(
            "!has(self.strategy) || self.strategy != 'Recreate' || !(has(self.maxSurge) || has(self.maxUnavailable))",
            "maxSurge and maxUnavailable have no meaning with strategy: Recreate; remove them",
            lambda rollout: (
                rollout.strategy != "Recreate" or (rollout.max_surge is None and rollout.max_unavailable is None)
            ),
        ),
        CELRule(
            "!has(self.maxSurge) || !has(self.maxUnavailable)"
            " || !(string(self.maxSurge).matches('^0+%?$') && string(self.maxUnavailable).matches('^0+%?$'))",
            "maxSurge and maxUnavailable must not both be 0, because then no pod can be replaced",
            lambda rollout: not (_none(rollout.max_surge) and _none(rollout.max_unavailable)),
        ),
        CELRule(
            "(has(self.progressDeadlineSeconds) ? self.progressDeadlineSeconds : 600)"
            " > (has(self.minReadySeconds) ? self.minReadySeconds : 0)",
            "progressDeadlineSeconds (600 by default) must be greater than minReadySeconds",
            lambda rollout: (
                (600 if rollout.progress_deadline_seconds is None else rollout.progress_deadline_seconds)
                > (rollout.min_ready_seconds or 0)
            ),
        ),
    )

    strategy: Literal["RollingUpdate", "Recreate"] = "RollingUpdate"
    """RollingUpdate replaces pods step by step. Recreate stops all pods before it starts new ones, for an app of which
    two versions must not run at once, such as one with SQLite or a ReadWriteOnce volume; requests fail meanwhile."""
    max_surge: CountOrPercent | None = None
    """Number or percentage of pods that a rollout may create beyond replicas, such as 1 or 25%. Default: 25%."""
    max_unavailable: CountOrShare | None = None
    """Number or percentage of replicas that may be unavailable during a rollout, such as 0 or 25%. Default: 25%."""
    termination_grace_period_seconds: Positive = 30
    """Seconds after which a pod that is being stopped is killed. They include preStopSeconds."""
    pre_stop_seconds: NonNegative = 5
    """Seconds for which a pod that is being stopped still serves requests, until the proxy sends it no more of them."""
    revision_history_limit: NonNegative | None = None
    """Number of old ReplicaSets that are kept for kubectl rollout undo. Default: 10."""
    min_ready_seconds: NonNegative | None = None
    """Seconds for which a new pod must be ready before it counts as available. Default: 0."""
    progress_deadline_seconds: Positive | None = None
    """Seconds without progress after which a rollout has failed. Default: 600."""
