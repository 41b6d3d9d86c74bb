"""Which replica holds the Lease, when it loses it, and that two never hold it at the same time."""

import asyncio
import copy
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from typing_extensions import override

from proxiedapp.kube.client import Api
from proxiedapp.kube.errors import ApiError, ConflictError, NotFoundError, UnavailableError
from proxiedapp.kube.kind import Kind
from proxiedapp.kube.manifest import Manifest
from proxiedapp.process.health import Health
from proxiedapp.process.leadership import MAX_BLOCKED_SECONDS, Leadership
from proxiedapp.process.lease import Lease, LeaseLostError, NotLeadingError
from proxiedapp.process.loopthread import LoopThread
from tests.support.clock import Clock

SECONDS = 15.0


@dataclass
class LeaseApi(Api):
    """Stores one Lease, as the API server does: each write must name the version that it replaces."""

    stored: Manifest | None = None
    version: int = 0
    writes: int = 0
    before: list[Callable[[], None]] = field(default_factory=list)
    """Called before the next requests, one each; may raise in place of the request."""
    lose_answer: bool = False

    @override
    async def request(
        self, method: str, path: str, body: Manifest | bytes | None = None, content_type: str = ""
    ) -> Manifest:
        if self.before:
            self.before.pop(0)()
        if self.stored is None:
            raise NotFoundError(404, "not found")
        if method == "PUT":
            assert isinstance(body, dict)
            if body["metadata"]["resourceVersion"] != self.stored["metadata"]["resourceVersion"]:
                raise ConflictError(409, "the object has been modified")
            self._store(body)
        return self._answer()

    @override
    async def create(self, kind: Kind, manifest: Manifest) -> Manifest:
        if self.before:
            self.before.pop(0)()
        if self.stored is not None:
            raise ConflictError(409, "already exists")
        self._store(manifest)
        return self._answer()

    def _store(self, body: Manifest) -> None:
        self.version += 1
        self.writes += 1
        self.stored = copy.deepcopy(body)
        self.stored["metadata"] |= {"resourceVersion": str(self.version), "uid": "lease"}

    def _answer(self) -> Manifest:
        if self.lose_answer:
            self.lose_answer = False
            raise UnavailableError(0, "no answer")
        return copy.deepcopy(self.stored or {})

    @property
    def holder(self) -> str:
        assert self.stored is not None
        return str(self.stored["spec"]["holderIdentity"])


def fails() -> None:
    raise UnavailableError(503, "come back later")


def replica(
    api: Api,
    clock: Clock,
    identity: str = "me",
    *,
    shifted: timedelta = timedelta(),
    is_alive: Callable[[], bool] = lambda: True,
    blocked_by: Callable[[], str] = lambda: "",
) -> Lease:
    async def sleep(seconds: float) -> None:
        clock.advance(seconds)
        await asyncio.sleep(0)  # one iteration of the event loop, not a duration

    def now() -> datetime:
        return clock.now() + shifted

    return Lease(
        api,
        namespace="system",
        name="proxiedapp",
        identity=identity,
        seconds=SECONDS,
        is_alive=is_alive,
        blocked_by=blocked_by,
        clock=lambda: clock.seconds,
        now=now,
        sleep=sleep,
    )


async def test_first_replica_creates_the_lease() -> None:
    api, clock = LeaseApi(), Clock()
    lease = replica(api, clock)
    assert not lease.held
    await lease.acquire()
    assert lease.held
    assert api.stored is not None
    assert api.stored["spec"] == {
        "holderIdentity": "me",
        "leaseDurationSeconds": 15,
        "acquireTime": "2026-01-02T12:00:00.000000Z",
        "renewTime": "2026-01-02T12:00:00.000000Z",
        "leaseTransitions": 0,
    }


@pytest.mark.parametrize("shifted", [timedelta(), timedelta(hours=9), timedelta(hours=-9)], ids=str)
async def test_expired_lease_is_taken_whatever_the_clock_of_the_holder_shows(shifted: timedelta) -> None:
    api, clock = LeaseApi(), Clock()
    await replica(api, clock, "gone", shifted=shifted).acquire()
    await replica(api, clock).acquire()
    assert SECONDS <= clock.seconds <= SECONDS + 5
    assert api.holder == "me"
    assert api.stored is not None
    assert api.stored["spec"]["leaseTransitions"] == 1


async def test_renewed_lease_is_never_taken() -> None:
    api, clock = LeaseApi(), Clock()
    leader, standby = replica(api, clock, "leader"), replica(api, clock)
    await leader.acquire()
    for _ in range(100):
        clock.advance(2.0)
        assert not await standby.try_acquire()
        await leader.renew()
    assert leader.held


async def test_released_lease_is_taken_at_the_next_attempt() -> None:
    api, clock = LeaseApi(), Clock()
    leader, standby = replica(api, clock, "leader"), replica(api, clock)
    await leader.acquire()
    assert not await standby.try_acquire()
    await leader.release()
    assert not leader.held
    assert await standby.try_acquire()
    assert clock.seconds == 0.0


async def with_a_renewal_without_an_answer() -> tuple[LeaseApi, Clock, Lease]:
    """Return a Lease that is held, and whose last renewal the API server has stored without an answer."""
    api, clock = LeaseApi(), Clock()
    lease = replica(api, clock)
    await lease.acquire()
    api.lose_answer = True
    with pytest.raises(UnavailableError):
        await lease.renew()
    return api, clock, lease


async def test_lease_is_released_after_a_renewal_whose_answer_was_lost() -> None:
    """Such as one that was on its way when the process was told to stop."""
    api, _, lease = await with_a_renewal_without_an_answer()
    await lease.release()
    assert api.holder == ""


async def test_lease_of_another_replica_is_not_released() -> None:
    api, clock = LeaseApi(), Clock()
    lease = replica(api, clock)
    await lease.acquire()
    assert api.stored is not None
    api.stored["spec"]["holderIdentity"] = "another"
    api.stored["metadata"]["resourceVersion"] = "99"
    await lease.release()
    assert api.holder == "another"


async def test_restarted_container_with_the_same_identity_leads_at_once() -> None:
    api, clock = LeaseApi(), Clock()
    await replica(api, clock).acquire()
    assert await replica(api, clock).try_acquire()


async def test_only_one_of_two_concurrent_replicas_acquires_it() -> None:
    api, clock = LeaseApi(), Clock()
    first, second = replica(api, clock, "first"), replica(api, clock, "second")
    results = await asyncio.gather(first.try_acquire(), second.try_acquire())
    assert sorted(results) == [False, True]
    assert [first.held, second.held].count(True) == 1


async def test_errors_while_acquiring_are_retried() -> None:
    api, clock = LeaseApi(), Clock()
    api.before = [fails, fails]
    await replica(api, clock).acquire()
    assert api.holder == "me"


async def test_failed_renewals_are_retried_until_the_lease_may_have_expired() -> None:
    api, clock = LeaseApi(), Clock()
    lease = replica(api, clock)
    await lease.acquire()
    api.before = [fails] * 100
    with pytest.raises(LeaseLostError, match="could not be renewed in time: come back later"):
        await lease.keep()
    assert SECONDS * 2 / 3 <= clock.seconds < SECONDS
    assert not lease.held


async def test_replica_leads_through_a_few_failed_renewals() -> None:
    api, clock = LeaseApi(), Clock()
    lease = replica(api, clock)
    await lease.acquire()
    api.before = [fails] * 3

    def taken() -> None:
        assert lease.held
        api.stored = (api.stored or {}) | {
            "spec": {"holderIdentity": "other"},
            "metadata": {"name": "proxiedapp", "uid": "lease", "resourceVersion": "99"},
        }

    api.before += [lambda: None, taken]
    with pytest.raises(LeaseLostError, match="another replica has taken the Lease"):
        await lease.keep()


async def test_renewal_without_an_answer_loses_the_lease() -> None:
    hung = asyncio.Event()

    class Hanging(LeaseApi):
        @override
        async def request(self, method: str, *args: Any, **kwargs: Any) -> Manifest:
            if method == "PUT":
                await hung.wait()
            return await super().request(method, *args, **kwargs)

    clock = Clock()

    async def sleep(_: float) -> None:
        clock.advance(SECONDS * 2 / 3)  # no time is left for an answer

    lease = Lease(
        Hanging(),
        namespace="system",
        name="proxiedapp",
        identity="me",
        seconds=SECONDS,
        clock=lambda: clock.seconds,
        sleep=sleep,
    )
    await lease.acquire()
    with pytest.raises(LeaseLostError, match="no answer"):
        await lease.keep()
    assert not lease.held


async def test_renewal_whose_answer_was_lost_is_recognized() -> None:
    _, clock, lease = await with_a_renewal_without_an_answer()
    clock.advance(5.0)
    await lease.renew()
    assert lease.held


async def test_deleted_lease_is_lost() -> None:
    api, clock = LeaseApi(), Clock()
    lease = replica(api, clock)
    await lease.acquire()
    api.stored = None
    with pytest.raises(LeaseLostError):
        await lease.keep()


async def test_suspended_process_writes_nothing() -> None:
    api, clock = LeaseApi(), Clock()
    lease = replica(api, clock)
    with pytest.raises(NotLeadingError):
        lease.check()
    await lease.acquire()
    lease.check()
    clock.advance(SECONDS)
    with pytest.raises(NotLeadingError):
        lease.check()
    writes = api.writes
    await lease.release()
    assert api.writes == writes, "a Lease that another replica may hold is not released"


@dataclass(frozen=True)
class Step:
    """Time passes, then a replica acts, and its request may fail."""

    wait: float
    replica: int
    failure: str


STEPS = st.builds(
    Step,
    wait=st.sampled_from([0.0, 0.1, 1.0, 2.0, 4.0, 9.0, 11.0, 14.0, 16.0]),
    replica=st.integers(0, 2),
    failure=st.sampled_from(["", "", "", "fails", "answer lost", "releases"]),
)


@given(steps=st.lists(STEPS, max_size=60))
async def test_two_replicas_never_hold_the_lease_at_the_same_time(steps: list[Step]) -> None:
    api, clock = LeaseApi(), Clock()
    replicas = [replica(api, clock, name, shifted=timedelta(hours=n)) for n, name in enumerate("abc")]
    for step in steps:
        clock.advance(step.wait)
        assert [lease.held for lease in replicas].count(True) <= 1
        lease = replicas[step.replica]
        api.before = [fails] if step.failure == "fails" else []
        api.lose_answer = step.failure == "answer lost"
        try:
            if step.failure == "releases":
                await lease.release()
            elif lease.held:
                await lease.renew()
            else:
                await lease.try_acquire()
        except (ApiError, LeaseLostError):
            pass
        api.before, api.lose_answer = [], False
        assert [lease.held for lease in replicas].count(True) <= 1


async def test_release_does_not_wait_for_an_unreachable_api_server(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("proxiedapp.process.lease._RETRY_SECONDS", 0.01)
    gone = asyncio.Event()

    class Gone(LeaseApi):
        @override
        async def request(self, method: str, *args: Any, **kwargs: Any) -> Manifest:
            if method == "PUT":
                await gone.wait()
            return await super().request(method, *args, **kwargs)

    lease = replica(Gone(), Clock())
    await lease.acquire()
    await lease.release()
    assert not lease.held


async def test_lease_is_renewed_while_the_work_is_blocked_for_a_minute_at_most() -> None:
    api, clock = LeaseApi(), Clock()
    health = Health(clock=lambda: clock.seconds)
    leader = replica(api, clock, "leader", is_alive=lambda: health.silence() < MAX_BLOCKED_SECONDS)
    standby = replica(api, clock, "standby")
    await leader.acquire()
    keeping = asyncio.create_task(leader.keep())
    while clock.seconds < 20.0:
        assert leader.held, "the stall of 20 seconds does not reach it"
        assert not await standby.try_acquire()
        await asyncio.sleep(0)
    with pytest.raises(LeaseLostError, match="the work has been blocked for too long"):
        await keeping
    assert MAX_BLOCKED_SECONDS <= clock.seconds < MAX_BLOCKED_SECONDS + SECONDS / 3
    writes = api.writes
    while not await standby.try_acquire():
        clock.advance(1.0)
    assert not leader.held, "the other replica leads only after the deadline of this one"
    assert api.writes == writes + 1, "it was not released: a write may be on its way"


async def test_thread_renews_while_the_main_loop_is_blocked() -> None:
    renewed = threading.Event()

    class Watched(LeaseApi):
        @override
        async def request(self, method: str, *args: Any, **kwargs: Any) -> Manifest:
            answer = await super().request(method, *args, **kwargs)
            if self.writes >= 4:
                renewed.set()
            return answer

    async def sleep(_: float) -> None:
        await asyncio.sleep(0.01)

    lease = Lease(Watched(), namespace="system", name="proxiedapp", identity="me", seconds=600.0, sleep=sleep)
    with LoopThread("lease") as thread:
        leadership = Leadership(lease, thread)
        with pytest.raises(NotLeadingError):
            leadership.check()
        await leadership.acquire()
        keeping = asyncio.create_task(leadership.keep())
        await asyncio.sleep(0)
        assert renewed.wait(30), "three renewals, while nothing else runs in this event loop"
        leadership.check()
        keeping.cancel()
        with pytest.raises(asyncio.CancelledError):
            await keeping
        await thread.run(lease.release())
    with pytest.raises(NotLeadingError):
        leadership.check()


async def test_no_write_passes_the_check_while_the_lease_is_being_released() -> None:
    api, clock = LeaseApi(), Clock()
    lease = replica(api, clock)
    await lease.acquire()
    api.before = [lambda: checked.append(lease.held)]
    checked: list[bool] = []
    await lease.release()
    assert checked == [False]
    assert api.holder == ""


async def test_next_holder_learns_which_app_blocked_the_one_that_died() -> None:
    api, clock = LeaseApi(), Clock()
    blocking = [""]
    leader = replica(api, clock, "leader", blocked_by=lambda: blocking[0])
    await leader.acquire()
    blocking[0] = "team-a/slow"
    await leader.renew()
    restarted = replica(api, clock, "leader")
    await restarted.acquire()
    assert restarted.suspect == "team-a/slow"
    assert api.stored is not None
    assert api.stored["metadata"]["annotations"] == {}


async def test_app_that_no_longer_blocks_is_no_suspect() -> None:
    api, clock = LeaseApi(), Clock()
    blocking = ["team-a/slow"]
    leader, standby = replica(api, clock, "leader", blocked_by=lambda: blocking[0]), replica(api, clock)
    await leader.acquire()
    await leader.renew()
    blocking[0] = ""
    await leader.renew()
    await leader.release()
    await standby.acquire()
    assert standby.suspect == ""
