"""Carries out one plan: the real engine with a cluster in memory that fails as planned, and what it promised.

Beside the operator act a garbage collector, which deletes children whose owner is gone, a Deployment controller, and a
Gateway that accepts all HTTPRoutes.
The oracle compares the end with what a new operator makes of the same apps in an empty cluster.
"""

from contextvars import ContextVar
from copy import deepcopy
from dataclasses import dataclass, field
from typing import Any, Final

from typing_extensions import override

from proxiedapp.api.status import UNREPORTED
from proxiedapp.controller.queue import Queue
from proxiedapp.controller.watchedkinds import PROXIED_APP
from proxiedapp.kube.errors import NotFoundError, UnavailableError
from proxiedapp.kube.key import Key
from proxiedapp.kube.kind import Kind
from proxiedapp.kube.manifest import Manifest
from proxiedapp.resources.kinds import CHILD_KINDS, DEPLOYMENT, HTTP_ROUTE, ROUTE_KINDS, SERVICE
from proxiedapp.routing.claim import granted_by_http_route, granted_claim
from tests.faults.plans import WORKLOADS, Happening, Plan
from tests.support.cluster import Cluster, is_ours, report_acceptance, report_rollout
from tests.support.fakeapi import FakeApi, Request
from tests.support.gateways import a_gateway, a_gateway_class
from tests.support.scenario import NAMESPACE, Scenario

_PASSES: Final = 200
"""More passes than any plan needs."""
_HORIZON: Final = 400.0
"""Seconds of the clock for which a backoff is waited for; the longest is 300."""
_REPLACED_BY: Final = "/replaced"

_request: ContextVar[int] = ContextVar("request")


class KilledError(Exception):
    """The process ends here."""


@dataclass
class FaultyApi(FakeApi):
    """Fails as planned. Breaks of promises that only a request shows are kept in `violations`."""

    scenario: Scenario
    plan: Plan | None
    count: int = 0
    dead: bool = False
    violations: list[str] = field(default_factory=list)
    collected: set[str] = field(default_factory=set)
    """The uids of apps that are gone, and whose children the garbage collector has deleted."""

    def __post_init__(self) -> None:
        FakeApi.__init__(self, self.scenario.cluster)

    @override
    async def apply(self, kind: Kind, manifest: Manifest, *, force: bool, subresource: str = "") -> Manifest:
        body = await super().apply(kind, manifest, force=force, subresource=subresource)
        if subresource and body["metadata"]["uid"] != manifest["metadata"]["uid"]:
            self.violations.append("the status of one app was written to another")
        owners = {one["uid"] for one in manifest["metadata"].get("ownerReferences", [])}
        if owners & self.collected:
            self.violations.append("a child was written for an app whose children were garbage-collected")
        self.violations += _routes_twice(self.cluster)
        self._after()
        return body

    @override
    async def delete(self, kind: Kind, namespace: str, name: str, uid: str) -> bool:
        gone = await super().delete(kind, namespace, name, uid)
        self._after()
        return gone

    @override
    async def get(self, kind: Kind, namespace: str, name: str) -> Manifest:
        body = await super().get(kind, namespace, name)
        self._after()
        return body

    @override
    async def _sent(self, request: Request) -> bool:
        self._alive()
        number, self.count = self.count, self.count + 1
        _request.set(number)
        lost = await super()._sent(request)
        self._alive()
        if self._is_due(number):
            await self._happen(request)
        return lost

    def _is_due(self, number: int) -> bool:
        return self.plan is not None and self.plan.at <= number < self.plan.at + self.plan.times

    def _alive(self) -> None:
        if self.dead:
            raise KilledError

    async def _happen(self, request: Request) -> None:
        assert self.plan is not None
        match self.plan.happening:
            case Happening.KILL_BEFORE:
                self.dead = True
                raise KilledError
            case Happening.ERROR:
                assert self.plan.error is not None
                if not isinstance(self.plan.error, NotFoundError) or request.verb != "read":
                    raise self.plan.error  # a write and the read that verifies it cannot both lie
            case Happening.FOREIGN:
                if self.plan.kind is request.kind and not self.scenario.cluster.names(request.kind):
                    self.scenario.foreign(request.kind)
            case Happening.RIVAL:
                await self._rival()
            case happening:
                meanwhile(self.scenario, happening, self.plan.kind)

    async def _rival(self) -> None:
        """Create an older app at the host and prefix of the first one, and make its pass at once."""
        self.plan = None
        spec = deepcopy(self.scenario.app(self.scenario.cluster.names(PROXIED_APP)[0]).body["spec"])
        rival = self.scenario.create("rival", created="2000-01-01T00:00:00Z")
        self.scenario.cluster.edit(rival, ("spec",), spec)
        self.scenario.watch()
        await self.scenario.reconciler.reconcile(Key(NAMESPACE, "rival"))

    def _after(self) -> None:
        if self.plan is None or not self._is_due(_request.get()):
            return
        if self.plan.happening is Happening.KILL_AFTER:
            self.dead = True
            raise KilledError
        if self.plan.happening is Happening.LOSE_ANSWER:
            raise UnavailableError(0, "the answer was lost")


def meanwhile(scenario: Scenario, happening: Happening, kind: Kind | None) -> None:
    """Act as another client."""
    apps = scenario.cluster.names(PROXIED_APP)
    if not apps:
        return
    stored = scenario.app(apps[0])
    match happening:
        case Happening.EDIT_APP:
            scenario.cluster.edit(stored, ("spec", "port"), 9000)
        case Happening.LABEL_APP:
            scenario.cluster.edit(stored, ("metadata", "labels"), {"team": "a"})
        case Happening.DELETE_APP:
            scenario.delete(PROXIED_APP, apps[0])
        case Happening.REPLACE_APP:
            scenario.delete(PROXIED_APP, apps[0])
            scenario.create(apps[0], _REPLACED_BY)
        case Happening.DELETE_CHILD if kind is not None:
            for name in scenario.cluster.names(kind)[:1]:
                scenario.delete(kind, name)
        case _:
            pass


@dataclass
class Run:
    """One plan, or a workload without faults."""

    workload: str
    plan: Plan | None = None
    requests: int = 0
    violations: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.scenario = Scenario()
        self.scenario.gateways(a_gateway_class(), a_gateway())
        if self.plan is not None and self.plan.happening is Happening.DELETE_CHILD:
            self.scenario.cluster.check_routes = lambda: None  # type: ignore[method-assign]  # it is not the operator's
        self.api = FaultyApi(self.scenario, self.plan)
        self.scenario.api = self.api
        self.scenario.restart()

    async def run(self) -> None:
        """Carry out the workload with its faults, then end all faults and wait until nothing is left to do."""
        for step in WORKLOADS[self.workload]:
            try:
                step(self.scenario)
            except ValueError:
                pass  # what the step changes is gone, by an earlier fault
            except Exception as error:  # the app of the step is gone
                if "not found" not in str(error):
                    raise
            await self.settle()
        self.requests = self.api.count
        lost = self.plan is not None and self.plan.happening is Happening.LOST
        self.api.plan = self.plan = None
        if lost:
            self._list_everything()  # only that can find what no watch has reported
        await self.settle()
        await self._judge_rest()
        self.violations += self.api.violations

    async def settle(self) -> None:
        scenario = self.scenario
        end = scenario.clock.seconds + _HORIZON
        passes = 0
        while True:
            self._deliver()
            if len(scenario.queue):
                passes += 1
                if passes > _PASSES:
                    self.violations.append("the apps wake themselves forever")
                    return
                await self._work()
            elif self._controllers_act():
                continue
            elif (due := min((call.at for call in scenario.clock.pending()), default=end)) < end:
                scenario.clock.advance(due - scenario.clock.seconds)
            else:
                return

    async def _work(self) -> None:
        scenario = self.scenario
        try:
            await scenario.work()
        except KilledError:
            self.api.dead = False
            self._restart()
        else:
            if self.api.plan is not None and self.api.plan.happening is Happening.KILL_WAITING and self._waits():
                self.api.plan = None
                self._restart()

    def _waits(self) -> bool:
        """Return whether the status of the last pass waits for what others report."""
        outcomes = self.scenario.outcomes
        return bool(outcomes) and outcomes[-1].again_after > 0

    def _restart(self) -> None:
        scenario = self.scenario
        scenario.clock.calls.clear()
        scenario.queue = Queue(backoff=0.5, backoff_max=300, timer=scenario.clock, jitter=lambda: 0.0)
        scenario.restart()

    def _deliver(self) -> None:
        """Deliver the events of the watches that are not silent."""
        events, kept = self.scenario.cluster.events, []
        if self.plan is not None and self.plan.happening in {Happening.SILENT, Happening.LOST}:
            kept = [event for event in events if event.kind is self.plan.kind and event.type != "ADDED"]
        self.scenario.cluster.events = [event for event in events if event not in kept]
        self.scenario.watch()
        if self.plan is not None and self.plan.happening is Happening.SILENT:
            self.scenario.cluster.events = kept

    def _controllers_act(self) -> bool:
        """Delete children without an owner, and roll Deployments out; return whether anything changed."""
        cluster, before = self.scenario.cluster, len(self.scenario.cluster.events)
        uids = {one.body["metadata"]["uid"] for one in cluster.objects.values() if one.kind is PROXIED_APP}
        for stored in list(cluster.objects.values()):
            references = stored.body["metadata"].get("ownerReferences") or []
            if references and not any(reference["uid"] in uids for reference in references):
                cluster.delete(stored.kind, NAMESPACE, stored.body["metadata"]["name"])
                self.api.collected |= {reference["uid"] for reference in references}
            elif stored.kind is DEPLOYMENT and is_ours(stored.body):
                report_rollout(cluster, NAMESPACE, stored.body["metadata"]["name"])
            elif stored.kind is HTTP_ROUTE and is_ours(stored.body):
                report_acceptance(cluster, stored, self.scenario.clock.now().isoformat())
        return len(cluster.events) > before

    def _list_everything(self) -> None:
        """Compare the store with complete lists, as the operator does at its interval, and wake every app."""
        scenario = self.scenario
        scenario.watch()
        for kind in (PROXIED_APP, *CHILD_KINDS):
            present, version = set(), scenario.cluster.version
            for stored in [one for one in scenario.cluster.objects.values() if one.kind is kind]:
                body = stored.reported()
                if kind is not PROXIED_APP and not is_ours(body):
                    continue
                present.add(Key(NAMESPACE, body["metadata"]["name"]))
                store = scenario.store
                for key in store.observe_app(body) if kind is PROXIED_APP else store.observe_child(kind, body):
                    scenario.queue.add(key)
            gone = (
                scenario.store.sweep_apps(present, version, None)
                if kind is PROXIED_APP
                else scenario.store.sweep_children(kind, present, version, None)
            )
            for key in gone:
                scenario.queue.add(key)
        for key in scenario.store.all_keys():
            scenario.queue.add(key)

    async def _judge_rest(self) -> None:
        """At rest, nothing is requested and nothing is left over."""
        before = self.api.count
        for name in self.scenario.cluster.names(PROXIED_APP):
            await self.scenario.reconcile(name)
        writes = [one.line() for one in self.api.requests[before:]]
        is_taken = any(one.verb == "read" for one in self.api.requests[before:])  # a foreign object has a child's name
        if writes and not is_taken:
            self.violations.append(f"not at rest: {writes}")

    def outcome(self) -> dict[str, Any]:
        """Return what users would see: children, and the conditions of each app."""
        children = {
            f"{stored.kind}/{stored.body['metadata']['name']}": stored.body.get("spec", stored.body.get("data"))
            for stored in self.scenario.cluster.objects.values()
            if stored.kind is not PROXIED_APP
        }
        for name in self.scenario.cluster.names(PROXIED_APP):
            status = self.scenario.status(name)
            children[f"status of {name}"] = {
                "conditions": self.scenario.conditions(name) if "conditions" in status else {},
                "url": status.get("url"),
                "observedGeneration": status.get("observedGeneration")
                == self.scenario.app(name).body["metadata"]["generation"],
            }
        return deepcopy(children)


async def fresh(run: Run) -> Run:
    """Return a run that begins with the apps at the end of another one, for what they should have become."""
    new = Run(run.workload)
    for name in run.scenario.cluster.names(PROXIED_APP):
        body = deepcopy(run.scenario.app(name).body)
        body["status"] = deepcopy(UNREPORTED)
        new.scenario.cluster.put(PROXIED_APP, body)
    if (run_foreign := run.scenario.cluster.find(SERVICE, NAMESPACE, "shop")) and not is_ours(run_foreign.body):
        new.scenario.cluster.put(SERVICE, run_foreign.body)
    if (run_foreign := run.scenario.cluster.find(DEPLOYMENT, NAMESPACE, "shop")) and not is_ours(run_foreign.body):
        new.scenario.cluster.put(DEPLOYMENT, run_foreign.body)
    await new.settle()
    return new


def _routes_twice(cluster: Cluster) -> list[str]:
    taken: dict[Any, str] = {}
    found = []
    routes = [one for one in cluster.objects.values() if one.kind in ROUTE_KINDS and is_ours(one.body)]
    for body in (one.body for one in routes):
        read = granted_by_http_route if body["kind"] == HTTP_ROUTE.kind else granted_claim
        for route_key in read(body["spec"]):
            owner = body["metadata"]["ownerReferences"][0]["name"]
            if taken.setdefault(route_key, owner) != owner:
                found.append(f"two apps are served at {route_key}")
    return found


async def violations(plan: Plan, expected_requests: int) -> list[str]:
    """Return the promises that the engine breaks under a plan."""
    run = Run(plan.workload, plan)
    await run.run()
    if plan.happening is Happening.RIVAL:
        return run.violations  # the app that was served first stays, which a fresh start cannot know
    should = await fresh(run)
    found = list(run.violations)
    is_, be = run.outcome(), should.outcome()
    if is_ != be:
        names = sorted(name for name in is_.keys() | be.keys() if is_.get(name) != be.get(name))
        found.append(f"differs from a fresh start: {[(name, is_.get(name), be.get(name)) for name in names]}")
    if run.api.count > 4 * expected_requests + 40:
        found.append(f"{run.api.count} requests instead of {expected_requests}")
    return found
