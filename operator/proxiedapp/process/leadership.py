"""This replica's Lease, kept by a thread with an event loop and a connection of its own.

A stall of the main event loop, such as an expensive pass, does not delay the renewals. Two replicas still never write
at the same time: each write first checks the deadline (`Lease.check`), which only a successful renewal extends. If the
process is frozen, or a call that holds Python's global lock blocks it, the thread stops as well, and the deadline
passes. If the main event loop is blocked for longer than MAX_BLOCKED_SECONDS, the thread stops the renewals.
"""

import contextlib
import socket
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from functools import cache
from typing import Final
from uuid import uuid4

from proxiedapp.kube.client import Api
from proxiedapp.kube.connection import connect
from proxiedapp.process.lease import Lease
from proxiedapp.process.loopthread import LoopThread
from proxiedapp.process.settings import Settings

MAX_BLOCKED_SECONDS: Final = 60.0
"""Seconds for which the main event loop may be blocked before the Lease is no longer renewed: the process counts as
dead, and another replica takes over once the Lease has expired."""


@dataclass(frozen=True, slots=True)
class Leadership:
    """The election as the main event loop sees it."""

    _lease: Lease
    _thread: LoopThread

    def check(self) -> None:
        """Raise NotLeadingError unless this replica holds the Lease. Call it right before each write."""
        self._lease.check()

    @property
    def suspect(self) -> str:
        """Return the app that blocked the earlier leader when that one renewed the Lease for the last time, or ""."""
        return self._lease.suspect

    async def acquire(self) -> None:
        """Wait until this replica holds the Lease."""
        await self._thread.run(self._lease.acquire())

    async def keep(self) -> None:
        """Renew the Lease for ever. Raises LeaseLostError once this replica no longer certainly holds it."""
        await self._thread.run(self._lease.keep())


@contextlib.asynccontextmanager
async def leadership(
    settings: Settings, silence: Callable[[], float], blocked_by: Callable[[], str]
) -> AsyncIterator[Leadership | None]:
    """Take part in the election while the block runs, then release the Lease; None if the settings ask for none.

    `silence` returns for how many seconds the main event loop has not run a task, `blocked_by` the app that blocks it
    now, or "". Raises OSError and kubernetes.aio.config.ConfigException as `connect` does.
    """
    if not settings.lease or settings.own_namespace is None:
        yield None
        return
    with LoopThread("lease") as thread:
        api = Api(
            await thread.run(connect(settings.kubeconfig, connections=1)), timeout=settings.request_timeout_seconds
        )
        lease = Lease(
            api,
            namespace=settings.own_namespace,
            name=settings.lease_name,
            identity=settings.identity or _identity(),
            seconds=settings.lease_seconds,
            blocked_by=blocked_by,
            is_alive=lambda: silence() < MAX_BLOCKED_SECONDS,
        )
        try:
            yield Leadership(lease, thread)
        finally:
            await thread.run(lease.release())
            await thread.run(api.close())


@cache
def _identity() -> str:
    """Return a name for this process, by which it recognizes its own Lease after an outage."""
    return f"{socket.gethostname()}-{uuid4().hex[:8]}"
