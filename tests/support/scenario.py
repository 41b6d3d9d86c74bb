"""A user's story in API requests: the real store, queue, applier and reconciler with a cluster in memory.

    scenario.create("shop", "/api/v1")
    assert await scenario.settle() == ["create deployments/shop", ...]

`settle` delivers the watch events and makes passes until the queue is empty; `reconcile` makes one pass even if none is
due. Both return the requests, one per line.
"""

import asyncio
from copy import deepcopy
from typing import Any, Final

from proxiedapp.api.names import API_VERSION, KIND
from proxiedapp.api.status import UNREPORTED
from proxiedapp.controller.apply import Applier
from proxiedapp.controller.observed.foreignroutes import ForeignRoutes
from proxiedapp.controller.observed.gateways import Gateways
from proxiedapp.controller.observed.objects import ChildId
from proxiedapp.controller.observed.policies import Policies
from proxiedapp.controller.observed.store import Store
from proxiedapp.controller.queue import Queue
from proxiedapp.controller.reconcile import Outcome, Reconciler
from proxiedapp.controller.verification import Verifier
from proxiedapp.controller.watch.foreignwatch import ForeignRouteWatch
from proxiedapp.controller.watch.gatewaywatch import GatewayWatch
from proxiedapp.controller.watch.policywatch import PolicyWatch
from proxiedapp.controller.watchedkinds import FOREIGN_KINDS, GATEWAY, GATEWAY_CLASS, PROXIED_APP, PROXY_POLICY
from proxiedapp.controller.watchedkinds import NAMESPACE as NAMESPACE_KIND
from proxiedapp.kube.errors import ApiError
from proxiedapp.kube.key import Key
from proxiedapp.kube.kind import Kind
from proxiedapp.kube.manifest import Manifest
from proxiedapp.resources.kinds import DEPLOYMENT, OPTIONAL_GROUPS
from proxiedapp.verify.codes import Code
from proxiedapp.verify.finding import Finding
from proxiedapp.verify.target import VerifyOptions, VerifyTarget
from tests.support.apps import DEFAULTS, a_spec
from tests.support.clock import Clock
from tests.support.cluster import Cluster, Stored, is_ours, report_rollout
from tests.support.fakeapi import FakeApi, Request

NAMESPACE: Final = "team"
_PASSES: Final = 20
"""More passes than any story needs: an app that wakes itself forever fails the test instead of hanging it."""


class Scenario:
    def __init__(self, *, served: frozenset[str] = OPTIONAL_GROUPS) -> None:
        self.clock = Clock()
        self.cluster = Cluster()
        self.api = FakeApi(self.cluster)
        self.queue: Queue[Key] = Queue(backoff=0.5, backoff_max=300, timer=self.clock, jitter=lambda: 0.0)
        self._cluster_scoped: dict[tuple[str, str], tuple[Kind, Manifest]] = {}
        """The policies and namespaces by kind and name."""
        self._gateways: tuple[Manifest, ...] | None = None
        """The Gateways and their classes; None if the operator may not read them."""
        self.outcomes: list[Outcome] = []
        self._settled = 0
        """How many outcomes `settle` has looked at."""
        self.finding = Finding(Code.OPENAPI_SERVERS, ok=True, seen="", expected="", fix="")
        """The finding of each verification."""
        self.verified_targets: list[VerifyTarget] = []
        """The targets that were verified."""
        self.restart(served)

    def restart(self, served: frozenset[str] = OPTIONAL_GROUPS) -> None:
        """Forget everything and read it again, as a new process does; `served` may have changed."""
        self.store = Store(DEFAULTS.entry_points, timer=lambda: self.clock.seconds)
        foreign_routes = ForeignRoutes()
        gateways = Gateways()
        self._foreign_watch = ForeignRouteWatch(
            self.api, self.store, foreign_routes, self.queue.add, namespaces=(), retry_interval=600.0
        )
        self._gateway_watch = GatewayWatch(self.api, self.store, gateways, self.queue.add, retry_interval=600.0)
        policies = Policies()
        self._policy_watch = PolicyWatch(
            self.api, self.store, policies, self.queue.add, must_read=True, retry_interval=10.0
        )
        for kind, body in self._cluster_scoped.values():
            self._policy_watch.record(kind, "LISTED", body)
        self.verifier = Verifier(self._check, self.queue.add, interval=900.0, timer=self.clock, chance=lambda: 0.5)
        self.reconciler = Reconciler.assemble(
            api=self.api,
            store=self.store,
            foreign_routes=foreign_routes,
            gateways=gateways,
            applier=Applier(self.api, self.store, self.queue.add),
            defaults=DEFAULTS,
            served=served,
            policies=policies,
            now=self.clock.now,
            wake=self.queue.add,
            verifier=self.verifier,
            proxy_urls={"web": "http://traefik:80", "websecure": "https://traefik:443"},
            pod_ip=None,
        )
        self._list_gateways()
        self.cluster.events.clear()
        for stored in self.cluster.objects.values():
            self._observe("ADDED", stored.kind, stored.reported())
        self.store.doubt_listed()

    # What users and other clients do.

    def create(self, name: str = "shop", prefix: str = "/api/v1", *, created: str = "", **fields: Any) -> Stored:
        created = created or self.clock.now().isoformat()
        metadata = {"name": name, "namespace": NAMESPACE, "creationTimestamp": created}
        body = {"apiVersion": API_VERSION, "kind": KIND, "metadata": metadata, "spec": a_spec(prefix, **fields)}
        return self.cluster.put(PROXIED_APP, body | {"status": deepcopy(UNREPORTED)})

    def change(self, name: str = "shop", prefix: str = "/api/v1", **fields: Any) -> None:
        self.cluster.edit(self.app(name), ("spec",), a_spec(prefix, **fields))

    def delete(self, kind: Kind, name: str) -> None:
        self.cluster.delete(kind, NAMESPACE, self.full_name(kind, name))

    def replace(self, kind: Kind, name: str) -> None:
        """Delete an object and create an equal one with the same name."""
        stored = self.child(kind, name)
        self.cluster.delete(kind, NAMESPACE, stored.body["metadata"]["name"])
        self.cluster.put(kind, stored.body, ours=stored.ours)

    def foreign(self, kind: Kind, name: str = "shop", **metadata: Any) -> Stored:
        """Create an object that is not ours."""
        body = {"apiVersion": kind.api_version, "kind": kind.kind, "spec": {"theirs": True}}
        return self.cluster.put(kind, body | {"metadata": {"name": name, "namespace": NAMESPACE} | metadata})

    def foreign_route(self, kind: Kind, spec: Manifest, name: str = "theirs", **rest: Any) -> Stored:
        """Create a route of another user, in another namespace."""
        metadata = {"name": name, "namespace": "others"} | rest.pop("metadata", {})
        return self.cluster.put(kind, {"kind": kind.kind, "metadata": metadata, "spec": spec} | rest)

    def policy(self, name: str = "teams", **allow: Any) -> None:
        """Create or change a policy: what it allows, and `namespaces` and `routeAnnotations` beside that."""
        spec = {"namespaces": allow.pop("namespaces", {"names": [NAMESPACE]}), "allow": allow}
        if "routeAnnotations" in allow:
            spec["routeAnnotations"] = allow.pop("routeAnnotations")
        self._put_cluster_scoped(PROXY_POLICY, {"metadata": {"name": name}, "spec": spec})

    def label_namespace(self, **labels: str) -> None:
        """Create the namespace, or change its labels."""
        self._put_cluster_scoped(NAMESPACE_KIND, {"metadata": {"name": NAMESPACE, "labels": labels}})

    def namespace_terminates(self) -> None:
        """Begin to delete the namespace, as its watch reports it."""
        metadata = {"name": NAMESPACE, "deletionTimestamp": "2026-01-02T12:00:00Z"}
        self._put_cluster_scoped(NAMESPACE_KIND, {"metadata": metadata})

    def gateways(self, *bodies: Manifest) -> None:
        """Make these the only Gateways and GatewayClasses, as a list reports them."""
        self._gateways = bodies
        self._list_gateways()

    def _list_gateways(self) -> None:
        for kind in () if self._gateways is None else (GATEWAY_CLASS, GATEWAY):
            bodies = [body for body in self._gateways or () if body["kind"] == kind.kind]
            for body in bodies:
                self._gateway_watch.record(kind, "LISTED", body)
            names = [body["metadata"] for body in bodies]
            self._gateway_watch.sweep(kind, {Key(one.get("namespace", ""), one["name"]) for one in names})

    def delete_policy(self, name: str = "teams") -> None:
        kind, body = self._cluster_scoped.pop((PROXY_POLICY.kind, name))
        self._policy_watch.record(kind, "DELETED", body)

    def _put_cluster_scoped(self, kind: Kind, body: Manifest) -> None:
        body = {"apiVersion": kind.api_version, "kind": kind.kind, **body}
        self._cluster_scoped[kind.kind, body["metadata"]["name"]] = (kind, body)
        self._policy_watch.record(kind, "MODIFIED", body)

    def rolled_out(self, name: str = "shop") -> None:
        report_rollout(self.cluster, NAMESPACE, name)

    async def served(self, name: str = "shop", prefix: str = "/api/v1", **fields: Any) -> None:
        """Create an app, and wait until it is Ready and nothing is left to do."""
        self.create(name, prefix, **fields)
        await self.settle()
        self.rolled_out(name)
        await self.settle()
        assert self.conditions(name)["Ready"] == "True Available"
        assert self.cluster.events == []

    # What the operator does.

    def watch(self) -> None:
        """Deliver the events since the last call to the store."""
        events, self.cluster.events = self.cluster.events, []
        for event in events:
            self._observe(event.type, event.kind, event.body)

    async def settle(self, passes: int = _PASSES, *, first_statuses: bool = True) -> list[str]:
        """Deliver events and make passes until nothing is due; passes that wait for a backoff keep waiting.

        Unless `first_statuses` is False, the time passes for which first statuses wait for other events.
        """
        requests: list[str] = []
        self.watch()
        made = 0
        while len(self.queue):
            made += 1
            assert made <= passes, f"the apps wake themselves forever: {requests}"
            requests += await self.work()
            self.watch()
            if first_statuses and not len(self.queue):
                self.clock.advance(max((one.again_after for one in self.outcomes[self._settled :]), default=0.0))
                self._settled = len(self.outcomes)
        return requests

    async def work(self) -> list[str]:
        """Make the next pass that is due, as a worker does."""
        key = await self.queue.get()
        sent = len(self.api.requests)
        try:
            outcome = await self.reconciler.reconcile(key)
        except ApiError as error:
            self.queue.failed(key, at_least=error.retry_after or 0.0)
        else:
            self.outcomes.append(outcome)
            if outcome.retry:
                self.queue.failed(key, at_least=outcome.retry_after)
            else:
                self.queue.done(key, again_after=outcome.again_after)
        return [request.line() for request in self.api.requests[sent:]]

    async def verify(self) -> list[str]:
        """Verify what is due, and make the passes that follow from it."""
        worker = asyncio.create_task(self.verifier.work())
        for wait in (0.0, 3.0):  # a new version is right only after a second check
            self.clock.advance(wait)
            for _ in range(_PASSES):
                await asyncio.sleep(0)  # one turn of the loop, not a time
        worker.cancel()
        await asyncio.gather(worker, return_exceptions=True)
        return await self.settle()

    async def reconcile(self, name: str = "shop") -> list[str]:
        """Make one pass of an app, even if none is due."""
        sent = len(self.api.requests)
        self.outcomes.append(await self.reconciler.reconcile(Key(NAMESPACE, name)))
        return [request.line() for request in self.api.requests[sent:]]

    # What can be observed.

    def app(self, name: str = "shop") -> Stored:
        return self.cluster.get(PROXIED_APP, NAMESPACE, name)

    def child(self, kind: Kind, name: str = "shop") -> Stored:
        return self.cluster.get(kind, NAMESPACE, self.full_name(kind, name))

    def full_name(self, kind: Kind, name: str) -> str:
        """Find the one object of a kind whose name is `name`, with or without a hash."""
        (found,) = [full for full in self.cluster.names(kind) if full == name or full[:-11] == name]
        return found

    def command(self) -> list[str]:
        command: list[str] = self.child(DEPLOYMENT).body["spec"]["template"]["spec"]["containers"][0]["command"]
        return command

    def status(self, name: str = "shop") -> Manifest:
        status: Manifest = self.app(name).body["status"]
        return status

    def conditions(self, name: str = "shop") -> dict[str, str]:
        return {one["type"]: f"{one['status']} {one['reason']}" for one in self.status(name)["conditions"]}

    def message(self, name: str = "shop", kind: str = "Ready") -> str:
        """Return the message of a condition."""
        return next(str(one["message"]) for one in self.status(name)["conditions"] if one["type"] == kind)

    def last(self, verb: str) -> Request:
        return [request for request in self.api.requests if request.verb == verb][-1]

    async def _check(self, target: VerifyTarget, _: VerifyOptions) -> tuple[Finding, ...]:
        self.verified_targets.append(target)
        return (self.finding,)

    def _observe(self, event: str, kind: Kind, body: Manifest) -> None:
        metadata = body["metadata"]
        if kind in FOREIGN_KINDS and not is_ours(body):
            for _ in self._foreign_watch.record(kind, event, body):
                pass
        if kind is PROXIED_APP:
            keys = self.store.forget_app(body) if event == "DELETED" else self.store.observe_app(body)
        elif event == "DELETED":
            id_ = ChildId(kind, metadata["namespace"], metadata["name"])
            keys = self.store.forget_child(id_, metadata["uid"], int(metadata["resourceVersion"]))
        else:
            keys = self.store.observe_child(kind, body) if is_ours(body) else set()
        for key in keys:
            self.queue.add(key)
