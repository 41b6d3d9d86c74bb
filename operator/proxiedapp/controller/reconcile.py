"""One pass for one app: decide, write what differs, report."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from math import inf

from proxiedapp.api.errors import MiddlewareMissingError, NotAllowedError, RejectedError
from proxiedapp.controller.apply import Applied, Applier, ApplyReport
from proxiedapp.controller.appreader import AppReader, OutdatedError
from proxiedapp.controller.awaited import Awaited
from proxiedapp.controller.conflicts import RouteConflict, route_conflict
from proxiedapp.controller.desiredbuilder import DesiredBuilder
from proxiedapp.controller.driftnotices import contested, culprit, drift_notices, ignored_scaling, rival_autoscalers
from proxiedapp.controller.fights import Fights
from proxiedapp.controller.firststatus import FirstStatuses
from proxiedapp.controller.gatewayverdict import settles_after, verdict
from proxiedapp.controller.middlewares import awaited_middlewares, check_middlewares
from proxiedapp.controller.observed.foreignroutes import ForeignRoutes
from proxiedapp.controller.observed.gateways import Gateways
from proxiedapp.controller.observed.objects import ChildId, ObservedApp, ObservedChild
from proxiedapp.controller.observed.policies import Policies
from proxiedapp.controller.observed.store import Store
from proxiedapp.controller.observed.workload import Workload
from proxiedapp.controller.plan import Cause, Plan, plan
from proxiedapp.controller.podinspection import PodInspection, PodInspector
from proxiedapp.controller.recorder import Recorder
from proxiedapp.controller.status import PassResult, applied, next_status, quarantined, rejected, waiting
from proxiedapp.controller.statuswriter import StatusWriter
from proxiedapp.controller.unwritten import awaited_after
from proxiedapp.controller.verification import Verifier
from proxiedapp.controller.verifiedcondition import VerifiedCondition
from proxiedapp.kube.client import Api
from proxiedapp.kube.key import Key
from proxiedapp.resources.defaults import Defaults
from proxiedapp.resources.desired import Desired
from proxiedapp.resources.kinds import AUTOSCALER, ROUTE_KINDS
from proxiedapp.routing.claim import Contender
from proxiedapp.routing.gatewayoverlap import GatewayOverlap, find_gateway_overlap
from proxiedapp.routing.overlap import Overlap, find_overlap
from proxiedapp.routing.tlsconflict import AnyOverlap, find_tls_conflict, worse


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a pass ended."""

    label: str
    """One word for the metrics; the reason of the problem if there was one."""
    retry: bool = False
    """Whether the app needs another pass even if nothing changes."""
    retry_after: float = 0.0
    """Seconds to wait before that pass, at least."""
    again_after: float = 0.0
    """Seconds after which a pass that did not fail is repeated, to write the status that waits; 0 for none."""


@dataclass(slots=True)
class _Reservation:
    keep: bool = False
    """Whether it is unknown if the route was written, so that its route keys stay reserved until the next pass."""


@dataclass(frozen=True, slots=True)
class Reconciler:
    """Everything that a pass needs. It keeps no state of its own."""

    api: Api
    store: Store
    foreign_routes: ForeignRoutes
    gateways: Gateways
    applier: Applier
    builder: DesiredBuilder
    pods: PodInspector
    verified: VerifiedCondition
    statuses: StatusWriter
    first_statuses: FirstStatuses
    recorder: Recorder
    fights: Fights
    awaited: Awaited
    apps: AppReader
    now: Callable[[], datetime]
    wake: Callable[[Key], None]

    @classmethod
    def assemble(
        cls,
        *,
        api: Api,
        store: Store,
        foreign_routes: ForeignRoutes,
        gateways: Gateways,
        applier: Applier,
        verifier: Verifier,
        defaults: Defaults,
        served: frozenset[str],
        policies: Policies,
        proxy_urls: Mapping[str, str],
        pod_ip: str | None,
        now: Callable[[], datetime],
        wake: Callable[[Key], None],
        awaited: Awaited | None = None,
    ) -> "Reconciler":
        """Return a reconciler with parts that share one client, store and clock."""
        recorder = Recorder(api)
        apps = AppReader(api, store, wake)
        return cls(
            api=api,
            store=store,
            foreign_routes=foreign_routes,
            gateways=gateways,
            applier=applier,
            builder=DesiredBuilder(defaults, served, policies, gateways),
            pods=PodInspector(api, now),
            verified=VerifiedCondition(verifier, proxy_urls, pod_ip, store.cluster_ip, store.shares_host),
            statuses=StatusWriter(api, store, recorder, apps),
            first_statuses=FirstStatuses(),
            recorder=recorder,
            fights=Fights(),
            awaited=awaited or Awaited(),
            apps=apps,
            now=now,
            wake=wake,
        )

    async def reconcile(self, key: Key) -> Outcome:
        """Bring one app's children and status to what its spec asks for; raises ApiError if no status can be written.

        The pass decides on one snapshot of the store. Only after its own writes it reads the children again.
        """
        app, children = self.store.snapshot(key)
        if app is None or app.deleting:
            self.verified.verifier.forget(key)
            self.first_statuses.forget(key)
            self.awaited.set(key, ())
            return Outcome("gone")  # the garbage collector deletes the children
        if self.store.terminates_for(key.namespace):
            return self._outdated(key)
        workload = _workload(app, children)
        if app.suspended:
            return await self._suspended(app, children, workload)
        desired: Desired | None = None
        report = ApplyReport()
        waits = False
        try:
            desired = self._build(app, workload)
            report, result = await self._apply(app, desired, children)
        except OutdatedError:
            return self._outdated(key)
        except RejectedError as error:
            result = rejected(error)
            waits = isinstance(error, MiddlewareMissingError)
        if report.attempted:
            _, children = self.store.snapshot(key)
            workload = _workload(app, children)
        withdrawal = ApplyReport() if result.routed else await self._withdraw(app, children)
        inspection = PodInspection()
        if result.problem is None and desired is not None:
            inspection = await self.pods.inspect(app, workload)
            result = self._observed(app, desired, children, replace(result, pod_problem=inspection.problem))
        status_after = await self._report(app, desired if result.routed else None, result, workload)
        missing = awaited_middlewares(desired) if waits and desired is not None else ()
        self.awaited.set(key, (*missing, *awaited_after(report)))
        label = result.problem.reason if result.problem is not None else "applied" if report.results else "ready"
        if waits or not report.complete or not withdrawal.complete:
            return Outcome(label, retry=True, retry_after=max(report.retry_after or 0.0, withdrawal.retry_after or 0.0))
        if status_after:
            return Outcome(label, again_after=status_after)
        again = max(inspection.inspect_again_after, result.again_after, self._claim_left(key))
        return Outcome(label, retry=again > 0, retry_after=again)

    def _claim_left(self, key: Key) -> float:
        """Return for how many more seconds an app waits for a deleted app at its route key."""
        holder = self.store.routes.waits_for(key)
        return 0.0 if holder is None else self.store.claim_left(holder) or 0.0

    def _outdated(self, key: Key) -> Outcome:
        """Return the outcome of a pass that must not write. In a namespace that is being deleted, all is refused."""
        pause = self.store.terminates_for(key.namespace)
        return Outcome("gone" if pause else "outdated", retry=0.0 < pause < inf, retry_after=pause)

    async def report_quarantine(self, key: Key, why: str) -> None:
        """Report in an app's status that it is put aside; raises ApiError if the status cannot be written."""
        app, children = self.store.snapshot(key)
        if app is not None and not app.deleting:
            await self._report(app, None, quarantined(why), _workload(app, children))

    def _build(self, app: ObservedApp, workload: Workload | None) -> Desired:
        """Return what an app asks for, and wake the apps for which the verdict changes who gets a route key.

        Raises RejectedError.
        """
        try:
            earlier_priority = self.store.keeps_earlier_priority(app)
            desired = self.builder.build(app, workload, earlier_priority=earlier_priority)
        except RejectedError:
            self._wake_all(self.store.record_verdict(app, servable=False))
            raise
        self._wake_all(self.store.record_verdict(app, servable=True))
        return desired

    def _conflict(self, app: ObservedApp) -> RouteConflict | None:
        contender = self.store.routes.contender(app.key)
        if contender is None:
            return None  # deleted since the pass began
        found = self._found_conflict(contender)
        if found is not None and found.transient and (woken := self.store.end_claim(found.holder)):
            self._wake_all(woken - {app.key})
            found = self._found_conflict(contender)
        lost = None if found is None else (found.lost, found.holder)
        self._wake_all(self.store.routes.report(app.key, lost))
        return found

    def _found_conflict(self, contender: Contender) -> RouteConflict | None:
        def exists(key: Key) -> bool:
            return self.store.claim_left(key) is None

        return route_conflict(contender, self.store.routes.holders(contender.key), exists)

    def _observed(
        self, app: ObservedApp, desired: Desired, children: tuple[ObservedChild, ...], result: PassResult
    ) -> PassResult:
        """Return a result with what Gateways and other routes mean for the app's route."""
        return replace(result, overlap=self._overlap(app, desired), gateway=verdict(desired, children, self.gateways))

    def _overlap(self, app: ObservedApp, desired: Desired) -> AnyOverlap | None:
        entry_points = self.builder.defaults.entry_points
        route = desired.route
        foreign: Overlap | GatewayOverlap | None = (
            find_gateway_overlap(route, self.gateways.controllers(route.parents), self.foreign_routes)
            if route.parents
            else find_overlap(route, entry_points, self.foreign_routes)
        )
        tls = find_tls_conflict(route, entry_points.urls, (self.store.tls, self.foreign_routes.tls))
        return worse(foreign, self.store.overlap_with_apps(app.key, self.gateways.is_traefik), tls)

    def _wake_all(self, keys: Iterable[Key]) -> None:
        for key in keys:
            self.wake(key)

    async def _apply(
        self, app: ObservedApp, desired: Desired, children: tuple[ObservedChild, ...]
    ) -> tuple[ApplyReport, PassResult]:
        """Write the children that differ.

        Raises RejectedError if nothing may be written, and OutdatedError if the app is not as the store has it, or its
        namespace is being deleted.
        """
        conflict = self._conflict(app)
        if conflict is not None and conflict.keeps_old_route and not conflict.transient:
            raise conflict.error
        if conflict is not None and conflict.keeps_old_route:
            return ApplyReport(), waiting(conflict.error)
        wanted = desired.children if conflict is None else desired.children_without_route
        settling = 0.0 if conflict is not None else settles_after(desired, children, self.gateways, self.now())
        planned = plan(app, wanted, children, keeps_routes=settling != 0.0)
        with self._reserved(app, planned) as reservation:
            if (planned.applies or planned.prunes) and self.store.is_doubtful(app):
                await self.apps.confirm(app)
            await check_middlewares(self.api, planned, desired)
            report = await self._write(app, planned)
            reservation.keep = report.route_unknown
        if conflict is not None and not report.problems:
            return report, waiting(conflict.error) if conflict.transient else rejected(conflict.error)
        result = applied(report)
        if not report.problems:
            result = self._contested(result, planned, children)
        # The pass that kept a route for a while plans its deletion: at the end of the pass, that time may have come.
        return report, replace(result, again_after=max(result.again_after, settling or 0.0))

    async def _write(self, app: ObservedApp, planned: Plan) -> ApplyReport:
        """Carry out a plan, except for children that are fought for, and report what other clients had changed.

        Raises OutdatedError if the namespace is being deleted, where an Event would be refused, too.
        """
        now, deleted = self.now(), self.store.deleted_children(app.key)
        allowed, _ = self.fights.hold(planned, now)
        report = await self.applier.run(allowed)
        if report.namespace_terminating:
            raise OutdatedError
        written = {result.id for result in report.results if isinstance(result, Applied)}
        for apply in allowed.applies:
            if apply.id in written:
                self.fights.record(apply, culprit(apply, deleted), now)
        for notice in drift_notices(allowed, report, deleted):
            await self.recorder.write(app, notice, now)
        return report

    def _contested(self, result: PassResult, planned: Plan, children: tuple[ObservedChild, ...]) -> PassResult:
        """Return a result that reports the first child that is fought for, if there is one."""
        ids = dict.fromkeys([*(child.id for child in children), *(apply.id for apply in planned.applies)])
        found = next(self.fights.contested(ids, self.now()), None)
        if found is None:
            return result
        child, by, again_after = found
        return replace(result, problem=contested(child, by), permanent=True, again_after=again_after)

    @contextmanager
    def _reserved(self, app: ObservedApp, planned: Plan) -> Iterator[_Reservation]:
        """Reserve the app's route keys while the block writes its route; no other app is decided in between."""
        reservation = _Reservation()
        if not any(apply.id.kind in ROUTE_KINDS for apply in planned.applies):
            self._wake_all(self.store.end_reservation(app.key))  # of an earlier pass whose route was written after all
            yield reservation
            return
        self._wake_all(self.store.reserve(app))
        try:
            yield reservation
        finally:
            if not reservation.keep:
                self._wake_all(self.store.end_reservation(app.key))

    async def _suspended(
        self, app: ObservedApp, children: tuple[ObservedChild, ...], workload: Workload | None
    ) -> Outcome:
        """Change nothing, except that what no policy allows is withdrawn."""
        withdrawal = await self._withdraw(app, children)
        try:
            self.builder.policies.check(app)
            result, label = PassResult(suspended=True), "suspended"
        except NotAllowedError as error:
            result, label = rejected(error), error.reason.value
        await self._report(app, None, result, workload)
        return Outcome(label, retry=not withdrawal.complete, retry_after=withdrawal.retry_after or 0.0)

    async def _withdraw(self, app: ObservedApp, children: tuple[ObservedChild, ...]) -> ApplyReport:
        """Delete the children that serve what no policy allows."""
        withdrawn = self.builder.policies.withdrawn(app, children)
        return await self.applier.run(Plan((), withdrawn, Cause.DRIFT)) if withdrawn else ApplyReport()

    async def _report(
        self, app: ObservedApp, desired: Desired | None, result: PassResult, workload: Workload | None
    ) -> float:
        """Write the status of an app; return for how many seconds it waits instead, if it is its first one."""
        now = self.now()
        if result.withdrawn:
            self.verified.verifier.forget(app.key)
        reached = desired if result.reached else None
        urls = {} if desired is None else self.builder.urls(desired.route.parents, desired.route.rule.hosts)
        verified = None if result.withdrawn else self.verified.of(app, reached, workload, urls, now)
        status = next_status(app, desired, result, workload, verified, urls, now)
        if (left := self.first_statuses.wait(app, status, now)) > 0:
            return left
        await self.statuses.write(app, status, result.problem, now)
        self.first_statuses.forget(app.key)
        autoscaling = desired is not None and desired.app.spec.autoscaling is not None
        autoscaler = self.store.child(ChildId(AUTOSCALER, app.key.namespace, app.key.name)) if autoscaling else None
        notice = rival_autoscalers(autoscaler) or ignored_scaling(app, autoscaling=autoscaling, now=now)
        if notice is not None:
            await self.recorder.write(app, notice, now)
        return 0.0


def _workload(app: ObservedApp, children: tuple[ObservedChild, ...]) -> Workload | None:
    """Return what the app's Deployment reports; None if there is none, or only one of an earlier app of this name."""
    ours = (child.workload for child in children if child.owner is not None and child.owner.uid == app.uid)
    return next((workload for workload in ours if workload is not None), None)
