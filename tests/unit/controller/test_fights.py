"""Fights: the same intent that is written again and again is written after growing pauses."""

from dataclasses import replace
from datetime import timedelta

from proxiedapp.controller.fights import FREE_WRITES, LONGEST_PAUSE_SECONDS, WINDOW_SECONDS, Fights
from proxiedapp.controller.observed.objects import ChildId, Owner
from proxiedapp.controller.observed.ownedfields import intent_digest
from proxiedapp.controller.plan import Apply, Plan
from proxiedapp.kube.key import Key
from proxiedapp.resources.kinds import DEPLOYMENT
from tests.support.clock import START

ID = ChildId(DEPLOYMENT, "team", "shop")


def apply(image: str = "shop:1") -> Apply:
    intent = {"metadata": {}, "spec": {"image": image}}
    return Apply(ID, intent, intent_digest(intent), None, Owner(Key("team", "shop"), "app-1"))


def held(fights: Fights, seconds: float, image: str = "shop:1") -> bool:
    _, waiting = fights.hold(Plan((apply(image),), ()), START + timedelta(seconds=seconds))
    return bool(waiting)


def fought(times: int, every: float = 1.0) -> Fights:
    fights = Fights()
    for number in range(times):
        fights.record(apply(), "spec.image, by them", START + timedelta(seconds=number * every))
    return fights


def test_ordinary_repairs_are_made_at_once() -> None:
    fights = fought(FREE_WRITES - 1)
    assert not held(fights, FREE_WRITES - 1)
    assert list(fights.contested([ID], START)) == []


def test_repairs_over_a_long_time_are_no_fight() -> None:
    assert not held(fought(50, every=WINDOW_SECONDS / 4), 50 * WINDOW_SECONDS / 4)


def test_autoscaler_that_acts_every_fifteen_seconds_is_a_fight() -> None:
    fights = fought(FREE_WRITES + 1, every=15)
    assert [child for child, _, _ in fights.contested([ID], START + timedelta(seconds=15 * FREE_WRITES + 1))] == [ID]


def test_pauses_double_up_to_the_longest() -> None:
    fights, now, pauses = fought(FREE_WRITES), float(FREE_WRITES - 1), []
    for _ in range(10):
        pause = 0.0
        while held(fights, now + pause):
            pause += 1.0
        pauses.append(pause)
        now += pause
        fights.record(apply(), "", START + timedelta(seconds=now))
    assert pauses == [2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 128.0, 256.0, LONGEST_PAUSE_SECONDS, LONGEST_PAUSE_SECONDS]


def test_changed_intent_is_written_at_once() -> None:
    fights = fought(FREE_WRITES)
    assert held(fights, FREE_WRITES)
    assert not held(fights, FREE_WRITES, "shop:2")


def test_fight_is_over_after_twice_the_last_pause() -> None:
    fights, last = fought(FREE_WRITES), FREE_WRITES - 1
    assert list(fights.contested([ID], START + timedelta(seconds=last))) == [(ID, "spec.image, by them", 2.0)]
    assert list(fights.contested([ID], START + timedelta(seconds=last + 3))) == [(ID, "spec.image, by them", 1.0)]
    assert list(fights.contested([ID], START + timedelta(seconds=last + 4))) == []


def test_old_records_are_forgotten() -> None:
    fights = fought(3)
    other = replace(apply(), id=ChildId(DEPLOYMENT, "team", "other"))
    fights.record(other, "", START + timedelta(hours=1))
    assert len(fights._writes) == 1  # noqa: SLF001 - nothing else shows that memory is bounded
