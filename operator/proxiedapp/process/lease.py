"""Which of several replicas writes: the one that holds a Lease, renewed while it works.

The rules are those of client-go's elector. Time is our own monotonic clock alone: another holder has lost the Lease
once its record has not changed for as long as it asked for, whatever the clocks of the two machines say. We ourselves
have lost it a third of that time earlier, counted from before the last renewal was sent, so the two never both write.
A process that was frozen meanwhile finds out before its next write (`check`), not after it.
"""

import asyncio
import logging
import random
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from proxiedapp.kube.client import Api, ApiError, ConflictError, NotFoundError, UnavailableError, collection
from proxiedapp.kube.kind import Kind
from proxiedapp.kube.manifest import Manifest

LEASE: Final = Kind("coordination.k8s.io", "v1", "Lease", "leases")
_LOOK: Final = 2.0
"""Seconds between two looks at a Lease that somebody else holds, each up to a fifth later."""

logger = logging.getLogger(__name__)


def _now() -> datetime:
    return datetime.now(UTC)


class LeaseLostError(Exception):
    """Another replica may be writing by now; the text says how it came about."""


class NotLeadingError(UnavailableError):
    """A write was about to be made without the Lease."""


@dataclass(frozen=True, slots=True)
class _Seen:
    """Somebody's record, and when we first saw it so; seconds of our own clock."""

    version: str
    since: float


class Lease:
    """One replica's part in the election; `acquire`, then `keep` beside the work, then `release`."""

    def __init__(
        self,
        api: Api,
        *,
        namespace: str,
        name: str,
        identity: str,
        seconds: float,
        clock: Callable[[], float] = time.monotonic,
        now: Callable[[], datetime] = _now,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._api = api
        self._path = f"{collection(LEASE, namespace)}/{name}"
        self._namespace = namespace
        self._name = name
        self._identity = identity
        self._seconds = seconds
        self._clock = clock
        self._now = now
        self._sleep = sleep
        self._mine: Manifest | None = None
        """The Lease as we last wrote it, while we hold it."""
        self._until = 0.0
        self._seen: _Seen | None = None

    @property
    def held(self) -> bool:
        """Whether we hold the Lease for certain."""
        return self._mine is not None and self._clock() < self._until

    def check(self) -> None:
        """Raise NotLeadingError unless the Lease is held; to be called right before a write."""
        if not self.held:
            raise NotLeadingError(0, "another replica may hold the Lease by now: nothing is written without it")

    async def acquire(self) -> None:
        """Wait until the Lease is ours; raises ApiError where waiting will not help."""
        while True:
            try:
                if await self.try_acquire():
                    logger.info("leading: this replica holds the Lease %s/%s", self._namespace, self._name)
                    return
            except UnavailableError as error:
                logger.warning("looking at the Lease %s/%s: %s", self._namespace, self._name, error)
            await self._sleep(_LOOK * (1 + random.random() / 5))

    async def keep(self) -> None:
        """Renew for ever; raises LeaseLostError once the Lease cannot be said to be ours any more."""
        pause = self._seconds / 6
        while True:
            await self._sleep(pause)
            try:
                async with asyncio.timeout(max(self._until - self._clock(), 0.0)):
                    await self.renew()
            except ConflictError as error:
                raise LeaseLostError("another replica has taken the Lease") from error
            except (ApiError, TimeoutError) as error:
                if not self.held:
                    raise LeaseLostError(
                        f"the Lease could not be renewed in time: {str(error) or 'no answer'}"
                    ) from error
                logger.warning("renewing the Lease, trying again: %s", error)

    async def release(self) -> None:
        """Give the Lease up, so that another replica need not wait for its end; what fails here only takes longer."""
        if self._mine is None or not self.held:
            return
        try:
            async with asyncio.timeout(_LOOK):
                await self._write(self._mine, holder="", seconds=1)
        except (ApiError, TimeoutError) as error:
            logger.info("the Lease was not given up, and ends by itself: %s", str(error) or "no answer")
        self._mine = None

    async def try_acquire(self) -> bool:
        """Take the Lease if nobody holds it; raises ApiError."""
        try:
            found = await self._api.request("GET", self._path)
        except NotFoundError:
            return await self._create()
        spec = found.get("spec") or {}
        holder = spec.get("holderIdentity") or ""
        version = found["metadata"]["resourceVersion"]
        if self._seen is None or self._seen.version != version:
            self._seen = _Seen(version, self._clock())
        waited = self._clock() - self._seen.since
        if holder not in {"", self._identity} and waited < float(spec.get("leaseDurationSeconds") or self._seconds):
            return False
        begun = self._clock()
        try:
            taken = await self._write(found, holder=self._identity, seconds=self._seconds, begins=True)
        except ConflictError:
            return False  # somebody was quicker
        self._holds(taken, begun)
        return True

    async def _create(self) -> bool:
        fresh: Manifest = {
            "apiVersion": LEASE.api_version,
            "kind": LEASE.kind,
            "metadata": {"name": self._name, "namespace": self._namespace},
        }
        begun = self._clock()
        spec = self._spec(fresh, holder=self._identity, seconds=self._seconds, begins=True)
        try:
            made = await self._api.create(LEASE, fresh | {"spec": spec})
        except ConflictError:
            return False
        self._holds(made, begun)
        return True

    async def renew(self) -> None:
        """Renew the Lease; raises ConflictError if another replica has taken it, or another ApiError."""
        if self._mine is None:
            raise LeaseLostError("the Lease was given up")
        begun = self._clock()
        try:
            self._holds(await self._write(self._mine, holder=self._identity, seconds=self._seconds), begun)
        except ConflictError:
            # A renewal whose answer was lost, or a label that somebody put on it: still ours if it says so.
            found = await self._api.request("GET", self._path)
            if (found.get("spec") or {}).get("holderIdentity") != self._identity:
                raise
            self._mine = found
            self._holds(await self._write(found, holder=self._identity, seconds=self._seconds), begun)
        except NotFoundError as error:
            raise ConflictError(error.status, error.message) from error

    def _holds(self, written: Manifest, begun: float) -> None:
        self._mine = written
        self._until = begun + self._seconds * 2 / 3

    async def _write(self, last: Manifest, *, holder: str, seconds: float, begins: bool = False) -> Manifest:
        """Put our record in place of the last one; raises ConflictError if that is not the last any more."""
        spec = self._spec(last, holder=holder, seconds=seconds, begins=begins)
        return await self._api.request("PUT", self._path, last | {"spec": spec})

    def _spec(self, last: Manifest, *, holder: str, seconds: float, begins: bool) -> dict[str, Any]:
        stamp = self._now().astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
        spec: dict[str, Any] = dict(last.get("spec") or {})
        if begins:
            spec["acquireTime"] = stamp
            spec["leaseTransitions"] = spec.get("leaseTransitions", -1) + 1
        return spec | {"holderIdentity": holder, "leaseDurationSeconds": max(1, round(seconds)), "renewTime": stamp}
