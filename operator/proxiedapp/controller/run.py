"""The operator as a process: everything put together, started in order, watched over, and stopped."""

import asyncio
import logging
import os
from collections.abc import Coroutine
from datetime import UTC, datetime
from functools import partial
from typing import Any, Final

from kubernetes.aio.config import ConfigException

from proxiedapp.api.names import GROUP, PLURAL, VERSION, Key
from proxiedapp.controller import edge
from proxiedapp.controller.apply import Applier
from proxiedapp.controller.client import Api, ApiError, NotFound, Unavailable, connect
from proxiedapp.controller.health import Health, listen, serve_health
from proxiedapp.controller.kinds import PROXIED_APP, watched_children
from proxiedapp.controller.lookout import Lookout
from proxiedapp.controller.metrics import APPS_VERIFIED, QUEUE_DEPTH, RECONCILE_SECONDS, RECONCILES
from proxiedapp.controller.neighbours import Neighbours
from proxiedapp.controller.queue import Queue
from proxiedapp.controller.reconcile import Reconciler
from proxiedapp.controller.resync import Resync
from proxiedapp.controller.settings import Settings
from proxiedapp.controller.store import Store
from proxiedapp.controller.verification import Verifier
from proxiedapp.resources.kinds import INGRESS_ROUTE, MIDDLEWARE, TRAEFIK_GROUP
from proxiedapp.verify.check import verify

logger = logging.getLogger(__name__)


_FIRST_LIST_TRIES: Final = 30
"""How often the first lists are tried, a second or more apart, before the operator ends and is started again."""


class CannotGoOn(Exception):
    """The operator cannot work here, or not any more; the text is one line that says why and what to do."""


async def run_until_stopped(settings: Settings) -> None:
    """Run the operator until SIGTERM or SIGINT; raises CannotGoOn."""
    try:
        listener = listen(settings.health_host, settings.health_port)
    except OSError as error:
        raise CannotGoOn(
            f"port {settings.health_port} for health and metrics cannot be used ({os.strerror(error.errno or 0)}): "
            "free it, or set PROXIEDAPP_HEALTH_PORT"
        ) from error
    health = Health()
    with serve_health(health, listener):
        while await _run_once(settings, health):
            logger.info("Traefik's API has appeared: starting over to watch it")


async def _run_once(settings: Settings, health: Health) -> bool:
    """Run until told to stop (False), or until Traefik's API appears where it was missing (True)."""
    try:
        client = await connect(settings.kubeconfig)
    except (ConfigException, OSError) as error:
        raise CannotGoOn(f"no way to the cluster: {error}. Set KUBECONFIG, or run in a pod") from error
    api = Api(client, timeout=settings.request_timeout_seconds)
    try:
        traefik = await _traefik_served(api)
        return await _serve(settings, api, health, traefik_served=traefik)
    except ApiError as error:
        raise CannotGoOn(f"the API server at {api.server} does not let us start: {error}") from error
    except edge.WatchEnded as error:
        raise CannotGoOn(
            f"watching the API server at {api.server} ended ({error}): start the operator again"
        ) from error
    finally:
        await api.close()


async def _traefik_served(api: Api) -> bool:
    return await api.serves(TRAEFIK_GROUP, "v1alpha1", frozenset({INGRESS_ROUTE.plural, MIDDLEWARE.plural}))


async def _serve(settings: Settings, api: Api, health: Health, *, traefik_served: bool) -> bool:
    store = Store(settings.defaults.entry_points)
    queue: Queue[Key] = Queue(backoff=settings.backoff_seconds, backoff_max=settings.backoff_max_seconds)
    kinds = (PROXIED_APP, *watched_children(traefik_served=traefik_served))
    resync = Resync(api, store, queue.add, kinds=kinds, namespaces=settings.namespaces)
    neighbours = Neighbours()
    lookout = Lookout(
        api, store, neighbours, queue.add, namespaces=settings.namespaces, look_again=settings.resync_seconds
    )
    verifier = Verifier(verify, queue.add, interval=settings.verify_seconds)
    reconciler = Reconciler(
        api=api,
        store=store,
        neighbours=neighbours,
        applier=Applier(api, store, queue.add),
        defaults=settings.defaults,
        entry_point_urls=settings.entry_point_urls,
        traefik_served=traefik_served,
        now=partial(datetime.now, UTC),
        wake=queue.add,
        verifier=verifier,
        proxy_urls=settings.proxy_urls,
        pod_ip=settings.pod_ip,
    )
    await _first_lists(resync)
    await lookout.first()
    QUEUE_DEPTH.set_function(lambda: len(queue))
    for right in (True, False):
        APPS_VERIFIED.labels(str(right).lower()).set_function(partial(verifier.count, right=right))
    logger.info("watching %d apps", store.counts()[PROXIED_APP.kind])
    health.waiting_for = None
    appeared = asyncio.Event()
    helpers: list[Coroutine[Any, Any, None]] = [
        *(_work(queue, reconciler) for _ in range(settings.concurrency)),
        *(verifier.work() for _ in range(settings.verify_concurrency)),
        resync.serve_asked(),
        resync.repeat(settings.resync_seconds),
        lookout.follow(),
        _beat(health),
    ]
    if not traefik_served:
        logger.warning(
            "Traefik's API (traefik.io/v1alpha1) is missing: install Traefik; no route is written until then"
        )
        helpers.append(_await_traefik(api, appeared, settings.traefik_look_seconds))
    # The helpers start before kopf, which on its way out cancels every task that is younger than itself.
    tasks = [asyncio.create_task(helper) for helper in helpers]
    tasks.append(asyncio.create_task(edge.watch(api, store, resync, queue.add, namespaces=settings.namespaces)))
    try:
        done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        for task in done:
            task.result()  # if a helper failed, so do we, and start again from nothing
    finally:
        # A pass may be cut between two writes: the next start finds what is missing.
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
    return appeared.is_set()


async def _first_lists(resync: Resync) -> None:
    """Fill the store before anything is decided: with half of the picture, children would be written anew.

    An API server that asks to come back, as it does in the first seconds of a new kind, is asked again for a while.
    """
    for patience in range(_FIRST_LIST_TRIES, 0, -1):
        try:
            await resync.all()
        except NotFound as error:
            raise CannotGoOn(
                f"the API server does not know {PLURAL}.{GROUP}/{VERSION}: apply crds/proxiedapps.yaml first"
            ) from error
        except Unavailable as error:
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
                RECONCILES.labels("StatusNotWritten").inc()
                queue.failed(key, at_least=error.retry_after or 0.0)
                continue
            except Exception:
                logger.exception("a defect in the operator; trying again later", extra={"app": str(key)})
                RECONCILES.labels("Defect").inc()
                queue.failed(key)
                continue
        RECONCILES.labels(outcome.word).inc()
        if outcome.retry:
            queue.failed(key, at_least=outcome.retry_after)
        else:
            queue.done(key)


async def _beat(health: Health) -> None:
    while True:
        health.beat()
        await asyncio.sleep(1)


async def _await_traefik(api: Api, appeared: asyncio.Event, pause: float) -> None:
    """End once Traefik's API is served."""
    while not appeared.is_set():
        await asyncio.sleep(pause)
        try:
            if await _traefik_served(api):
                appeared.set()
        except ApiError as error:
            logger.debug("looking for Traefik's API: %s", error)
