"""Which app holds a route key, which apps a change concerns, and how many steps that takes."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxiedapp.controller.observed import routeindex
from proxiedapp.controller.observed.routeindex import RouteIndex
from proxiedapp.kube.key import Key
from proxiedapp.routing.claim import Claim, Contender, RouteKey, assign_holders

SHOP, CART, BLOG = Key("team", "shop"), Key("team", "cart"), Key("web", "blog")
NOTHING: Claim = frozenset()


def route_key(
    host: str = "a.test", prefix: str = "/api", entry_point: str = "web", ingress_class: str = ""
) -> RouteKey:
    return RouteKey(host, prefix, entry_point, ingress_class)


def claim(*hosts: str) -> Claim:
    return frozenset(route_key(host) for host in hosts)


def contender(app: Key, requested: Claim = NOTHING, granted: Claim = NOTHING, created: str = "1") -> Contender:
    return Contender(app, created, requested, granted)


@pytest.fixture
def index() -> RouteIndex:
    return RouteIndex()


def put(index: RouteIndex, *contenders: Contender) -> None:
    for one in contenders:
        index.replace(one.key, one)


def test_an_empty_index_knows_no_app(index: RouteIndex) -> None:
    assert index.contender(SHOP) is None
    assert len(index) == 0


def test_an_app_alone_holds_what_it_requests(index: RouteIndex) -> None:
    put(index, contender(SHOP, claim("a.test", "b.test")))
    assert index.holders(SHOP) == dict.fromkeys(claim("a.test", "b.test"), SHOP)


@pytest.mark.parametrize(
    "other",
    [
        pytest.param(route_key(host="b.test"), id="another host"),
        pytest.param(route_key(prefix="/api/v1"), id="a longer prefix"),
        pytest.param(route_key(entry_point="websecure"), id="another entry point"),
        pytest.param(route_key(ingress_class="internal"), id="another ingress class"),
    ],
)
def test_route_keys_that_differ_in_one_part_are_not_shared(index: RouteIndex, other: RouteKey) -> None:
    put(index, contender(SHOP, frozenset({route_key()})), contender(CART, frozenset({other})))
    assert index.holders(SHOP) == {route_key(): SHOP}
    assert index.holders(CART) == {other: CART}


def test_an_index_is_empty_again_after_everything_was_removed(index: RouteIndex) -> None:
    put(index, contender(SHOP, claim("a.test"), claim("b.test")), contender(CART, claim("a.test")))
    assert len(index) == 2
    for app in (SHOP, CART):
        index.replace(app, None)
    assert len(index) == 0


APPS = [Key("team", name) for name in "abcdef"]
CLAIMS = st.frozensets(st.sampled_from(sorted(claim("1", "2", "3", "4"))), max_size=3)
CONTENDERS = st.lists(
    st.builds(contender, st.sampled_from(APPS), CLAIMS, CLAIMS, st.sampled_from("12")),
    max_size=6,
    unique_by=lambda one: one.key,
)


def lost_by(app: Contender, holders: dict[RouteKey, Key]) -> set[RouteKey]:
    return {one for one in app.requested if holders.get(one, app.key) != app.key}


@given(CONTENDERS)
def test_answer_for_one_app_is_that_of_the_whole_contest(contenders: list[Contender]) -> None:
    index = RouteIndex()
    put(index, *contenders)
    everything = assign_holders(contenders)
    for app in contenders:
        found = index.holders(app.key)
        assert found.items() <= everything.items()
        assert bool(lost_by(app, found)) == bool(lost_by(app, everything))
        for one in app.granted:
            assert found[one] == everything[one]


@given(CONTENDERS, CONTENDERS)
def test_every_app_whose_holders_change_is_concerned(before: list[Contender], after: list[Contender]) -> None:
    """The other way round is not asserted: a woken app may find that its answer is the same."""
    index = RouteIndex()
    put(index, *before)
    for change in after:
        others = [app for app in APPS if index.contender(app) is not None and app != change.key]
        old = {app: {one: index.holders(app).get(one) for one in index.holders(app)} for app in others}
        woken = index.replace(change.key, change)
        for app in others:
            contest = index.contender(app)
            assert contest is not None
            new = index.holders(app)
            direct = {one for one in contest.requested if one in change.requested | change.granted}
            if any(old[app].get(one) != new.get(one) for one in direct if one in old[app] and one in new):
                assert app in woken


def test_a_new_rival_at_a_held_route_key_concerns_no_other_app(index: RouteIndex) -> None:
    put(index, contender(SHOP, claim("a.test"), claim("a.test")))
    for number in range(300):
        rival = Key("team", f"rival-{number}")
        assert index.replace(rival, contender(rival, claim("a.test"), created="2")) == set()


def test_a_freed_route_key_concerns_all_that_request_it(index: RouteIndex) -> None:
    put(index, contender(SHOP, claim("a.test"), claim("a.test")), contender(CART, claim("a.test")))
    put(index, contender(BLOG, claim("b.test")))
    assert index.replace(SHOP, None) == {CART}
    assert index.holders(CART) == dict.fromkeys(claim("a.test"), CART)


def test_a_route_that_the_expected_holder_gets_is_no_news(index: RouteIndex) -> None:
    put(index, contender(SHOP, claim("a.test")), contender(CART, claim("a.test"), created="2"))
    assert index.replace(SHOP, contender(SHOP, claim("a.test"), claim("a.test"))) == set()


def test_an_app_that_loses_frees_what_others_wait_for(index: RouteIndex) -> None:
    """The cart loses one host, so the blog, which waits for its other host, may have that one."""
    put(index, contender(CART, claim("a.test", "b.test"), created="1"), contender(BLOG, claim("b.test"), created="2"))
    waits_for = (route_key("b.test"), CART)
    assert index.holders(BLOG)[waits_for[0]] == CART
    assert index.report(BLOG, waits_for) == set()
    put(index, contender(SHOP, claim("a.test"), claim("a.test"), created="3"))
    lost = (route_key("a.test"), SHOP)
    assert index.report(CART, lost) == {BLOG}
    assert index.report(CART, lost) == set(), "the second time nothing is new"
    assert index.holders(BLOG) == {route_key("b.test"): BLOG}
    assert index.report(BLOG, None) == set()
    assert index.report(CART, None) == set()


def test_an_app_that_is_gone_wakes_those_that_wait_for_it(index: RouteIndex) -> None:
    put(index, contender(SHOP, claim("a.test"), claim("a.test")), contender(CART, claim("a.test")))
    index.report(CART, (route_key("a.test"), SHOP))
    index.replace(SHOP, contender(SHOP))
    assert index.replace(SHOP, None) == {CART}
    assert index.replace(CART, None) == set()


def test_beyond_its_steps_only_the_oldest_app_gets_a_free_route_key(
    index: RouteIndex, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(index, *(contender(app, claim("a.test"), created=str(age)) for age, app in enumerate((SHOP, CART, BLOG))))
    monkeypatch.setattr(routeindex, "MAX_CONTEST_STEPS", 0)
    assert {app: index.holders(app)[route_key()] for app in (SHOP, CART, BLOG)} == dict.fromkeys(
        (SHOP, CART, BLOG), SHOP
    )
    assert index.replace(SHOP, None) == {CART, BLOG}, "what takes too long to compare counts as changed"


def steps_of_a_pass_and_a_change(resting: int, rivals: int = 1) -> tuple[int, int]:
    """Return the steps of a pass and of a change beside other apps, each routed at its own host."""
    index = RouteIndex()
    for number in range(resting):
        app = Key(f"team-{number % 40}", f"app-{number}")
        put(index, contender(app, claim(f"{number}.test"), claim(f"{number}.test")))
    put(index, contender(SHOP, claim("a.test"), claim("a.test")))
    for number in range(rivals):
        put(index, contender(Key("web", f"rival-{number}"), claim("a.test"), created="2"))
    start = index.steps
    index.holders(Key("web", "rival-0"))
    after_pass = index.steps
    index.replace(SHOP, contender(SHOP, claim("a.test", "new.test"), claim("a.test")))
    return after_pass - start, index.steps - after_pass


@pytest.mark.parametrize("resting", [1_000, 10_000])
def test_steps_do_not_depend_on_the_apps_at_rest(resting: int) -> None:
    assert steps_of_a_pass_and_a_change(resting) == steps_of_a_pass_and_a_change(100)


def test_steps_do_not_depend_on_the_rivals_at_a_held_route_key() -> None:
    """300 apps of 23 kB at one host and prefix once took 4.6 s a pass."""
    assert steps_of_a_pass_and_a_change(0, rivals=300) == steps_of_a_pass_and_a_change(0, rivals=1)


def test_a_contest_for_free_route_keys_takes_limited_steps(index: RouteIndex, monkeypatch: pytest.MonkeyPatch) -> None:
    limit = 500
    monkeypatch.setattr(routeindex, "MAX_CONTEST_STEPS", limit)
    hosts = [f"{number}.test" for number in range(32)]
    for number in range(60):
        start = index.steps
        put(index, contender(Key("team", f"app-{number}"), claim(*hosts, f"own-{number}.test")))
        index.holders(Key("team", f"app-{number}"))
        assert index.steps - start <= 6 * limit + 200, "the steps, and as many look-ups of route keys"
