"""Carrying out a plan: the only place where children are written.

Every write states what it takes for granted, so a stale view can never damage anything: an unknown child is applied
with a resourceVersion that no object has, which creates it or conflicts; a known one with its uid; a deletion with the
uid. The route is written last and old objects go after that, so a request never meets a route without its middleware.
"""

import asyncio
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from itertools import product
from typing import Final

from proxiedapp.controller.metrics import WRITES
from proxiedapp.controller.observed.objects import ChildId, ObservedChild, controller_of
from proxiedapp.controller.observed.ownedfields import intent_digest, owned_digest
from proxiedapp.controller.observed.store import Store
from proxiedapp.controller.plan import Apply, Cause, Plan
from proxiedapp.kube.client import (
    Api,
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
    SERVICE,
    SERVICE_MONITOR,
)

_BESIDE: Final = (AUTOSCALER, DISRUPTION_BUDGET, SERVICE_MONITOR, CERTIFICATE)
"""What neither pods nor route stand on; a Certificate neither, since its Secret comes later in any case."""
_STAGES: Final = (
    (MIDDLEWARE, SERVICE, CONFIG_MAP, NETWORK_POLICY),
    (DEPLOYMENT,),
    (*_BESIDE, INGRESS_ROUTE),
)
"""What pods and route stand on first, so that where one of it fails the two still fit together; then the pods, and
the route last."""

_CREATE_ONLY: Final = "1"
"""A resourceVersion that no object has: the API server ignores it for a new object and refuses it for another's."""


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
    """An object with the child's name belongs to somebody else."""

    id: ChildId
    holder: str


@dataclass(frozen=True, slots=True)
class Failed:
    """The API server did not do it; `error` says whether trying again soon can help."""

    id: ChildId
    error: ApiError


Result = Applied | NameTaken | Failed


@dataclass(frozen=True, slots=True)
class ApplyReport:
    """The outcomes of one pass; what was as desired already is not among them."""

    results: tuple[Result, ...] = ()
    pruned: tuple[Applied | Failed, ...] = ()

    @property
    def changed(self) -> bool:
        """Whether any request was made, so that the store may know more than before."""
        return bool(self.results or self.pruned)

    @property
    def complete(self) -> bool:
        """Whether nothing is left to do."""
        return all(isinstance(result, Applied) for result in (*self.results, *self.pruned))

    @property
    def problems(self) -> tuple[NameTaken | Failed, ...]:
        """Return what stands between the observed and the desired children."""
        return tuple(result for result in self.results if not isinstance(result, Applied))

    @property
    def routed(self) -> bool:
        """Whether the route, and all that it stands on, is as desired."""
        return all(problem.id.kind in _BESIDE for problem in self.problems)

    @property
    def namespace_terminating(self) -> bool:
        """Whether the app's namespace is being deleted, and the app with it."""
        return any(
            isinstance(result, Failed) and isinstance(result.error, NamespaceTerminatingError)
            for result in self.results
        )

    @property
    def retry_after(self) -> float | None:
        """Return the longest wait that the API server asked for, in seconds."""
        asked = [
            result.error.retry_after
            for result in (*self.results, *self.pruned)
            if isinstance(result, Failed) and result.error.retry_after is not None
        ]
        return max(asked, default=None)


class Applier:
    """Writes children and tells the store, and other apps whom it concerns, what the API server answered.

    The watch will tell it too, but later, and as no news.
    """

    def __init__(self, api: Api, store: Store, wake: Callable[[Key], None]) -> None:
        self._api = api
        self._store = store
        self._wake = wake
        for kind, verb in product(CHILD_KINDS, _VERBS.values()):
            WRITES.labels(kind.kind, verb, Cause.DRIFT)  # an alert asks for these, and does not see a series begin

    async def run(self, plan: Plan) -> ApplyReport:
        """Apply what differs, stage by stage, each only if all before it succeeded; prune after the last one."""
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
        return ApplyReport(results, tuple([await self._prune(child) for child in plan.prunes]))

    async def _all(self, applies: Iterable[Apply]) -> tuple[Result, ...]:
        return tuple(await asyncio.gather(*(self._apply(apply) for apply in applies)))

    async def _apply(self, apply: Apply) -> Result:
        try:
            if apply.observed is not None:
                return await self._update(apply, apply.observed.uid)
            return await self._create(apply)
        except ApiError as error:
            return Failed(apply.id, error)

    async def _create(self, apply: Apply) -> Result:
        try:
            body = await self._api.apply(apply.id.kind, _with(apply.intent, resourceVersion=_CREATE_ONLY), force=False)
        except ConflictError:
            return await self._meet(apply)
        return self._applied(apply, body, Change.CREATED)

    async def _meet(self, apply: Apply) -> Result:
        """Find out whose object has the name: ours after all, an orphan of ours, or a foreign one."""
        body = await self._api.get(*apply.id)
        owner = controller_of(body)
        if owner == apply.owner or (owner is None and _is_orphan(body)):
            return await self._update(apply, body["metadata"]["uid"])
        if owner is not None and owner.key == apply.owner.key:
            gone = UnavailableError(0, f"{apply.id} of the deleted app of the same name is still being collected")
            return Failed(apply.id, gone)
        return NameTaken(apply.id, _holder(body))

    async def _update(self, apply: Apply, uid: str) -> Result:
        try:
            body = await self._api.apply(apply.id.kind, _with(apply.intent, uid=uid), force=True)
        except (ConflictError, NotFoundError, RefusedError) as error:
            if isinstance(error, RefusedError) and "metadata.uid" not in error.fields:
                raise
            self._store.forget_child(apply.id, uid)  # it is gone, or replaced: the next pass starts from that
            raise UnavailableError(error.status, f"{apply.id} has just been deleted or replaced") from error
        return self._applied(apply, body, Change.CONFIGURED)

    def _applied(self, apply: Apply, body: Manifest, change: Change) -> Applied:
        for key in self._store.observe_applied(apply.id.kind, body, intent_digest(apply.intent)):
            self._wake(key)
        return Applied(apply.id, change)

    async def _prune(self, child: ObservedChild) -> Applied | Failed:
        change = Change.DELETED
        try:
            await self._api.delete(*child.id, uid=child.uid)
        except (NotFoundError, ConflictError):
            change = Change.ALREADY_GONE  # a new object of this name is not ours to delete
        except ApiError as error:
            return Failed(child.id, error)
        for key in self._store.forget_child(child.id, child.uid):
            if child.owner is None or key != child.owner.key:
                self._wake(key)
        return Applied(child.id, change)


def _in_stages(plan: Plan) -> Iterator[list[Apply]]:
    """Yield the writes that may go at the same time, in order.

    A new route comes before another one gives up an entry point to it, and what stands beside holds neither up.
    """
    for kinds in _STAGES:
        stage = [apply for apply in plan.applies if apply.id.kind in kinds]
        if INGRESS_ROUTE in kinds:
            new = [apply for apply in stage if apply.id.kind is INGRESS_ROUTE and apply.observed is None]
            yield new
            stage = [apply for apply in stage if apply not in new]
        yield stage


def _with(intent: Manifest, **metadata: str) -> Manifest:
    return intent | {"metadata": intent["metadata"] | metadata}


def _is_orphan(body: Manifest) -> bool:
    """Whether we once applied the object and nobody controls it now, as after `kubectl delete --cascade=orphan`."""
    controlled = any(reference.get("controller") for reference in body["metadata"].get("ownerReferences") or [])
    return not controlled and owned_digest(body) is not None


def _holder(body: Manifest) -> str:
    for reference in body["metadata"].get("ownerReferences") or []:
        if reference.get("controller"):
            return f"the {reference['kind']} {reference['name']}"
    return "somebody else"
