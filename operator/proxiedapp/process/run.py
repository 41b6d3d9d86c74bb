"""The operator as a process: everything put together, started in order, watched over, and stopped."""

import asyncio
import logging
import os
import signal
import socket
from collections.abc import Coroutine
from datetime import UTC, datetime
from functools import partial
from importlib.metadata import version
from typing import Any, Final
from uuid import uuid4

from kubernetes.aio.config import ConfigException

from proxiedapp.api.names import GROUP, PLURAL, VERSION
from proxiedapp.api.reasons import Reason
from proxiedapp.controller.apply import Applier
from proxiedapp.controller.metrics import (
    APPS,
    APPS_VERIFIED,
    BUILD,
    LEADING,
    QUEUE_AGE,
    QUEUE_DEPTH,
    RECONCILE_SECONDS,
    RECONCILES,
)
from proxiedapp.controller.observed.foreignroutes import ForeignRoutes
from proxiedapp.controller.observed.store import Store
from proxiedapp.controller.queue import Queue
from proxiedapp.controller.reconcile import Reconciler
from proxiedapp.controller.verification import Verifier
from proxiedapp.controller.watch import kopfwatch
from proxiedapp.controller.watch.foreignwatch import ForeignRouteWatch
from proxiedapp.controller.watch.resync import Resync
from proxiedapp.controller.watchedkinds import OPTIONAL_KINDS, PROXIED_APP, watched_children
from proxiedapp.kube.client import Api, ApiError, NotFoundError, UnavailableError, connect
from proxiedapp.kube.key import Key
from proxiedapp.process.health import Health, listen, serve_health
from proxiedapp.process.lease import Lease, LeaseLostError
from proxiedapp.process.settings import Settings
from proxiedapp.resources.kinds import TRAEFIK_GROUP
from proxiedapp.verify.check import verify

logger = logging.getLogger(__name__)

_DEFECTS: Final = RECONCILES.labels("Defect")
_STATUS_NOT_WRITTEN: Final = RECONCILES.labels("StatusNotWritten")
"""From 0 on: in a series that begins with its first error Prometheus sees no rise."""

_FIRST_LIST_TRIES: Final = 30
"""How often the first lists are tried, a second or more apart, before the operator ends and is started again."""


class FatalError(Exception):
    """The operator cannot work here, or not any more; the text is one line that says why and what to do."""


async def run_until_stopped(settings: Settings) -> None:
    """Run the operator until SIGTERM or SIGINT; raises FatalError."""
    try:
        listener = listen(settings.health_host, settings.health_port)
    except OSError as error:
        raise FatalError(
            f"port {settings.health_port} for health and metrics cannot be used ({os.strerror(error.errno or 0)}): "
            "free it, or set PROXIEDAPP_HEALTH_PORT"
        ) from error
    health = Health()
    with serve_health(health, listener):
        again = True
        while again:
            again = await _until_signal(_run_once(settings, health))
            if again:
                logger.info("an optional API has appeared or gone: starting over to watch what there is")


async def _until_signal(work: Coroutine[Any, Any, bool]) -> bool:
    """Return what the work returns, or False once SIGTERM or SIGINT has ended it.

    kopf puts its own handlers in place of these, but late. Without any, the first process of a container ignores
    SIGTERM, and another one would not give its Lease up.
    """
    task, told = asyncio.create_task(work), asyncio.Event()

    def stop() -> None:
        told.set()
        task.cancel()

    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop)
    try:
        return await task
    except asyncio.CancelledError:
        if not told.is_set():
            raise
        return False


async def _run_once(settings: Settings, health: Health) -> bool:
    """Run until told to stop (False), or until an optional API appears or goes (True)."""
    try:
        client = await connect(settings.kubeconfig)
    except (ConfigException, OSError) as error:
        raise FatalError(f"no way to the cluster: {error}. Set KUBECONFIG, or run in a pod") from error
    lease = _lease(settings, Api(client, timeout=settings.request_timeout_seconds))
    may_write = None if lease is None else lease.check
    api = Api(client, timeout=settings.request_timeout_seconds, may_write=may_write)
    try:
        return await _serve(settings, api, health, await _served(api), lease)
    except LeaseLostError as error:
        raise FatalError(f"{error}: ending, so that never two replicas write") from error
    except ApiError as error:
        raise FatalError(f"the API server at {api.server} does not let us start: {error}") from error
    except kopfwatch.WatchEndedError as error:
        raise FatalError(
            f"watching the API server at {api.server} ended ({error}): start the operator again"
        ) from error
    finally:
        if lease is not None:
            await lease.release()
        await api.close()


def _lease(settings: Settings, api: Api) -> Lease | None:
    """Return our part in the election; None where there is none."""
    if not settings.lease or settings.own_namespace is None:
        return None
    return Lease(
        api,
        namespace=settings.own_namespace,
        name=settings.lease_name,
        identity=settings.identity or f"{socket.gethostname()}-{uuid4().hex[:8]}",
        seconds=settings.lease_seconds,
    )


async def _served(api: Api) -> frozenset[str]:
    """Return the groups of the optional APIs that the API server serves with all kinds that we write."""
    kinds: dict[tuple[str, str], set[str]] = {}
    for kind in OPTIONAL_KINDS:
        kinds.setdefault((kind.group, kind.version), set()).add(kind.plural)
    return frozenset(
        [group for (group, version), plurals in kinds.items() if await api.serves(group, version, frozenset(plurals))]
    )


async def _serve(settings: Settings, api: Api, health: Health, served: frozenset[str], lease: Lease | None) -> bool:
    store = Store(settings.defaults.entry_points)
    queue: Queue[Key] = Queue(backoff=settings.backoff_seconds, backoff_max=settings.backoff_max_seconds)
    kinds = (PROXIED_APP, *watched_children(served))
    resync = Resync(api, store, queue.add, kinds=kinds, namespaces=settings.namespaces)
    foreign_routes = ForeignRoutes()
    foreign_watch = ForeignRouteWatch(
        api, store, foreign_routes, queue.add, namespaces=settings.namespaces, retry_interval=settings.resync_seconds
    )
    verifier = Verifier(verify, queue.add, interval=settings.verify_seconds)
    reconciler = Reconciler.assemble(
        api=api,
        store=store,
        foreign_routes=foreign_routes,
        applier=Applier(api, store, queue.add),
        defaults=settings.defaults,
        entry_point_urls=settings.entry_point_urls,
        served=served,
        now=partial(datetime.now, UTC),
        wake=queue.add,
        verifier=verifier,
        proxy_urls=settings.proxy_urls,
        pod_ip=settings.pod_ip,
    )
    await _first_lists(resync)
    await foreign_watch.list_all()
    QUEUE_DEPTH.set_function(queue.depth)
    QUEUE_AGE.set_function(queue.age)
    BUILD.labels(version("proxiedapp")).set(1)
    for reason in Reason:
        APPS.labels(reason.value).set_function(partial(store.reasons.__getitem__, reason.value))
    for right in (True, False):
        APPS_VERIFIED.labels(str(right).lower()).set_function(partial(verifier.count, right=right))
    apps, apis = store.counts()[PROXIED_APP.kind], ", ".join(sorted(served)) or "none"
    logger.info("watching %d apps; optional APIs: %s", apps, apis)
    health.waiting_for = None
    changed, leading = asyncio.Event(), asyncio.Event()
    helpers: list[Coroutine[Any, Any, None]] = [
        _lead(lease, leading),
        *(_once(leading, _work(queue, reconciler)) for _ in range(settings.concurrency)),
        *(_once(leading, verifier.work()) for _ in range(settings.verify_concurrency)),
        resync.serve_requests(),
        resync.repeat(settings.resync_seconds),
        foreign_watch.watch_all(),
        _beat(health),
        _await_change(api, served, changed, settings.api_look_seconds),
    ]
    if TRAEFIK_GROUP not in served:
        logger.warning(
            "Traefik's API (traefik.io/v1alpha1) is missing: install Traefik; no route is written until then"
        )
    # The helpers start before kopf, which on its way out cancels every task that is younger than itself.
    tasks = [asyncio.create_task(helper) for helper in helpers]
    tasks.append(asyncio.create_task(kopfwatch.watch(api, store, resync, queue.add, namespaces=settings.namespaces)))
    try:
        done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        for task in done:
            task.result()  # if a helper failed, so do we, and start again from nothing
    finally:
        # A pass may be cut between two writes: the next start finds what is missing.
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
    return changed.is_set()


async def _lead(lease: Lease | None, leading: asyncio.Event) -> None:
    """Let the work begin once we may write; until then everything is watched already. Raises LeaseLostError."""
    LEADING.set(0)
    if lease is not None:
        await lease.acquire()
    leading.set()
    LEADING.set(1)
    await (asyncio.Event().wait() if lease is None else lease.keep())


async def _once(begun: asyncio.Event, work: Coroutine[Any, Any, None]) -> None:
    """Work from some moment on."""
    try:
        await begun.wait()
    except asyncio.CancelledError:
        work.close()
        raise
    await work


async def _first_lists(resync: Resync) -> None:
    """Fill the store before anything is decided: with half of the picture, children would be written anew.

    An API server that asks to come back, as it does in the first seconds of a new kind, is asked again for a while.
    """
    for patience in range(_FIRST_LIST_TRIES, 0, -1):
        try:
            await resync.list_all()
        except NotFoundError as error:
            raise FatalError(
                f"the API server does not know {PLURAL}.{GROUP}/{VERSION}: apply crds/proxiedapps.yaml first"
            ) from error
        except UnavailableError as error:
            if error.status == 0 or patience == 1:
                raise
            await asyncio.sleep(error.retry_after or 1.0)
        else:
            return


async def _work(queue: Queue[Key], reconciler: Reconciler) -> None:
    while True:
        key = await queue.get()
        with RECONCILE_SECONDS.time():
            try:
                outcome = await reconciler.reconcile(key)
            except ApiError as error:
                logger.warning("the status could not be written, trying again: %s", error, extra={"app": str(key)})
                _STATUS_NOT_WRITTEN.inc()
                queue.failed(key, at_least=error.retry_after or 0.0)
                continue
            except Exception:
                logger.exception("a defect in the operator; trying again later", extra={"app": str(key)})
                _DEFECTS.inc()
                queue.failed(key)
                continue
        RECONCILES.labels(outcome.label).inc()
        if outcome.retry:
            queue.failed(key, at_least=outcome.retry_after)
        else:
            queue.done(key)


async def _beat(health: Health) -> None:
    while True:
        health.beat()
        await asyncio.sleep(1)


async def _await_change(api: Api, served: frozenset[str], changed: asyncio.Event, pause: float) -> None:
    """End once an optional API has appeared or gone."""
    while not changed.is_set():
        await asyncio.sleep(pause)
        try:
            if await _served(api) != served:
                changed.set()
        except ApiError as error:
            logger.debug("looking for optional APIs: %s", error)
