"""Verifying apps outside the reconcile path: after each rollout or change of route, and again at an interval.

A verdict is kept in memory and reported by the app's next pass; the condition in the status survives a restart. A
finding is reported as wrong only after several checks in a row, since the proxy needs a moment to notice a new route or
new pods, and it is checked again sooner than a right one. A new version is not reported as right after one check
either: an old pod may have answered.
"""

import asyncio
import logging
import random
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from operator import attrgetter
from typing import Final

from proxiedapp.controller.metrics import VERIFICATIONS
from proxiedapp.controller.queue import Queue, Timer
from proxiedapp.kube.key import Key
from proxiedapp.verify.finding import Finding
from proxiedapp.verify.target import VerifyOptions, VerifyTarget

_WRONG_CHECKS: Final = 3
"""Checks in a row that must find something wrong before it is reported.

Traefik loads a new configuration at most every two seconds (`providers.providersThrottleDuration`, default 2s, Traefik
3.7), so the first checks may still meet the old route.
"""
_PAUSE: Final = 1.0
"""Seconds between the first two checks of something wrong; doubled each time."""

_SETTLES: Final = 3.0
"""Seconds between the first check of a new version and the second, by which no old pod gets requests any more."""

logger = logging.getLogger(__name__)

_DEFECTS: Final = VERIFICATIONS.labels("Defect")
"""Created at import, so that it starts at 0: Prometheus's increase() does not count the first sample of a series."""

Check = Callable[[VerifyTarget, VerifyOptions], Awaitable[tuple[Finding, ...]]]


@dataclass(frozen=True, slots=True)
class VerifyRequest:
    """One version of an app: the generations of its spec and of its Deployment, and where requests are sent."""

    generation: int
    rollout: int
    target: VerifyTarget
    options: VerifyOptions
    managed: bool = False
    """Whether the operator decides how proxy and server treat the prefix, so that only the app can be wrong."""
    requested_at: str = ""
    """A new value requests a new check."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """The findings about one version."""

    request: VerifyRequest
    findings: tuple[Finding, ...]

    @property
    def wrong(self) -> Finding | None:
        """Return the first finding that is not right: the root cause of those after it."""
        return next((finding for finding in self.findings if not finding.ok), None)


@dataclass(slots=True)
class _Watched:
    """One app: the version in question, the verdict on it, and how many checks in a row were wrong, or right."""

    request: VerifyRequest
    verdict: Verdict | None = None
    wrong_checks: int = 0
    right_checks: int = 0


class Verifier:
    """Decides which apps to verify and when, and keeps the verdicts."""

    def __init__(
        self,
        check: Check,
        wake: Callable[[Key], None],
        *,
        interval: float,
        group_limit: int | None = None,
        timer: Timer | None = None,
        chance: Callable[[], float] = random.random,
    ) -> None:
        """At most `group_limit` apps of one namespace are checked at the same time."""
        self._check = check
        self._wake = wake
        self._interval = interval
        self._chance = chance
        self._watched: dict[Key, _Watched] = {}
        self._queue: Queue[Key] = Queue(
            backoff=_PAUSE,
            backoff_max=interval,
            group=attrgetter("namespace"),
            group_limit=group_limit,
            timer=timer,
            jitter=chance,
        )

    def verdict(self, key: Key, request: VerifyRequest, *, is_reported: bool) -> Verdict | None:
        """Return the verdict on this version; if there is none yet, schedule a check and return None.

        `is_reported`: the app's status already reports on this version, as after a restart. Its check is then spread
        over one interval, so that a restart does not check all apps at once.
        """
        known = self._watched.get(key)
        if known is not None and known.request == request:
            return known.verdict
        self._watched[key] = _Watched(request)
        if is_reported and known is None:
            self._queue.add_later(key, self._interval * self._chance())
        else:
            self._queue.add(key)
        return None

    def forget(self, key: Key) -> None:
        """Stop verifying an app that was deleted, or whose verification was switched off."""
        self._watched.pop(key, None)

    def count(self, *, right: bool) -> int:
        """Return how many apps have a verdict that is right, or wrong; may be called from another thread."""
        verdicts = [watched.verdict for watched in list(self._watched.values()) if watched.verdict is not None]
        return sum((verdict.wrong is None) is right for verdict in verdicts)

    async def work(self) -> None:
        """Verify what is due, forever. Several of these may run at the same time."""
        while True:
            key = await self._queue.get()
            watched = self._watched.get(key)
            if watched is None:
                self._queue.done(key)
                continue
            if (task := asyncio.current_task()) is not None:
                task.set_name(f"verification of {key}")  # for the watch of the event loop
            try:
                findings = await self._check(watched.request.target, watched.request.options)
            except Exception:
                logger.exception("unexpected error while verifying, trying again later", extra={"app": str(key)})
                _DEFECTS.inc()
                self._queue.failed(key)
                continue
            if self._watched.get(key) is watched:
                self._record(key, watched, Verdict(watched.request, findings))
            else:
                self._queue.done(key)  # meanwhile the app was deleted, or another version was requested

    def _record(self, key: Key, watched: _Watched, verdict: Verdict) -> None:
        VERIFICATIONS.labels("right" if verdict.wrong is None else verdict.wrong.code.value).inc()
        if verdict.wrong is None:
            watched.right_checks, watched.wrong_checks = watched.right_checks + 1, 0
            certain = watched.verdict is not None or watched.right_checks > 1
        else:
            watched.right_checks, watched.wrong_checks = 0, watched.wrong_checks + 1
            certain = watched.wrong_checks >= _WRONG_CHECKS
        if certain and watched.verdict != verdict:
            watched.verdict = verdict
            self._wake(key)
        if verdict.wrong is None:
            self._queue.done(key)
            self._queue.add_later(key, self._interval * (1 + self._chance() / 10) if certain else _SETTLES)
        else:
            self._queue.failed(key)
