"""Leader election: of several replicas, only the one that holds a Lease writes.

The protocol is that of client-go (k8s.io/client-go/tools/leaderelection), so the Lease can be read by the same tools.
Only the monotonic clock of this process counts: a holder has lost the Lease once its record has not changed for the
duration in the record, whatever the clocks of the machines show. The holder itself gives up after two thirds of that
duration, counted from before it sent its last renewal, so two replicas never write at the same time. A process that was
suspended notices before its next write (`check`), not after it. `leadership` runs `keep` in a thread of its own.

The elector in kubernetes.aio 37.0.2 (kubernetes/aio/leaderelection) is not used: it fails if the Lease is missing, does
not stop the work when the connection is lost, and does not release the Lease.
"""

import asyncio
import logging
import random
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from proxiedapp.kube.client import Api, collection
from proxiedapp.kube.errors import ApiError, ConflictError, NotFoundError, UnavailableError
from proxiedapp.kube.kind import Kind
from proxiedapp.kube.manifest import Manifest
from proxiedapp.kube.wire import checked_object

LEASE: Final = Kind("coordination.k8s.io", "v1", "Lease", "leases")
BLOCKED_BY: Final = "proxiedapp.dev/blocked-by"
"""Annotation of the Lease: the app whose pass blocks the work of the holder. It stays if the holder dies from that."""
_RETRY_SECONDS: Final = 2.0
"""Seconds between two attempts of a standby replica to acquire the Lease, plus up to a fifth of random delay."""

logger = logging.getLogger(__name__)


def _now() -> datetime:
    return datetime.now(UTC)


class LeaseLostError(Exception):
    """This replica no longer holds the Lease, so another one may write. The text says why."""


class NotLeadingError(UnavailableError):
    """A write was attempted without the Lease. Retrying helps once this replica leads again."""


@dataclass(frozen=True, slots=True)
class _Seen:
    """The version of the Lease last read, and when this process first read it, in seconds of its own clock."""

    version: str
    since: float


class Lease:
    """One replica's part in the election: `acquire`, then `keep` beside the work, then `release`."""

    def __init__(
        self,
        api: Api,
        *,
        namespace: str,
        name: str,
        identity: str,
        seconds: float,
        is_alive: Callable[[], bool] = lambda: True,
        blocked_by: Callable[[], str] = lambda: "",
        clock: Callable[[], float] = time.monotonic,
        now: Callable[[], datetime] = _now,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        """`is_alive` returns whether the work for which this replica holds the Lease still proceeds.

        `blocked_by` returns the app that blocks it now, or "".
        """
        self.suspect = ""
        """The app that blocked the earlier holder when it renewed the Lease for the last time."""
        self._blocked_by = blocked_by
        self._api = api
        self._path = f"{collection(LEASE, namespace)}/{name}"
        self._namespace = namespace
        self._name = name
        self._identity = identity
        self._seconds = seconds
        self._is_alive = is_alive
        self._clock = clock
        self._now = now
        self._sleep = sleep
        self._mine: Manifest | None = None
        """The Lease as this replica last wrote it; None unless it holds the Lease."""
        self._until = 0.0
        self._seen: _Seen | None = None

    @property
    def held(self) -> bool:
        """Whether this replica certainly holds the Lease."""
        return self._mine is not None and self._clock() < self._until

    def check(self) -> None:
        """Raise NotLeadingError unless this replica holds the Lease. Call it right before each write.

        May be called from another thread than the one that renews the Lease.
        """
        if not self.held:
            raise NotLeadingError(0, "this replica does not hold the Lease, and writes nothing without it")

    async def acquire(self) -> None:
        """Wait until this replica holds the Lease, however long that takes.

        An API server that has just started may answer 403 for a moment, before it has loaded the roles, so a refusal is
        retried as well.
        """
        reported = ""
        while True:
            try:
                if await self.try_acquire():
                    logger.info("leading: this replica holds the Lease %s/%s", self._namespace, self._name)
                    return
                reported = ""
            except ApiError as error:
                if str(error) != reported:  # an outage of an hour is one line
                    logger.warning("cannot take the Lease %s/%s, will retry: %s", self._namespace, self._name, error)
                reported = str(error)
            await self._sleep(_RETRY_SECONDS * (1 + random.random() / 5))

    async def keep(self) -> None:
        """Renew the Lease forever. Raises LeaseLostError once this replica no longer certainly holds it.

        Raises it as well once the work no longer proceeds. The Lease then expires, and until it has, no other replica
        takes it: a write of the blocked work may already be on its way.
        """
        pause = self._seconds / 6
        while True:
            await self._sleep(pause)
            if not self._is_alive():
                raise LeaseLostError("the work has been blocked for too long, and the Lease is no longer renewed")
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
                logger.warning("cannot renew the Lease, will retry: %s", error)

    async def release(self) -> None:
        """Release the Lease, so that another replica takes over at once. If that fails, the Lease expires instead."""
        if self._mine is None or not self.held:
            return
        mine, self._mine = self._mine, None  # before the request, so that no write passes `check` from here on
        try:
            async with asyncio.timeout(_RETRY_SECONDS):
                await self._replace(mine, holder="", seconds=1)
        except (ApiError, TimeoutError) as error:
            logger.info("the Lease was not released and will expire: %s", str(error) or "no answer")

    async def try_acquire(self) -> bool:
        """Take the Lease if no other replica holds it, and return whether this one does. Raises ApiError."""
        try:
            found = checked_object(await self._api.request("GET", self._path))
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
        self.suspect = (found["metadata"].get("annotations") or {}).get(BLOCKED_BY, "")
        begun = self._clock()
        try:
            taken = await self._write(found, holder=self._identity, seconds=self._seconds, begins=True)
        except ConflictError:
            return False  # another replica was faster
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
            made = checked_object(await self._api.create(LEASE, fresh | {"spec": spec}))
        except ConflictError:
            return False
        self._holds(made, begun)
        return True

    async def renew(self) -> None:
        """Renew the Lease. Raises ConflictError if another replica has taken it, or another ApiError."""
        if self._mine is None:
            raise LeaseLostError("the Lease was released")
        begun = self._clock()
        try:
            self._holds(await self._replace(self._mine, holder=self._identity, seconds=self._seconds), begun)
        except NotFoundError as error:
            raise ConflictError(error.status, error.message) from error

    async def _replace(self, mine: Manifest, *, holder: str, seconds: float) -> Manifest:
        """Replace our own record. Raises ConflictError if another replica has taken the Lease."""
        try:
            return await self._write(mine, holder=holder, seconds=seconds)
        except ConflictError:
            # The answer to a renewal was lost, or another client changed a label: the record says who holds the Lease.
            found = checked_object(await self._api.request("GET", self._path))
            if (found.get("spec") or {}).get("holderIdentity") != self._identity:
                raise
            return await self._write(found, holder=holder, seconds=seconds)

    def _holds(self, written: Manifest, begun: float) -> None:
        self._mine = written
        self._until = begun + self._seconds * 2 / 3

    async def _write(self, last: Manifest, *, holder: str, seconds: float, begins: bool = False) -> Manifest:
        """Replace the record `last` by our own. Raises ConflictError if the Lease has changed since."""
        spec = self._spec(last, holder=holder, seconds=seconds, begins=begins)
        annotations = {**(last["metadata"].get("annotations") or {}), BLOCKED_BY: self._blocked_by()}
        if not annotations[BLOCKED_BY]:
            del annotations[BLOCKED_BY]
        metadata = last["metadata"] | {"annotations": annotations}
        return checked_object(await self._api.request("PUT", self._path, last | {"metadata": metadata, "spec": spec}))

    def _spec(self, last: Manifest, *, holder: str, seconds: float, begins: bool) -> dict[str, Any]:
        stamp = self._now().astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
        spec: dict[str, Any] = dict(last.get("spec") or {})
        if begins:
            spec["acquireTime"] = stamp
            spec["leaseTransitions"] = spec.get("leaseTransitions", -1) + 1
        return spec | {"holderIdentity": holder, "leaseDurationSeconds": max(1, round(seconds)), "renewTime": stamp}
