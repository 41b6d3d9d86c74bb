"""Verifying apps beside the reconcile path: after each rollout and change of route, and now and then on principle.

A verdict is kept in memory and told by the app's next pass; the condition in the status outlives us. What is not right
is told only after a few looks, since the proxy takes a moment to notice a new route or new pods, and is looked at again
sooner than what is right. Nor is a new version right at the first look: it may have been the old one that answered.
"""

import logging
import random
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Final

from proxiedapp.controller.metrics import VERIFICATIONS
from proxiedapp.controller.queue import Queue, Timer
from proxiedapp.kube.key import Key
from proxiedapp.verify.finding import Finding
from proxiedapp.verify.target import VerifyOptions, VerifyTarget

_LOOKS = 3
"""Looks before something is told to be wrong: Traefik gathers news for two seconds."""
_PAUSE = 1.0
"""Seconds between the first two looks at something that is not right; doubled each time."""

_SETTLES = 3.0
"""Seconds between the first look at a new version and the second, by which no old pod gets requests any more."""

logger = logging.getLogger(__name__)

_DEFECTS: Final = VERIFICATIONS.labels("Defect")
"""From 0 on: in a series that begins with its first error Prometheus sees no rise."""

Check = Callable[[VerifyTarget, VerifyOptions], Awaitable[tuple[Finding, ...]]]


@dataclass(frozen=True, slots=True)
class VerifyRequest:
    """One version of an app: the generation of its spec, that of its Deployment, and where it is asked."""

    generation: int
    rollout: int
    target: VerifyTarget
    options: VerifyOptions


@dataclass(frozen=True, slots=True)
class Verdict:
    """What was found about one version."""

    subject: VerifyRequest
    findings: tuple[Finding, ...]

    @property
    def wrong(self) -> Finding | None:
        """Return the first finding that is not right: the root cause of those after it."""
        return next((finding for finding in self.findings if not finding.ok), None)


@dataclass(slots=True)
class _Watched:
    """One app: the version in question, what was found about it, and how often in a row that was wrong, or right."""

    subject: VerifyRequest
    verdict: Verdict | None = None
    wrong_looks: int = 0
    right_looks: int = 0


class Verifier:
    """Which apps to verify, when, and what was found."""

    def __init__(
        self,
        check: Check,
        wake: Callable[[Key], None],
        *,
        interval: float,
        timer: Timer | None = None,
        chance: Callable[[], float] = random.random,
    ) -> None:
        self._check = check
        self._wake = wake
        self._interval = interval
        self._chance = chance
        self._watched: dict[Key, _Watched] = {}
        self._queue: Queue[Key] = Queue(backoff=_PAUSE, backoff_max=interval, timer=timer, jitter=chance)

    def ask(self, key: Key, subject: VerifyRequest, *, told: bool) -> Verdict | None:
        """Return what was found about this very version; if nothing yet, see to it that it is looked at.

        `told`: the status tells of this version already, as after a restart; there is no hurry then, and all apps at
        once would be too many.
        """
        known = self._watched.get(key)
        if known is not None and known.subject == subject:
            return known.verdict
        self._watched[key] = _Watched(subject)
        if told and known is None:
            self._queue.add_later(key, self._interval * self._chance())
        else:
            self._queue.add(key)
        return None

    def forget(self, key: Key) -> None:
        """Take in that an app is gone, or not to be verified."""
        self._watched.pop(key, None)

    def count(self, *, right: bool) -> int:
        """Return how many apps were found right, or wrong; asked by another thread."""
        verdicts = [watched.verdict for watched in list(self._watched.values()) if watched.verdict is not None]
        return sum((verdict.wrong is None) is right for verdict in verdicts)

    async def work(self) -> None:
        """Verify what is due, for ever; several of these may run."""
        while True:
            key = await self._queue.get()
            watched = self._watched.get(key)
            if watched is None:
                self._queue.done(key)
                continue
            try:
                findings = await self._check(watched.subject.target, watched.subject.options)
            except Exception:
                logger.exception("a defect in the operator; verifying again later", extra={"app": str(key)})
                _DEFECTS.inc()
                self._queue.failed(key)
                continue
            if self._watched.get(key) is watched:
                self._take(key, watched, Verdict(watched.subject, findings))
            else:
                self._queue.done(key)  # asked for anew meanwhile, or gone

    def _take(self, key: Key, watched: _Watched, verdict: Verdict) -> None:
        VERIFICATIONS.labels("right" if verdict.wrong is None else verdict.wrong.code.value).inc()
        if verdict.wrong is None:
            watched.right_looks, watched.wrong_looks = watched.right_looks + 1, 0
            certain = watched.verdict is not None or watched.right_looks > 1
        else:
            watched.right_looks, watched.wrong_looks = 0, watched.wrong_looks + 1
            certain = watched.wrong_looks >= _LOOKS
        if certain and watched.verdict != verdict:
            watched.verdict = verdict
            self._wake(key)
        if verdict.wrong is None:
            self._queue.done(key)
            self._queue.add_later(key, self._interval * (1 + self._chance() / 10) if certain else _SETTLES)
        else:
            self._queue.failed(key)
