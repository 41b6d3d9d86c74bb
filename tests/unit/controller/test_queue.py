"""The work queue, with a test clock."""

import asyncio
from operator import attrgetter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxiedapp.controller.queue import RECHECK_TURN, Queue
from proxiedapp.kube.key import Key
from tests.support.clock import Clock


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def queue(clock: Clock) -> Queue[str]:
    return Queue(backoff=0.5, backoff_max=300.0, timer=clock, jitter=lambda: 0.0, clock=lambda: clock.seconds)


async def take(queue: Queue[str]) -> str:
    """Take the next key; there must be one."""
    assert len(queue) > 0
    return await queue.get()


async def fail(queue: Queue[str], key: str, *, at_least: float = 0.0) -> None:
    """Let one pass fail."""
    assert await take(queue) == key
    queue.failed(key, at_least=at_least)


async def test_keys_come_in_the_order_in_which_they_became_due(queue: Queue[str]) -> None:
    for key in ("b", "a", "c"):
        queue.add(key)
    assert [await take(queue) for _ in range(3)] == ["b", "a", "c"]


async def test_key_that_waits_is_not_added_twice(queue: Queue[str]) -> None:
    queue.add("a")
    queue.add("b")
    queue.add("a")
    assert [await take(queue), await take(queue)] == ["a", "b"]
    assert len(queue) == 0


async def test_age_is_that_of_the_key_that_is_next(queue: Queue[str], clock: Clock) -> None:
    queue.add("before")
    await take(queue)
    assert (queue.depth(), queue.age()) == (0, 0.0)
    queue.add("a")
    clock.advance(2.0)
    queue.add("b")
    queue.add("a")
    clock.advance(1.0)
    assert (queue.depth(), queue.age()) == (2, 3.0)
    await take(queue)
    assert (queue.depth(), queue.age()) == (1, 1.0)


async def test_no_key_counts_as_waiting_before_the_first_get(queue: Queue[str], clock: Clock) -> None:
    queue.add("a")
    queue.add("b")
    clock.advance(3600.0)
    assert (queue.depth(), queue.age()) == (0, 0.0), "a standby replica has nothing to do"
    await take(queue)
    clock.advance(5.0)
    assert (queue.depth(), queue.age()) == (1, 5.0), "since the first get"


async def test_taker_waits_for_a_key(queue: Queue[str]) -> None:
    taker = asyncio.create_task(queue.get())
    await asyncio.sleep(0)
    assert not taker.done()
    queue.add("a")
    assert await taker == "a"


async def test_each_taker_gets_a_key_of_its_own(queue: Queue[str]) -> None:
    takers = [asyncio.create_task(queue.get()) for _ in range(2)]
    queue.add("a")
    queue.add("b")
    assert sorted(await asyncio.gather(*takers)) == ["a", "b"]


async def test_key_is_never_worked_on_twice_at_a_time(queue: Queue[str]) -> None:
    queue.add("a")
    await take(queue)
    queue.add("a")
    queue.add("a")
    assert len(queue) == 0, "it waits for the present pass to end"
    queue.done("a")
    assert await take(queue) == "a"
    queue.done("a")
    assert len(queue) == 0, "and however often it was added, one pass sees it all"


async def test_other_keys_go_on_meanwhile(queue: Queue[str]) -> None:
    queue.add("a")
    await take(queue)
    queue.add("a")
    queue.add("b")
    assert await take(queue) == "b"


async def test_key_can_be_added_again_after_it_is_done(queue: Queue[str]) -> None:
    queue.add("a")
    await take(queue)
    queue.done("a")
    queue.add("a")
    assert await take(queue) == "a"


async def test_backoff_doubles_up_to_its_limit(queue: Queue[str], clock: Clock) -> None:
    queue.add("a")
    waits = []
    for _ in range(12):
        await fail(queue, "a")
        assert len(queue) == 0
        waits.append(clock.next_in())
        clock.advance(clock.next_in())
    assert waits == [0.5, 1, 2, 4, 8, 16, 32, 64, 128, 256, 300, 300]


async def test_key_that_fails_for_weeks_is_still_tried_again(queue: Queue[str], clock: Clock) -> None:
    queue.add("a")
    for _ in range(3000):
        await fail(queue, "a")
        clock.advance(clock.next_in())
    assert len(queue) == 1


async def test_success_forgets_the_failures(queue: Queue[str], clock: Clock) -> None:
    queue.add("a")
    for _ in range(3):
        await fail(queue, "a")
        clock.advance(clock.next_in())
    await take(queue)
    queue.done("a")
    queue.add("a")
    await fail(queue, "a")
    assert clock.next_in() == 0.5


async def test_failures_of_one_key_do_not_slow_another(queue: Queue[str], clock: Clock) -> None:
    queue.add("a")
    await fail(queue, "a")
    clock.advance(0.5)
    await fail(queue, "a")
    clock.advance(1.0)
    await take(queue)
    queue.add("b")
    await fail(queue, "b")
    assert clock.next_in() == 0.5


async def test_server_may_ask_for_a_longer_wait(queue: Queue[str], clock: Clock) -> None:
    queue.add("a")
    await fail(queue, "a", at_least=7.0)
    assert clock.next_in() == 7.0


async def test_server_cannot_ask_for_a_shorter_wait(queue: Queue[str], clock: Clock) -> None:
    queue.add("a")
    await fail(queue, "a", at_least=0.1)
    assert clock.next_in() == 0.5


@pytest.mark.parametrize(("jitter", "wait"), [(0.0, 0.5), (0.5, 0.525), (1.0, 0.55)])
async def test_jitter_adds_up_to_a_tenth(clock: Clock, jitter: float, wait: float) -> None:
    queue: Queue[str] = Queue(backoff=0.5, backoff_max=300.0, timer=clock, jitter=lambda: jitter)
    queue.add("a")
    await fail(queue, "a")
    assert clock.next_in() == pytest.approx(wait)


async def test_news_cancel_the_delay(queue: Queue[str], clock: Clock) -> None:
    queue.add("a")
    await fail(queue, "a")
    queue.add("a")
    assert clock.pending() == []
    assert await take(queue) == "a"
    queue.done("a")
    clock.advance(1000)
    assert len(queue) == 0, "the delayed try does not come on top"


async def test_key_added_during_a_failing_pass_is_retried_at_once(queue: Queue[str], clock: Clock) -> None:
    queue.add("a")
    await take(queue)
    queue.add("a")
    queue.failed("a")
    assert len(queue) == 1
    assert clock.pending() == []


async def test_news_do_not_forget_the_failures(queue: Queue[str], clock: Clock) -> None:
    queue.add("a")
    await fail(queue, "a")
    queue.add("a")
    await fail(queue, "a")
    assert clock.next_in() == 1.0


async def test_later_is_not_later_than_what_is_asked_already(queue: Queue[str], clock: Clock) -> None:
    queue.add("a")
    queue.add_later("a", 5)
    assert clock.pending() == []
    queue.add_later("b", 5)
    queue.add_later("b", 9)
    assert clock.next_in() == 5


async def test_event_loop_is_the_clock_if_none_is_given() -> None:
    queue: Queue[str] = Queue(backoff=0.0, backoff_max=0.0)
    queue.add("a")
    await fail(queue, "a")
    assert await queue.get() == "a"


def in_turns(group_limit: int | None = None) -> Queue[Key]:
    return Queue(backoff=0.5, backoff_max=300.0, group=attrgetter("namespace"), group_limit=group_limit)


async def test_thousand_keys_of_one_namespace_delay_another_by_one_pass() -> None:
    queue = in_turns()
    for number in range(1000):
        queue.add(Key("busy", f"app-{number}"))
    await queue.get()
    queue.add(Key("quiet", "app"))
    taken = [await queue.get() for _ in range(3)]
    assert [key.namespace for key in taken] == ["busy", "quiet", "busy"]
    assert [key.name for key in taken] == ["app-1", "app", "app-2"], "each namespace keeps its order"


async def test_namespaces_take_turns() -> None:
    queue = in_turns()
    for namespace, number in [("a", 3), ("b", 1), ("c", 2)]:
        for name in range(number):
            queue.add(Key(namespace, str(name)))
    assert "".join([(await queue.get()).namespace for _ in range(6)]) == "abcaca"
    assert len(queue) == 0


async def test_slow_passes_of_one_namespace_leave_workers_for_another() -> None:
    queue = in_turns(group_limit=2)
    for name in "123":
        queue.add(Key("slow", name))
    busy = [await queue.get() for _ in range(2)]
    taker = asyncio.create_task(queue.get())
    await asyncio.sleep(0)
    assert not taker.done(), "the third would occupy a third worker"
    assert len(queue) == 1
    queue.add(Key("other", "app"))
    assert await taker == Key("other", "app")
    queue.done(busy[0])
    assert await queue.get() == Key("slow", "3")


async def test_changes_come_before_keys_that_are_only_checked_again(queue: Queue[str]) -> None:
    """After a restart, all apps are checked again, and an edit must not wait for them."""
    for number in range(1000):
        queue.recheck(f"app-{number}")
    assert await take(queue) == "app-0"
    queue.add("edited")
    queue.add("app-999")
    assert [await take(queue) for _ in range(3)] == ["edited", "app-999", "app-1"]
    assert len(queue) == 997, "and no key is worked on twice for it"


async def test_endless_changes_do_not_stop_what_is_checked_again(queue: Queue[str]) -> None:
    queue.recheck("at rest")
    for number in range(100):
        queue.add(f"app-{number}")
    assert "at rest" in [await take(queue) for _ in range(RECHECK_TURN)]


async def test_repair_waits_for_one_change_of_its_namespace_and_one_of_each_other() -> None:
    queue = in_turns()
    for name in range(1000):
        queue.add(Key("busy", f"edited-{name}"))
        queue.add(Key("other", f"edited-{name}"))
    queue.repair(Key("busy", "drifted"))
    queue.repair(Key("other", "edited-999"))
    taken = [str(await queue.get()) for _ in range(4)]
    assert taken == ["busy/edited-0", "other/edited-0", "busy/drifted", "other/edited-999"]


async def test_endless_repairs_leave_every_other_turn_to_changes(queue: Queue[str]) -> None:
    queue.add("edited-0")
    queue.add("edited-1")
    taken = []
    for _ in range(4):
        queue.repair("drifted")
        taken.append(await take(queue))
        queue.done(taken[-1])
    assert taken == ["edited-0", "drifted", "edited-1", "drifted"]


async def test_drift_under_twenty_edits_a_second_is_repaired_within_half_a_second() -> None:
    """One worker that needs 60 ms for a pass cannot keep up with the edits, but with the repairs."""
    clock = Clock()
    queue: Queue[Key] = Queue(
        backoff=0.5, backoff_max=300.0, group=attrgetter("namespace"), timer=clock, clock=lambda: clock.seconds
    )
    drifted: dict[Key, float] = {}
    latencies = []
    for step in range(2000):  # of 20 ms
        clock.advance(0.02)
        if step % 5 in {0, 2}:
            queue.add(Key("team", f"edited-{step}"))
        if step % 50 == 7:
            drifted[key := Key("team", f"drifted-{step}")] = clock.seconds
            queue.repair(key)
        if step % 3 == 0 and len(queue):
            key = await queue.get()
            if key in drifted:
                latencies.append(clock.seconds + 0.06 - drifted[key])
            queue.done(key)
    assert len(queue) > 100, "the edits wait"
    assert len(latencies) == 40
    assert max(latencies) < 0.5


async def test_change_during_a_pass_is_not_only_a_check(queue: Queue[str]) -> None:
    queue.add("a")
    await take(queue)
    queue.recheck("a")
    queue.add("a")
    queue.recheck("a")
    queue.recheck("b")
    queue.done("a")
    assert [await take(queue), await take(queue)] == ["a", "b"]


async def test_changes_of_a_namespace_are_taken_within_its_workers() -> None:
    queue = in_turns(group_limit=1)
    queue.recheck(Key("busy", "1"))
    queue.recheck(Key("busy", "2"))
    first = await queue.get()
    queue.add(Key("busy", "3"))
    queue.recheck(Key("other", "1"))
    assert await queue.get() == Key("other", "1"), "the changed app waits for a worker of its namespace"
    queue.done(first)
    assert await queue.get() == Key("busy", "3")


@given(
    steps=st.lists(
        st.tuples(st.sampled_from(["add", "recheck", "repair", "get", "done", "failed"]), st.integers(0, 11)),
        max_size=80,
    ),
    limit=st.sampled_from([None, 1, 2]),
)
async def test_every_key_is_taken_and_no_namespace_exceeds_its_limit(
    steps: list[tuple[str, int]], limit: int | None
) -> None:
    clock = Clock()
    queue: Queue[Key] = Queue(
        backoff=0.5, backoff_max=300.0, group=attrgetter("namespace"), group_limit=limit, timer=clock
    )
    wanted: set[Key] = set()
    busy: list[Key] = []

    async def take() -> bool:
        taker = asyncio.create_task(queue.get())
        await asyncio.sleep(0)
        if not taker.done():
            taker.cancel()
            return False
        key = taker.result()
        assert key not in busy
        busy.append(key)
        wanted.discard(key)
        assert limit is None or [one.namespace for one in busy].count(key.namespace) <= limit
        return True

    for step, number in steps:
        if step in {"add", "recheck", "repair"}:
            key = Key("abc"[number % 3], str(number))
            getattr(queue, step)(key)
            wanted.add(key)
        elif step == "get":
            await take()
        elif busy:
            getattr(queue, step)(busy.pop(number % len(busy)))
    while True:
        for key in busy:
            queue.done(key)
        busy.clear()
        if not await take():
            break
    assert wanted == set(), "nothing that was added is forgotten"
    assert len(queue) == 0


async def test_key_that_is_set_aside_waits_whatever_is_added(queue: Queue[str], clock: Clock) -> None:
    queue.add("a")
    await take(queue)
    queue.add("a")
    queue.set_aside("a", 30.0)
    queue.add("a")
    queue.add_later("a", 1.0)
    clock.advance(29.0)
    assert len(queue) == 0
    clock.advance(1.0)
    assert await take(queue) == "a"
    queue.add("a")
    queue.done("a")
    assert await take(queue) == "a", "after the pause, it is a key as any other"


async def test_pass_is_repeated_at_its_time_and_only_once_if_something_changes_before(
    queue: Queue[str], clock: Clock
) -> None:
    queue.add("a")
    queue.done(await take(queue), again_after=1.0)
    assert clock.next_in() == 1.0
    clock.advance(0.5)
    queue.add("a")
    assert await take(queue) == "a"
    queue.add("a")
    queue.done("a", again_after=0.5)
    assert (len(queue), clock.pending()) == (1, []), "the pass that was requested meanwhile comes first"
    queue.done(await take(queue), again_after=0.5)
    clock.advance(0.5)
    assert await take(queue) == "a"
