"""One pass for one app: decide, write what differs, tell."""

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from proxiedapp.api.app import ProxiedApp, parse_spec
from proxiedapp.api.conditions import condition_of, conditions_of
from proxiedapp.api.errors import MiddlewareMissingError, RejectedError, RouteConflictError
from proxiedapp.api.names import API_VERSION, KIND
from proxiedapp.api.status import Condition, ConditionType
from proxiedapp.controller.apply import Applier, ApplyReport
from proxiedapp.controller.events import EVENT, newly_stalled, warning
from proxiedapp.controller.metrics import WRITES
from proxiedapp.controller.observed.foreignroutes import ForeignRoutes
from proxiedapp.controller.observed.objects import ObservedApp
from proxiedapp.controller.observed.store import Store
from proxiedapp.controller.observed.workload import Workload
from proxiedapp.controller.plan import Cause, Plan, plan
from proxiedapp.controller.podproblems import Diagnosis, of_deployment, of_pods
from proxiedapp.controller.status import Pass, applied, next_status, rejected, verified_condition
from proxiedapp.controller.verification import Verifier
from proxiedapp.controller.verifytarget import verify_request_of
from proxiedapp.controller.watchedkinds import POD, PROXIED_APP
from proxiedapp.kube.client import Api, ApiError, ConflictError, NotFoundError, RefusedError
from proxiedapp.kube.key import Key
from proxiedapp.kube.manifest import Manifest
from proxiedapp.resources.defaults import Defaults
from proxiedapp.resources.desired import Desired, desired
from proxiedapp.resources.kinds import INGRESS_ROUTE, MIDDLEWARE
from proxiedapp.resources.metadata import selector
from proxiedapp.resources.scaling import Scale
from proxiedapp.routing.claim import Contender, RouteKey, assign_holders
from proxiedapp.routing.overlap import find_overlap

_PATIENCE: Final = 5.0
"""Seconds that pods may take to come up before they are looked at."""

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a pass ended; `retry`: whether it must be tried again, after at least `retry_after` seconds."""

    word: str
    retry: bool = False
    retry_after: float = 0.0


@dataclass(frozen=True, slots=True)
class Reconciler:
    """All that a pass needs; it keeps nothing of its own."""

    api: Api
    store: Store
    neighbours: ForeignRoutes
    applier: Applier
    defaults: Defaults
    entry_point_urls: Mapping[str, str]
    served: frozenset[str]
    """Which of the optional APIs the cluster serves."""
    now: Callable[[], datetime]
    wake: Callable[[Key], None]
    verifier: Verifier
    proxy_urls: Mapping[str, str]
    pod_ip: str | None

    async def reconcile(self, key: Key) -> Outcome:
        """Bring one app's children and status to what its spec asks for."""
        app, observed = self.store.snapshot(key)
        if app is None or app.deleting:
            self.verifier.forget(key)
            return Outcome("gone")  # the garbage collector takes the children
        if app.suspended:
            await self._tell(app, None, Pass(suspended=True))
            return Outcome("suspended")
        want: Desired | None = None
        report = ApplyReport()
        waits = False
        try:
            want = self._desired(app)
            conflict = self._conflict(app)
            todo = plan(app, want.children_without_route if conflict else want.children, observed)
            await self._check_middlewares(todo, want)
            report = await self.applier.run(todo)
            if report.namespace_going:
                return Outcome("gone")
            made = rejected(conflict) if conflict and not report.problems else applied(report)
        except RejectedError as error:
            made = rejected(error)
            waits = isinstance(error, MiddlewareMissingError)
        look_again = 0.0
        if made.problem is None and want is not None:
            trouble, look_again = await self._trouble(app)
            overlap = find_overlap(want.route, self.defaults.entry_points, self.neighbours.at)
            made = replace(made, trouble=trouble, overlap=overlap)
        await self._tell(app, want if made.routed else None, made)
        word = made.problem.reason if made.problem is not None else "applied" if report.results else "ready"
        if waits or not report.complete:
            return Outcome(word, retry=True, retry_after=report.retry_after or 0.0)
        return Outcome(word, retry=look_again > 0, retry_after=look_again)

    def _desired(self, app: ObservedApp) -> Desired:
        workload = self._workload(app)
        scale = None if workload is None else Scale(workload.desired, by_others=workload.scaled_by_others)
        return desired(ProxiedApp(app.key, parse_spec(app.spec)), self.defaults, scale, self.served)

    async def _trouble(self, app: ObservedApp) -> tuple[Diagnosis | None, float]:
        """Return what keeps the pods from coming up, and in how many seconds it is worth to look again; 0 for never.

        The pods are asked only where the rollout takes long: watching all pods of a cluster would cost far more.
        """
        workload = self._workload(app)
        if workload is None or (workload.rolled_out and workload.available):
            return None, 0.0
        if (found := of_deployment(workload)) is not None:
            return found, _PATIENCE
        ready = condition_of(app.status, ConditionType.READY)
        waited = (
            0.0
            if ready is None or ready.status == "True"
            else (self.now() - ready.last_transition_time).total_seconds()
        )
        if waited < _PATIENCE:
            return None, _PATIENCE - waited
        labels = ",".join(f"{key}={value}" for key, value in selector(app.key).items())
        return of_pods(await self.api.some(POD, app.key.namespace, labels)), _PATIENCE

    async def _check_middlewares(self, todo: Plan, want: Desired) -> None:
        """Raise MiddlewareMissingError if a route about to be written names a Middleware that does not exist."""
        if not any(apply.id.kind is INGRESS_ROUTE for apply in todo.applies):
            return
        for name in want.route.middlewares:
            try:
                await self.api.get(MIDDLEWARE, want.app.key.namespace, name)
            except NotFoundError:
                raise MiddlewareMissingError(
                    "spec.route.middlewares",
                    f"there is no Middleware {name} in this namespace, and a route that names it would answer 404",
                    "Create it, or remove it from the list",
                ) from None

    def _conflict(self, app: ObservedApp) -> RouteConflictError | None:
        """Return why this app cannot have its route; raises it where the route that it has had stays.

        Then its pods stay too, since they must fit that route.
        """
        contenders = self.store.contenders(app.key)
        if len(contenders) == 1:
            return None
        owner = assign_holders(self._wants_what_can_be(one) for one in contenders)
        me = next(one for one in contenders if one.key == app.key)
        lost = min((place for place in me.requested if owner.get(place, app.key) != app.key), default=None)
        if lost is None:
            return None
        conflict = _route_conflict(lost, owner[lost])
        if me.granted and all(owner[place] == app.key for place in me.granted):
            raise conflict
        return conflict

    def _wants_what_can_be(self, one: Contender) -> Contender:
        """Take back the claim of an app whose spec cannot be served: nobody has to wait for it."""
        app, _ = self.store.snapshot(one.key)
        try:
            if app is not None:
                self._desired(app)
        except RejectedError:
            return replace(one, requested=frozenset())
        return one

    async def _tell(self, app: ObservedApp, want: Desired | None, made: Pass) -> None:
        """Write the status if it says something new, and an Event if the app newly stalls."""
        now = self.now()
        present = app.status
        workload = self._workload(app)
        verified = self._verified(app, want, workload, now)
        status = next_status(app, want, made, workload, verified, self.entry_point_urls, now)
        if status == present:
            return
        if not await self._write_status(app, status):
            return
        if made.problem is not None:
            logger.warning(made.problem.message, extra={"app": str(app.key), "reason": made.problem.reason})
        stalled = newly_stalled(conditions_of(present), conditions_of(status))
        if stalled is not None:
            try:
                await self.api.create(EVENT, warning(app, stalled, now))
            except ApiError as error:
                logger.info("an Event could not be written: %s", error, extra={"app": str(app.key)})

    def _verified(
        self, app: ObservedApp, want: Desired | None, workload: Workload | None, now: datetime
    ) -> Condition | None:
        """Return the condition Verified: of this version if it has been looked at, else as it was told last."""
        told = condition_of(app.status, ConditionType.VERIFIED)
        if want is None:
            return told
        if not want.app.spec.verify.enabled:
            self.verifier.forget(app.key)
            return None
        if workload is None or not workload.rolled_out or not workload.available:
            return told
        subject = verify_request_of(
            app,
            want,
            workload,
            proxy_urls=self.proxy_urls,
            entry_point_urls=self.entry_point_urls,
            pod_ip=self.pod_ip,
        )
        known = told is not None and told.observed_generation == app.generation
        verdict = self.verifier.ask(app.key, subject, told=known)
        return told if verdict is None else verified_condition(verdict, now)

    async def _write_status(self, app: ObservedApp, status: Manifest) -> bool:
        """Apply the status to this very app; return whether it still exists."""
        manifest: Manifest = {
            "apiVersion": API_VERSION,
            "kind": KIND,
            "metadata": {"name": app.key.name, "namespace": app.key.namespace, "uid": app.uid},
            "status": status,
        }
        try:
            body = await self.api.apply(PROXIED_APP, manifest, force=True, subresource="status")
        except (ConflictError, NotFoundError, RefusedError) as error:
            if isinstance(error, RefusedError) and "metadata.uid" not in error.fields:
                raise
            return False  # deleted, or replaced by an app of the same name, which its own event brings up
        WRITES.labels(KIND, "status", Cause.STATUS).inc()
        self.store.observe_app(body)
        if body["metadata"]["generation"] != app.generation:
            self.wake(app.key)  # a newer spec came with the answer; its own event will hold nothing new
        return True

    def _workload(self, app: ObservedApp) -> Workload | None:
        """Return what the Deployment reports, as of after this pass's writes."""
        _, observed = self.store.snapshot(app.key)
        ours = (child.workload for child in observed if child.owner is not None and child.owner.uid == app.uid)
        return next((workload for workload in ours if workload is not None), None)


def _route_conflict(place: RouteKey, owner: Key) -> RouteConflictError:
    return RouteConflictError(
        "spec.route",
        f"{place} belongs to the ProxiedApp {owner}, which had it first",
        "Choose another host or prefix, or give that app another one",
    )
