"""What the operator consists of, built from its settings: no I/O but the question which optional APIs are served."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from importlib.metadata import version
from operator import attrgetter
from typing import Final

from proxiedapp.api.reasons import Reason
from proxiedapp.controller.apply import Applier
from proxiedapp.controller.awaited import Awaited
from proxiedapp.controller.metrics import APPS, APPS_VERIFIED, BUILD, FOREIGN_INCOMPLETE, QUEUE_AGE, QUEUE_DEPTH
from proxiedapp.controller.observed.foreignroutes import ForeignRoutes
from proxiedapp.controller.observed.gateways import Gateways
from proxiedapp.controller.observed.policies import Policies
from proxiedapp.controller.observed.store import Store
from proxiedapp.controller.queue import Queue
from proxiedapp.controller.reconcile import Reconciler
from proxiedapp.controller.verification import Verifier
from proxiedapp.controller.watch.awaitedwatch import AwaitedWatch
from proxiedapp.controller.watch.childwatch import ChildWatch
from proxiedapp.controller.watch.foreignwatch import ForeignRouteWatch
from proxiedapp.controller.watch.gatewaywatch import GatewayWatch
from proxiedapp.controller.watch.policywatch import PolicyWatch
from proxiedapp.controller.watch.resync import Resync
from proxiedapp.controller.watchedkinds import OPTIONAL_KINDS, PROXIED_APP, watched_children
from proxiedapp.kube.client import Api
from proxiedapp.kube.key import Key
from proxiedapp.process.settings import Settings
from proxiedapp.routing.gateway import GATEWAY_GROUP
from proxiedapp.verify.check import verify

_SECOND_LOOK: Final = 0.5
"""Seconds after which an API that was missing is looked for again."""


@dataclass(frozen=True, slots=True)
class Operator:
    """The parts of one run. Their state is lost when the run ends; the next one reads it from the API server."""

    api: Api
    served: frozenset[str]
    """Groups of the optional APIs that the API server serves."""
    store: Store
    queue: Queue[Key]
    resync: Resync
    child_watch: ChildWatch
    foreign_watch: ForeignRouteWatch
    gateway_watch: GatewayWatch | None
    """None if the cluster does not serve Gateway API, or if the operator serves some namespaces only."""
    policy_watch: PolicyWatch
    awaited_watch: AwaitedWatch
    verifier: Verifier
    reconciler: Reconciler

    def publish_metrics(self) -> None:
        """Let the metrics that are read at each scrape read from these parts."""
        QUEUE_DEPTH.set_function(self.queue.depth)
        QUEUE_AGE.set_function(self.queue.age)
        FOREIGN_INCOMPLETE.set_function(self.reconciler.foreign_routes.incomplete)
        BUILD.labels(version("proxiedapp")).set(1)
        for reason in Reason:
            APPS.labels(reason.value).set_function(partial(self.store.reasons.__getitem__, reason.value))
        for right in (True, False):
            APPS_VERIFIED.labels(str(right).lower()).set_function(partial(self.verifier.count, right=right))


def assemble(settings: Settings, api: Api, served: frozenset[str]) -> Operator:
    """Return the parts of an operator with these settings, for an API server that serves these optional groups."""
    store = Store(settings.defaults.entry_points)
    queue: Queue[Key] = Queue(
        backoff=settings.backoff_seconds,
        backoff_max=settings.backoff_max_seconds,
        group=attrgetter("namespace"),
        group_limit=_group_limit(settings.concurrency),
    )
    children = watched_children(served)
    resync = Resync(
        api,
        store,
        queue.add,
        kinds=(PROXIED_APP, *children),
        namespaces=settings.namespaces,
        recheck=queue.recheck,
    )
    foreign_routes = ForeignRoutes()
    gateways = Gateways()
    policies = Policies()
    awaited = Awaited()
    verifier = Verifier(
        verify, queue.add, interval=settings.verify_seconds, group_limit=_group_limit(settings.verify_concurrency)
    )
    return Operator(
        api=api,
        served=served,
        store=store,
        queue=queue,
        resync=resync,
        child_watch=ChildWatch(api, store, resync, queue.add, repair=queue.repair, kinds=children),
        foreign_watch=ForeignRouteWatch(
            api,
            store,
            foreign_routes,
            queue.add,
            namespaces=settings.namespaces,
            retry_interval=settings.resync_seconds,
        ),
        gateway_watch=(
            GatewayWatch(api, store, gateways, queue.add, retry_interval=settings.resync_seconds)
            if GATEWAY_GROUP in served and not settings.namespaces
            else None
        ),
        policy_watch=PolicyWatch(
            api,
            store,
            policies,
            queue.add,
            must_read=not settings.namespaces,
            retry_interval=settings.api_look_seconds,
        ),
        awaited_watch=AwaitedWatch(api, awaited, queue.add),
        verifier=verifier,
        reconciler=Reconciler.assemble(
            api=api,
            store=store,
            foreign_routes=foreign_routes,
            gateways=gateways,
            applier=Applier(api, store, queue.add),
            defaults=settings.defaults,
            served=served,
            policies=policies,
            now=partial(datetime.now, UTC),
            wake=queue.add,
            verifier=verifier,
            proxy_urls=settings.proxy_urls,
            pod_ip=settings.pod_ip,
            awaited=awaited,
        ),
    )


def _group_limit(workers: int) -> int:
    """Return how many workers one namespace may occupy: three of four, the others remain for other namespaces."""
    return max(1, workers * 3 // 4)


async def served_groups(api: Api, *, sleep: Callable[[float], Awaitable[None]] = asyncio.sleep) -> frozenset[str]:
    """Return the groups of the optional APIs of which the API server serves every kind that the operator writes.

    An API counts as absent after two looks. Without Traefik's API every app stalls, and a single 404 may come from an
    API server that has just started. Raises ApiError.
    """
    groups = frozenset(kind.group for kind in OPTIONAL_KINDS)
    served = await _look(api, groups)
    if missing := groups - served:
        await sleep(_SECOND_LOOK)
        served |= await _look(api, missing)
    return served


async def _look(api: Api, groups: frozenset[str]) -> frozenset[str]:
    kinds: dict[tuple[str, str], set[str]] = {}
    for kind in OPTIONAL_KINDS:
        if kind.group in groups:
            kinds.setdefault((kind.group, kind.version), set()).add(kind.plural)
    return frozenset(
        [group for (group, version), plurals in kinds.items() if await api.serves(group, version, frozenset(plurals))]
    )
