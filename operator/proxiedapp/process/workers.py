"""The tasks of a running operator: the first lists, then watches, reconciles and verifications side by side."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from functools import partial
from typing import Any, Final

from proxiedapp.api.names import GROUP, PLURAL, VERSION
from proxiedapp.controller.metrics import LEADING, RECONCILE_SECONDS, RECONCILES
from proxiedapp.controller.quarantine import MAX_PASS_CPU_SECONDS, Quarantine
from proxiedapp.controller.queue import Queue
from proxiedapp.controller.reconcile import Outcome, Reconciler
from proxiedapp.controller.watch import kopfwatch
from proxiedapp.controller.watchedkinds import PROXIED_APP
from proxiedapp.kube.client import Api
from proxiedapp.kube.errors import ApiError, NotFoundError
from proxiedapp.kube.key import Key
from proxiedapp.process.assembly import Operator, served_groups
from proxiedapp.process.gatewaybundle import outdated_bundle
from proxiedapp.process.health import Health
from proxiedapp.process.leadership import Leadership
from proxiedapp.process.loopwatch import LoopWatch
from proxiedapp.process.patience import patiently
from proxiedapp.process.settings import Settings
from proxiedapp.resources.kinds import TRAEFIK_GROUP
from proxiedapp.routing.gateway import GATEWAY_GROUP

logger = logging.getLogger(__name__)

_CANCEL_SECONDS: Final = 5.0
"""Seconds after which a task that was cancelled and goes on is cancelled again.

A cancellation can be lost: `asyncio.gather`, for example, raises the error of a child that fails at that moment. On a
machine short of CPU time, a worker went on for a quarter of an hour after it was cancelled. The replica waited for it,
did not ask for the Lease, and wrote nothing.
"""
_DEFECT: Final = "Defect"
_STATUS_NOT_WRITTEN: Final = "StatusNotWritten"
for _label in (_DEFECT, _STATUS_NOT_WRITTEN):
    RECONCILES.labels(_label)  # exported as 0: if a series began with its first error, Prometheus would see no increase


async def work(
    operator: Operator,
    settings: Settings,
    health: Health,
    lease: Leadership | None,
    watch: LoopWatch,
    take_signals: Callable[[], None],
) -> None:
    """Run all tasks until one fails, or until the served optional APIs change.

    Raises what the first failed task raises, such as LeaseLostError.
    """
    api, store, queue, served = operator.api, operator.store, operator.queue, operator.served
    await patiently(partial(_list_first, operator), "the first lists", health, explain=_why_not_listed)
    operator.publish_metrics()
    apps = store.counts()[PROXIED_APP.kind]
    outdated = operator.reconciler.gateways.outdated = await outdated_bundle(api) if GATEWAY_GROUP in served else ""
    logger.info("watching %d apps; optional APIs: %s", apps, ", ".join(sorted(served)) or "none")
    health.waiting_for = None
    leading = asyncio.Event()
    quarantine = Quarantine(store.reason)
    workers: list[Coroutine[Any, Any, None]] = [
        _lead(lease, leading, quarantine),
        *(
            _after(leading, reconcile_forever(queue, operator.reconciler, watch, quarantine))
            for _ in range(settings.concurrency)
        ),
        *(_after(leading, operator.verifier.work()) for _ in range(settings.verify_concurrency)),
        operator.resync.serve_requests(),
        operator.resync.repeat(settings.resync_seconds),
        operator.child_watch.watch_all(),
        operator.foreign_watch.watch_all(),
        operator.policy_watch.watch_all(),
        *([] if operator.gateway_watch is None else [operator.gateway_watch.watch_all()]),
        operator.awaited_watch.watch_all(),
        _beat(health),
        _await_change(api, served, outdated, settings.api_look_seconds),
    ]
    if outdated:
        logger.warning(
            "Gateway API %s lacks fields of the operator's HTTPRoutes: install v1.2.0 or later; until then, only apps "
            "with parentRefs: [] can get a route",
            outdated,
        )
    if settings.gateways and GATEWAY_GROUP not in served:
        logger.warning(
            "Gateway API (gateway.networking.k8s.io/v1) is missing: install it with a Gateway; until then, only apps "
            "with parentRefs: [] can get a route"
        )
    elif not served & {TRAEFIK_GROUP, GATEWAY_GROUP}:
        logger.warning(
            "Traefik's API (traefik.io/v1alpha1) is missing: install Traefik, or Gateway API with a Gateway; "
            "no route is written until then"
        )
    workers.append(
        kopfwatch.watch(
            api, store, operator.resync, queue.add, namespaces=settings.namespaces, kopf_started=take_signals
        )
    )
    tasks = [asyncio.create_task(worker) for worker in workers]
    try:
        done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        for task in done:
            task.result()
    finally:
        # This may cut a reconcile between two writes; the next start completes it.
        await stop(tasks)
        LEADING.set(0)


async def stop(tasks: Sequence[asyncio.Task[None]], again_after: float = _CANCEL_SECONDS) -> None:
    """Cancel tasks and wait until all have ended; those that have not in `again_after` seconds are cancelled again."""
    pending = set(tasks)
    while pending:
        for task in pending:
            task.cancel()
        _, pending = await asyncio.wait(pending, timeout=again_after)
    await asyncio.gather(*tasks, return_exceptions=True)  # so that no error counts as never retrieved


async def _lead(lease: Leadership | None, leading: asyncio.Event, quarantine: Quarantine) -> None:
    """Set `leading` once this replica may write, then keep the Lease. Raises LeaseLostError.

    A standby replica watches already, so that it can take over without listing everything first.
    """
    LEADING.set(0)
    if lease is not None:
        await lease.acquire()
        namespace, slash, name = lease.suspect.partition("/")
        if slash:
            logger.warning("the earlier leader ended while a pass of this app blocked it", extra={"app": lease.suspect})
            quarantine.suspect(Key(namespace, name))
    leading.set()
    LEADING.set(1)
    await (asyncio.Event().wait() if lease is None else lease.keep())


async def _after(event: asyncio.Event, worker: Coroutine[Any, Any, None]) -> None:
    """Run a worker once the event is set."""
    try:
        await event.wait()
    except asyncio.CancelledError:
        worker.close()
        raise
    await worker


async def _list_first(operator: Operator) -> None:
    """Fill the store before the first reconcile, which would otherwise write children again that it does not know.

    The apps come last: what is listed after them would wake those that it may concern, as if it had changed. Raises
    ApiError.
    """
    await operator.policy_watch.list_all()
    await operator.foreign_watch.list_all()
    if operator.gateway_watch is not None:
        await operator.gateway_watch.list_all()
    await operator.resync.list_all()
    operator.store.doubt_listed()


def _why_not_listed(error: ApiError) -> str:
    if isinstance(error, NotFoundError):
        return f"the API server does not serve {PLURAL}.{GROUP}/{VERSION}: apply crds/proxiedapps.yaml"
    return str(error)


async def reconcile_forever(
    queue: Queue[Key], reconciler: Reconciler, watch: LoopWatch, quarantine: Quarantine
) -> None:
    """Reconcile the apps in the queue, one at a time; put aside those whose passes harm the others."""
    while True:
        key = await queue.get()
        if quarantine.is_inherited(key):
            queue.set_aside(key, quarantine.put_aside(key))
            continue
        harm: str | None = None
        with RECONCILE_SECONDS.time(), watch.working_on(str(key)) as work:
            held: list[Callable[[], Awaitable[None]]] = []
            try:
                with reconciler.statuses.holding(key, holds=quarantine.is_aside(key)) as held:
                    outcome = await reconciler.reconcile(key)
            except ApiError as error:
                logger.warning("cannot write the status, will retry: %s", error, extra={"app": str(key)})
                outcome = Outcome(_STATUS_NOT_WRITTEN, retry=True, retry_after=error.retry_after or 0.0)
            except Exception as error:
                logger.exception("defect in the operator, will retry", extra={"app": str(key)})
                outcome = Outcome(_DEFECT)
                harm = f"its last pass failed by a defect of the operator ({type(error).__name__})"
        if harm is None and work.blocked > MAX_PASS_CPU_SECONDS:
            harm = f"its last pass delayed all other apps by more than {MAX_PASS_CPU_SECONDS:g} second"
        if harm is None:
            outcome = await _written(key, held, outcome)
        RECONCILES.labels(outcome.label).inc()
        if harm is not None:
            await _report_quarantine(key, harm, reconciler)
            queue.set_aside(key, quarantine.put_aside(key))
            continue
        if outcome.label != _STATUS_NOT_WRITTEN:
            quarantine.release(key)
        if outcome.retry:
            queue.failed(key, at_least=outcome.retry_after)
        else:
            queue.done(key, again_after=outcome.again_after)


async def _written(key: Key, held: list[Callable[[], Awaitable[None]]], outcome: Outcome) -> Outcome:
    """Make the writes of the status that were held until the pass was known to be in order; return its outcome."""
    try:
        for write in held:
            await write()
    except ApiError as error:
        logger.warning("cannot write the status, will retry: %s", error, extra={"app": str(key)})
        return Outcome(_STATUS_NOT_WRITTEN, retry=True, retry_after=error.retry_after or 0.0)
    return outcome


async def _report_quarantine(key: Key, harm: str, reconciler: Reconciler) -> None:
    """Report in the app's status why it is put aside. If that fails, the log has the reason."""
    logger.warning("the app is put aside, because %s", harm, extra={"app": str(key)})
    try:
        await reconciler.report_quarantine(key, harm)
    except Exception:  # the defect may be in what writes the status
        logger.exception("cannot report that the app is put aside", extra={"app": str(key)})


async def _beat(health: Health) -> None:
    """Record every second that the event loop still runs tasks."""
    while True:
        health.beat()
        await asyncio.sleep(1)


async def _await_change(api: Api, served: frozenset[str], outdated: str, interval: float) -> None:
    """Return once an optional API has been added, removed or brought up to date; check every `interval` seconds."""
    while True:
        await asyncio.sleep(interval)
        try:
            if await served_groups(api) != served:
                return
            if outdated and await outdated_bundle(api) != outdated:
                return
        except ApiError as error:
            logger.debug("checking which optional APIs are served: %s", error)
