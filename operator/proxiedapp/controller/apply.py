"""Carrying out a plan: the only code that writes children.

Every write carries a precondition, so that a stale view can never do damage: an unknown child is applied with a
resourceVersion that no object has, which creates it or conflicts; a known child with its uid; a deletion with the uid.
The route is written last, and old objects are deleted after that: a route whose middleware is missing would answer 404
(measured with Traefik 3.7.15).
"""

import asyncio
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from itertools import product
from typing import Final

from proxiedapp.controller.metrics import WRITES
from proxiedapp.controller.observed.objects import ChildId, ObservedChild, controller_of, is_orphan
from proxiedapp.controller.observed.store import Store
from proxiedapp.controller.plan import Apply, Cause, Plan
from proxiedapp.kube.client import Api
from proxiedapp.kube.errors import (
    ApiError,
    ConflictError,
    NamespaceTerminatingError,
    NotFoundError,
    RefusedError,
    UnavailableError,
)
from proxiedapp.kube.key import Key
from proxiedapp.kube.manifest import Manifest
from proxiedapp.resources.kinds import (
    AUTOSCALER,
    CERTIFICATE,
    CHILD_KINDS,
    CONFIG_MAP,
    DEPLOYMENT,
    DISRUPTION_BUDGET,
    INGRESS_ROUTE,
    MIDDLEWARE,
    NETWORK_POLICY,
    ROUTE_KINDS,
    SERVICE,
    SERVICE_MONITOR,
)

_BESIDE: Final = (AUTOSCALER, DISRUPTION_BUDGET, SERVICE_MONITOR, CERTIFICATE)
"""Children that neither pods nor route depend on. The route does not wait for a Certificate either, because its Secret
appears later in any case."""
_STAGES: Final = (
    (MIDDLEWARE, SERVICE, CONFIG_MAP, NETWORK_POLICY),
    (DEPLOYMENT,),
    (*_BESIDE, *ROUTE_KINDS),
)
"""First what pods and route depend on, then the pods, then the route: if a stage fails, pods and route still fit."""
_NEEDED_BY_ROUTES: Final = (MIDDLEWARE, CERTIFICATE)
"""Children without which a route that is still there answers 404, or with another certificate."""

_CREATE_ONLY: Final = "1"
"""A resourceVersion that no object has: the API server ignores it if it creates the object, and else answers 409.

Measured with Kubernetes 1.36.3; docs/decisions/0002-create-only-apply.md and tests/integration/test_apply.py.
"""


class Change(StrEnum):
    """What became of a child."""

    CREATED = "created"
    CONFIGURED = "configured"
    DELETED = "deleted"
    ALREADY_GONE = "already gone"
    """Another client deleted or replaced it first, so nothing was written."""


_VERBS: Final = {Change.CREATED: "create", Change.CONFIGURED: "update", Change.DELETED: "delete"}
"""The label `verb` of the writes in the metrics."""


@dataclass(frozen=True, slots=True)
class Applied:
    """The child is as desired now."""

    id: ChildId
    change: Change


@dataclass(frozen=True, slots=True)
class NameTaken:
    """An object with the child's name exists and is not ours."""

    id: ChildId
    owner: str
    """Its controller, or "another user"; part of a condition's message."""


@dataclass(frozen=True, slots=True)
class Failed:
    """The API server did not carry out the write; the type of `error` shows whether a retry soon can help."""

    id: ChildId
    error: ApiError


Result = Applied | NameTaken | Failed


@dataclass(frozen=True, slots=True)
class ApplyReport:
    """The outcomes of one pass. Children that were as desired before it are left out."""

    results: tuple[Result, ...] = ()
    pruned: tuple[Applied | Failed, ...] = ()

    @property
    def attempted(self) -> bool:
        """Whether any write was attempted, so that the store may know more than before."""
        return bool(self.results or self.pruned)

    @property
    def complete(self) -> bool:
        """Whether every write succeeded."""
        return all(isinstance(result, Applied) for result in (*self.results, *self.pruned))

    @property
    def problems(self) -> tuple[NameTaken | Failed, ...]:
        """Return the writes that failed, without the deletions."""
        return tuple(result for result in self.results if not isinstance(result, Applied))

    @property
    def routed(self) -> bool:
        """Whether the route and everything that it depends on are as desired."""
        return all(problem.id.kind in _BESIDE for problem in self.problems)

    @property
    def route_unknown(self) -> bool:
        """Whether the answer to a write of a route is missing, so that it may have been written."""
        return any(
            isinstance(result, Failed) and result.id.kind in ROUTE_KINDS and isinstance(result.error, UnavailableError)
            for result in self.results
        )

    @property
    def namespace_terminating(self) -> bool:
        """Whether the app's namespace is being deleted, and with it the app."""
        return any(
            isinstance(result, Failed) and isinstance(result.error, NamespaceTerminatingError)
            for result in self.results
        )

    @property
    def retry_after(self) -> float | None:
        """Return the longest Retry-After of the API server, in seconds; None if it sent none."""
        waits = [
            result.error.retry_after
            for result in (*self.results, *self.pruned)
            if isinstance(result, Failed) and result.error.retry_after is not None
        ]
        return max(waits, default=None)


class Applier:
    """Writes children, records the answers in the store, and wakes the other apps that they concern.

    The watches report the same objects later; the store then ignores them, because it knows these versions.
    """

    def __init__(self, api: Api, store: Store, wake: Callable[[Key], None]) -> None:
        self._api = api
        self._store = store
        self._wake = wake
        for kind, verb in product(CHILD_KINDS, _VERBS.values()):
            WRITES.labels(kind.kind, verb, Cause.DRIFT)  # so that it starts at 0: increase() ignores a first sample

    async def run(self, plan: Plan) -> ApplyReport:
        """Apply what differs in stages, each only if all earlier ones succeeded, and prune after the last stage."""
        report = await self._run(plan)
        for done in (*report.results, *report.pruned):
            if isinstance(done, Applied) and done.change in _VERBS:
                WRITES.labels(done.id.kind.kind, _VERBS[done.change], plan.cause).inc()
        return report

    async def _run(self, plan: Plan) -> ApplyReport:
        results: tuple[Result, ...] = ()
        for applies in _in_stages(plan):
            results += await self._all(applies)
            if not all(isinstance(result, Applied) for result in results):
                return ApplyReport(results)
        return ApplyReport(results, await self._prune_all(plan.prunes))

    async def _all(self, applies: Iterable[Apply]) -> tuple[Result, ...]:
        return tuple(await asyncio.gather(*(self._apply(apply) for apply in applies)))

    async def _apply(self, apply: Apply) -> Result:
        if self._store.terminates_for(apply.id.namespace):  # known since the pass began
            return Failed(apply.id, NamespaceTerminatingError(0, "the namespace is being deleted"))
        try:
            if apply.observed is not None:
                return await self._update(apply, apply.observed.uid)
            return await self._create(apply)
        except ApiError as error:
            if isinstance(error, NamespaceTerminatingError):
                self._store.observe_terminating(apply.id.namespace, refused=True)
            return Failed(apply.id, error)

    async def _create(self, apply: Apply) -> Result:
        try:
            body = await self._api.apply(apply.id.kind, _with(apply.intent, resourceVersion=_CREATE_ONLY), force=False)
        except ConflictError as conflict:
            return await self._resolve_name(apply, conflict)
        return self._applied(apply, body, Change.CREATED)

    async def _resolve_name(self, apply: Apply, conflict: ConflictError) -> Result:
        """Find out whose object has the name, and update it if it is ours, or was and has no controller now."""
        try:
            body = await self._api.get(*apply.id)
        except NotFoundError:
            # Deleted meanwhile; or the conflict is one of admission, for example over the usage of a quota.
            raise UnavailableError(conflict.status, conflict.message) from conflict
        owner = controller_of(body)
        if owner == apply.owner or (owner is None and is_orphan(body)):
            return await self._update(apply, body["metadata"]["uid"])
        if owner is not None and owner.key == apply.owner.key:
            message = f"{apply.id} belongs to a deleted app of the same name and is not garbage-collected yet"
            return Failed(apply.id, UnavailableError(0, message))
        return NameTaken(apply.id, _owner_of(body))

    async def _update(self, apply: Apply, uid: str) -> Result:
        try:
            body = await self._api.apply(apply.id.kind, _with(apply.intent, uid=uid), force=True)
        except (ConflictError, NotFoundError, RefusedError) as error:
            if isinstance(error, RefusedError) and "metadata.uid" not in error.fields:
                raise
            self._store.forget_child(apply.id, uid)  # deleted or replaced, which the next pass takes into account
            raise UnavailableError(error.status, f"{apply.id} has just been deleted or replaced") from error
        return self._applied(apply, body, Change.CONFIGURED)

    def _applied(self, apply: Apply, body: Manifest, change: Change) -> Applied:
        for key in self._store.observe_applied(apply.id.kind, body, apply.digest):
            self._wake(key)
        return Applied(apply.id, change)

    async def _prune_all(self, prunes: Iterable[ObservedChild]) -> tuple[Applied | Failed, ...]:
        """Delete children in order; what a route needs only after each route that is deleted is really gone."""
        results: list[Applied | Failed] = []
        for child in prunes:
            standing = next((one.id for one in results if isinstance(one, Failed) and one.id.kind in ROUTE_KINDS), None)
            if standing is not None and child.id.kind in _NEEDED_BY_ROUTES:
                results.append(Failed(child.id, UnavailableError(0, f"{child.id} waits until {standing} is gone")))
            else:
                results.append(await self._prune(child))
        return tuple(results)

    async def _prune(self, child: ObservedChild) -> Applied | Failed:
        change, gone = Change.DELETED, False
        self._store.begin_pruning(child)
        try:
            try:
                gone = await self._api.delete(*child.id, uid=child.uid)
            except (NotFoundError, ConflictError):
                change, gone = Change.ALREADY_GONE, await self._is_gone(child)
        except ApiError as error:
            return Failed(child.id, error)
        finally:
            concerned = self._store.end_pruning(child, gone=gone)
        if not gone:
            return Failed(child.id, UnavailableError(0, f"{child.id} is not deleted yet"))
        for key in concerned:
            if child.owner is None or key != child.owner.key:
                self._wake(key)
        return Applied(child.id, change)

    async def _is_gone(self, child: ObservedChild) -> bool:
        """Return whether a child is gone, whatever the answer to its deletion was; another object may have its name."""
        try:
            body = await self._api.get(*child.id)
        except NotFoundError:
            return True
        return bool(body["metadata"]["uid"] != child.uid)


def _in_stages(plan: Plan) -> Iterator[list[Apply]]:
    """Yield the groups of writes in order; the writes of one group may be sent at the same time.

    A new route is created before an existing one gives up an entry point to it.
    """
    for kinds in _STAGES:
        stage = [apply for apply in plan.applies if apply.id.kind in kinds]
        if INGRESS_ROUTE in kinds:
            new = [apply for apply in stage if apply.id.kind in ROUTE_KINDS and apply.observed is None]
            yield new
            stage = [apply for apply in stage if apply not in new]
        yield stage


def _with(intent: Manifest, **metadata: str) -> Manifest:
    return intent | {"metadata": intent["metadata"] | metadata}


def _owner_of(body: Manifest) -> str:
    for reference in body["metadata"].get("ownerReferences") or []:
        if reference.get("controller"):
            return f"the {reference['kind']} {reference['name']}"
    return "another user"
