"""Carries out plans: a workload in a namespace of its own, with its fault, until all promises are kept again."""

import asyncio
import json
import os
import signal
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import partial
from typing import Final
from uuid import uuid4

from aiohttp import web

from proxiedapp.kube.client import collection
from proxiedapp.kube.errors import ApiError
from proxiedapp.process.lease import LEASE
from proxiedapp_sandbox.cluster import until
from proxiedapp_sandbox.controlplane import OPERATOR_NAMESPACE
from tests.faults.real.oracle import check_apps, check_order, check_requests, check_rest, check_statuses
from tests.faults.real.patience import Patience
from tests.faults.real.plans import WORKLOADS, Act, Do, Leading, Outage, Plan, Step, Watching
from tests.faults.real.proxy import HTML, Action, Fault, Request, WatchKey, abort, refusal
from tests.faults.real.world import KINDS, Users, World

_PATIENCE: Final = 40.0
"""Seconds in which an app must be right again after the last fault; see Patience."""
_SILENCE: Final = 110.0
"""The same after a watch fell silent, which kopf notices after 70 seconds."""
_REST: Final = 0.4
"""Seconds without a write after which an operator is at rest."""
_POLL: Final = 0.25
"""Seconds between two looks at the objects."""
_LEASE_PATH: Final = f"{collection(LEASE, OPERATOR_NAMESPACE)}/proxiedapp"
_STATUS_OF: Final = {
    Watching.STATUS_403: 403,
    Watching.STATUS_404: 404,
    Watching.STATUS_410: 410,
    Watching.STATUS_429: 429,
    Watching.STATUS_500: 500,
}
_STATUS_OF_OUTAGE: Final = {
    Outage.STATUS_401: 401,
    Outage.STATUS_403: 403,
    Outage.STATUS_404: 404,
    Outage.STATUS_429: 429,
    Outage.STATUS_500: 500,
    Outage.STATUS_503: 503,
}


def _an_error(code: int) -> bytes:
    status = {"kind": "Status", "apiVersion": "v1", "status": "Failure", "code": code, "message": "a planned fault"}
    return json.dumps({"type": "ERROR", "object": status}).encode() + b"\n"


_LAST_LINES: Final = {
    Watching.GONE_EVENT: _an_error(410),
    Watching.ERROR_EVENT: _an_error(500),
    Watching.GARBAGE: HTML + b"\n",
    Watching.HALF_LINE: b'{"type": "MODIFIED", "object": {"metadata": {"na',
}
"""What a watch sends before it is closed."""
_OTHERS_DELETE: Final = frozenset({"M", "G", "F"})
"""The families in which others delete or change what routes refer to."""


@dataclass(slots=True)
class Result:
    """How a plan went."""

    plan: Plan
    fired: int = 0
    """How many requests or watches it happened to."""
    recovery: float = 0.0
    """Seconds from the last fault until all promises were kept."""
    violations: list[str] = field(default_factory=list)
    writes: int = 0


@dataclass(slots=True)
class Run:
    """One plan, or a workload without a fault."""

    world: World
    plan: Plan
    users: Users = field(init=False)
    result: Result = field(init=False)
    _last: float = 0.0
    """When something went wrong for the last time, and of which of these times the recovery was noted."""
    _noted: float = 0.0
    _faults: list[Fault] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.users = Users(self.world.api, f"plan-{uuid4().hex[:8]}")
        self.result = Result(self.plan)

    async def run(self) -> Result:
        """Carry the plan out."""
        said = {name: len(replica.said()) for name, replica in self.world.replicas.items()}
        try:
            await self.users.begin()
            await self._carry_out()
            await self._judge()
        except (TimeoutError, ApiError, AssertionError) as error:
            self.result.violations.append(f"{type(error).__name__}: {error}")
        finally:
            self._end_faults()
            await self._tidy()
        self.world.forget(self.users.namespace)
        self.result.violations += await self.world.check_processes(said)
        return self.result

    @property
    def _own(self) -> Callable[[Request], bool]:
        """Return whether a request is a write for this plan's apps."""
        namespace, resource = self.users.namespace, self.plan.resource
        if resource == "leases":
            return lambda request: request.writes and request.resource == resource
        return lambda request: (
            request.namespace == namespace and request.changes_children and resource in {"", request.resource}
        )

    async def _carry_out(self) -> None:
        match self.plan.family:
            case "W" | "X":
                await self._watch()
            case "S":
                await self._stale()
            case "U":
                await self._outage()
            case "H":
                await self._replicas()
            case "P":
                await self._persist()
            case "F":
                await self._foreign()
            case "M" if self.plan.action is None:
                await self._mutate()
            case _ if self.plan.workload == "start":
                await self._start()
            case _:
                self._arm()
                await self._workload()

    @property
    def _first(self) -> Do:
        """Return the first step of the workload, which creates an app."""
        return WORKLOADS[self.plan.workload][0]

    def _arm(self) -> Fault | None:
        plan = self.plan
        if plan.action is None:
            return None
        fault = Fault(plan.action, self._own, plan.at, plan.times, plan.status, self._hook())
        self._faults.append(fault)
        for proxy in self.world.proxies.values():
            proxy.faults.append(fault)
        return fault

    def _hook(self) -> Callable[[], Awaitable[None]] | None:
        plan = self.plan
        if plan.action in {Action.KILL_BEFORE, Action.KILL_AFTER, Action.KILL_ANSWERED}:
            return self.world.kill
        if plan.act is Act.TERMINATE:
            return self.world.terminate
        if plan.act is not None:
            return partial(self.users.act, plan.act, plan.resource)
        return None

    async def _workload(self) -> None:
        """Take the steps of the workload, each when the one before is in place."""
        for step in WORKLOADS[self.plan.workload]:
            await self.users.do(step)
            await self._settle()

    async def _settle(self, patience: float = _PATIENCE) -> None:
        """Wait until all promises are kept. Raises AssertionError."""
        waits = Patience(patience)
        while True:
            apps = await self.users.apps()
            problems = check_statuses(apps) or check_apps(apps, await self.users.children(), self.world.settings)
            if not problems:
                self._note_recovery()
                return
            if waits.has_ended(self.world.disturbed):
                raise AssertionError(f"after {patience:g} s: {'; '.join(problems)}")
            await asyncio.sleep(_POLL)

    def _note_recovery(self) -> None:
        last = max([self._last, *(fault.last for fault in self._faults)])
        if last > self._noted:
            self._noted = last
            self.result.recovery = time.monotonic() - last

    async def _judge(self) -> None:
        self.result.fired += sum(fault.fired for fault in self._faults)
        self._end_faults()
        if self.plan.act is Act.RIVAL:
            await self.users.delete_app("rival")
            await self._settle()
        await self._quiet()
        await self.users.nudge(uuid4().hex)  # a pass that was still due after a failure may write
        await self._quiet()
        at_rest = len(self._requests())
        await self.users.nudge(uuid4().hex)
        await asyncio.sleep(_REST)
        await self._settle()
        own = self._requests()
        violations = check_rest(own[at_rest:])
        violations += check_requests(own, self.users.deleted, self.users.gone)
        if self.plan.family not in _OTHERS_DELETE and self.plan.workload != "drift" and self.plan.act is None:
            violations += check_order(own)
        self.result.writes = sum(request.changes_children for request in own)
        self.result.violations += violations

    def _requests(self) -> list[Request]:
        return self.world.requests(self.users.namespace)

    async def _quiet(self) -> None:
        """Wait until the operator has not written for a moment."""
        written, rests = -1, Patience(_REST)

        async def quiet() -> bool:
            nonlocal written, rests
            writes = sum(each.changes_children for each in self._requests())
            if writes != written:
                written, rests = writes, Patience(_REST)
            return rests.has_ended()

        await until(quiet, "no writes")

    def _end_faults(self) -> None:
        for proxy in self.world.proxies.values():
            proxy.faults = [fault for fault in proxy.faults if fault not in self._faults]
            if self.plan.alone:
                proxy.outage = None
                proxy.stale.clear()

    async def _tidy(self) -> None:
        """Delete the apps; their children must go, and stay away. The garbage collector acts meanwhile."""
        try:
            for resource in KINDS if self.users.foreign or self.plan.act is Act.FINALIZER else ():
                await self.users.release(resource)
            for app in await self.users.apps():
                await self.users.delete_app(app["metadata"]["name"])
            await self._settle()
        except (TimeoutError, ApiError, AssertionError) as error:
            self.result.violations.append(f"after the deletion of the apps: {error}")

    async def _persist(self) -> None:
        """Refuse all writes of one kind until the status says so, then allow them."""
        fault = self._arm()
        assert fault is not None
        fault.times = 10**6
        await self.users.do(self._first)

        async def reported() -> bool:
            (app,) = await self.users.apps()
            conditions = (app.get("status") or {}).get("conditions") or []
            kind = KINDS[self.plan.resource].kind
            ready = next((each for each in conditions if each["type"] == "Ready"), None)
            return ready is not None and ready["status"] != "True" and kind in json.dumps(conditions)

        await until(reported, "the status reports the refusal", _PATIENCE)
        fault.times = 0
        self._last = time.monotonic()
        await self._settle()

    async def _foreign(self) -> None:
        """Have an object of another user under the name of a child: before the app, or right before the child."""
        users, resource = self.users, self.plan.resource
        if self._arm() is None:
            await users.put_in_the_way(resource)
            self.result.fired += 1
        await users.do(self._first)

        async def blocked() -> bool:
            (app,) = await users.apps()
            conditions = (app.get("status") or {}).get("conditions") or []
            return any(each["type"] == "Ready" and each["status"] == "False" for each in conditions)

        await until(blocked, "the status reports the foreign object", _PATIENCE)
        await self._quiet()
        if not await users.clear_the_way():
            self.result.violations.append("a foreign object was changed")
        self._last = time.monotonic()
        await self._settle()

    async def _mutate(self) -> None:
        """Change a child at rest."""
        assert self.plan.act is not None
        await self._workload()
        await self.users.act(self.plan.act, self.plan.resource)
        if self.plan.act is Act.FINALIZER:
            await self.users.release(self.plan.resource)
        self.result.fired += 1
        self._last = time.monotonic()
        await self._settle()

    async def _start(self) -> None:
        """Disturb the n-th request of an operator that starts while there is an app, which was changed meanwhile."""
        await self.users.do(Do(Step.CREATE))
        await self._settle()
        await self.world.replica.kill()
        await self.users.do(Do(Step.EDIT, prefix="/v2"))
        fault = self._arm()
        assert fault is not None
        fault.matches = lambda request: request.resource != "leases"
        self.world.replica.start()
        self._last = time.monotonic()
        await self._settle()

    async def _stale(self) -> None:
        """Start an operator whose lists are from before the last edit. It must not return to the old spec."""
        users, proxy = self.users, self.world.proxy
        first, second = WORKLOADS[self.plan.workload]
        await users.do(first)
        await self._settle()
        resources = [each for each in KINDS if self.plan.resource in {each, "all"}]
        old = {}
        for resource in resources:
            selector = "" if resource == "proxiedapps" else "&labelSelector=app.kubernetes.io%2Fmanaged-by%3Dproxiedapp"
            path = f"{collection(KINDS[resource], None)}?limit=500{selector}"
            old[resource] = json.dumps(await self.world.api.request("GET", path)).encode()
        await users.do(second)
        await self._settle()
        await self._quiet()
        await self.world.replica.kill()
        before, listed_before = len(self._requests()), len(proxy.log[""])
        proxy.stale.update(old)
        self.world.replica.start()
        self._last = time.monotonic()

        async def listed() -> bool:
            lists = [each for each in proxy.log[""][listed_before:] if each.fault == "stale"]
            return len(lists) >= len(resources)

        await until(listed, "the old lists", _PATIENCE)
        self.result.fired += len(resources)
        await self.world.ready(self.world.replica.name)
        proxy.stale.clear()
        await self._quiet()
        await self._settle()
        written = [each for each in self._requests()[before:] if each.committed and each.changes_children]
        backwards = [each for each in written if each.resource != "proxiedapps" and _prefix_of(each) == "/v1"]
        self.result.violations += [f"an old spec was applied: {each.line()}" for each in backwards]

    async def _watch(self) -> None:
        """Break a watch, change something that only it reports, and let it be opened again."""
        await self._workload()
        await self.world.ready(self.world.replica.name)
        proxy, plan = self.world.proxy, self.plan
        assert plan.watching is not None
        key = WatchKey(plan.resource, plan.foreign)
        opens = asyncio.Event()
        if plan.watching not in {Watching.SILENT, Watching.TWICE, Watching.DROP}:
            proxy.closed_watches[key] = opens
        ends = await self._break(key, plan.watching)
        try:
            act = plan.act or (Act.DELETE_CHILD if plan.resource in KINDS and not plan.foreign else Act.EDIT_APP)
            act = plan.act or (Act.EDIT_APP if plan.resource == "proxiedapps" else act)
            await self.users.act(act, plan.resource)
        finally:
            proxy.closed_watches.pop(key, None)
            opens.set()
        await ends()
        self._last = time.monotonic()
        if plan.watching is not Watching.SILENT:
            await self.world.ready(self.world.replica.name)  # what happened meanwhile is reported after that
        await self._settle(_SILENCE if plan.watching is Watching.SILENT else _PATIENCE)

    async def _break(self, key: WatchKey, how: Watching) -> Callable[[], Awaitable[None]]:
        """Do it to the open watches, and return what ends it."""
        streams = self.world.proxy.open_watches(key)
        assert streams, f"{key} is not watched"
        self.result.fired += len(streams)
        ends = partial(asyncio.sleep, 0)
        if how in _STATUS_OF or how is Watching.PAGE:
            fault = Fault(
                Action.PAGE if how is Watching.PAGE else Action.STATUS,
                lambda request: request.verb == "watch" and WatchKey(request.resource, request.foreign) == key,
                status=_STATUS_OF.get(how, 0),
            )
            self._faults.append(fault)
            self.world.proxy.faults.append(fault)
        for stream in streams:
            match how:
                case Watching.SILENT:
                    stream.repeats = 0
                case Watching.DROP:
                    stream.repeats = 0
                    ends = partial(stream.end_with, _an_error(410))
                case Watching.TWICE:
                    stream.repeats = 2
                case Watching.RESET:
                    stream.close(reset=True)
                case _:
                    await stream.end_with(_LAST_LINES.get(how, b""))
        return ends

    async def _outage(self) -> None:
        """Take the API server away for some seconds; it comes back with a changed app and without a child."""
        plan = self.plan
        assert plan.outage is not None
        await self.users.do(Do(Step.CREATE))
        await self._settle()
        await self._quiet()
        async with self._away(plan.outage):
            if plan.outage in {Outage.FROZEN, Outage.ETCD_FROZEN}:
                await asyncio.sleep(plan.seconds)
            else:
                await self.users.do(Do(Step.EDIT, prefix="/v2"))
                await self.users.delete_child("services")
                await asyncio.sleep(plan.seconds)
        if plan.outage in {Outage.FROZEN, Outage.ETCD_FROZEN}:
            await self.users.do(Do(Step.EDIT, prefix="/v2"))
        self._last = time.monotonic()
        await self._settle()
        await self.world.ready(self.world.replica.name)  # the next plan must not begin in this outage

    @asynccontextmanager
    async def _away(self, outage: Outage) -> AsyncIterator[None]:
        cluster, proxies = self.world.cluster, self.world.proxies.values()
        stopped = {Outage.FROZEN: cluster.server, Outage.ETCD_FROZEN: cluster.etcd}.get(outage)
        if stopped is not None:
            os.kill(stopped.identity.pid, signal.SIGSTOP)
            try:
                yield
            finally:
                os.kill(stopped.identity.pid, signal.SIGCONT)
            self.result.fired += 1
            return

        async def answer(given: web.Request) -> web.StreamResponse:
            self.result.fired += 1
            if outage is Outage.HANGS:
                await asyncio.Event().wait()
            if outage is Outage.PAGE:
                return web.Response(body=HTML, content_type="text/html")
            if outage in _STATUS_OF_OUTAGE:
                return refusal(_STATUS_OF_OUTAGE[outage])
            return abort(given)

        for proxy in proxies:
            proxy.outage = answer
            for stream in proxy.open_watches():
                stream.close(reset=True)
        try:
            yield
        finally:
            for proxy in proxies:
                proxy.outage = None

    async def _replicas(self) -> None:
        """Create an app under one leader, take it away, and change the app; never do both replicas write."""
        world, how = self.world, self.plan.leading
        assert how is not None
        await self.users.do(Do(Step.CREATE))
        await self._settle()
        leader = await world.leading()
        standby = next(name for name in world.replicas if name != leader)
        edit = self.users.do(Do(Step.EDIT, prefix="/v2"))
        self.result.fired += 1
        match how:
            case Leading.KILLED | Leading.STOPPED | Leading.STANDBY_KILLED:
                victim = world.replicas[standby if how is Leading.STANDBY_KILLED else leader]
                if how is Leading.STOPPED:
                    if (code := await victim.stop()) != 0:
                        self.result.violations.append(f"SIGTERM ended the leader with status {code}")
                else:
                    await victim.kill()
                await edit
                await self._settle()
                await asyncio.to_thread(victim.start)
                await world.ready(victim.name)
            case Leading.FROZEN:
                world.replicas[leader].signal(signal.SIGSTOP)
                await edit
                await self._settle()
                world.replicas[leader].signal(signal.SIGCONT)
            case Leading.CUT_OFF | Leading.UNANSWERED:
                await self._cut_off(leader, silent=how is Leading.UNANSWERED)
                await edit
                await self._settle()
                world.proxies[leader].outage = None
            case Leading.LEASE_DELETED:
                await world.api.request("DELETE", _LEASE_PATH)
                await edit
            case Leading.LEASE_TAKEN:
                await until(self._take_lease, "the Lease is taken")
                await edit
        self._last = time.monotonic()
        await self._settle()
        for name in world.replicas:
            await world.ready(name)

    async def _take_lease(self) -> bool:
        """Take the Lease as a client that does not renew it. Raises ConflictError if the leader was faster.

        The leader may write until its own Lease would have expired, so the other one must not expire before.
        """
        lease = await self.world.api.request("GET", _LEASE_PATH)
        lease["spec"]["holderIdentity"] = "another"
        await self.world.api.request("PUT", _LEASE_PATH, lease)
        return True

    async def _cut_off(self, name: str, *, silent: bool) -> None:
        async def answer(given: web.Request) -> web.StreamResponse:
            if silent:
                await asyncio.Event().wait()
            return abort(given)

        proxy = self.world.proxies[name]
        proxy.outage = answer
        for stream in proxy.open_watches():
            stream.close(reset=True)


def _prefix_of(request: Request) -> str:
    """Return the prefix for which a child was written, if it shows."""
    for prefix in ("/v1", "/v2"):
        if f'"{prefix}"'.encode() in request.body or f"`{prefix}`".encode() in request.body:
            return prefix
    return ""


async def run_plan(world: World, plan: Plan) -> Result:
    """Return how a plan went."""
    return await Run(world, plan).run()


async def writes_of(world: World, workload: str) -> int:
    """Return how many writes a workload needs without a fault. Raises AssertionError if it breaks a promise."""
    result = await run_plan(world, Plan("none", workload))
    assert result.violations == [], result.violations
    return result.writes
