"""Finding the apps whose overlap a foreign route may change, and how many steps that takes."""

from collections.abc import Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxiedapp.controller.observed import addressindex
from proxiedapp.controller.observed.addressindex import MAX_PORTION_STEPS, Address, AddressIndex, addresses_of
from proxiedapp.controller.observed.foreignroutes import ForeignRoutes
from proxiedapp.kube.key import Key
from proxiedapp.routing.entrypoints import EntryPoints
from proxiedapp.routing.foreignroute import ForeignRoute, RouteRef
from proxiedapp.routing.overlap import find_overlap
from proxiedapp.routing.route import Route
from proxiedapp.routing.rule import Rule
from proxiedapp.routing.ruleparser import Pattern

PUBLIC = "public.test"
URLS = {"web": "http://*", "websecure": f"https://{PUBLIC}"}
HIGH = 40_000


def put(index: AddressIndex, name: str, *hosts: str, prefix: str = "/api") -> Key:
    key = Key("team", name)
    index.replace(key, frozenset(), addresses_of(Rule(hosts, prefix), [PUBLIC]))
    return key


def names(index: AddressIndex, patterns: Mapping[Pattern, int]) -> set[str]:
    return {key.name for key in concerned(index, patterns)}


def concerned(index: AddressIndex, patterns: Mapping[Pattern, int]) -> set[Key]:
    return set().union(*index.concerned(patterns))


def test_an_app_without_hosts_is_reached_at_any_host_and_at_the_public_host() -> None:
    assert addresses_of(Rule((), "/"), [PUBLIC]) == {Address("/", "", 1), Address("/", PUBLIC, 1)}
    assert addresses_of(Rule(("a.test",), "/api"), [PUBLIC]) == {Address("/api/", "a.test", 10_406)}
    assert addresses_of(Rule(("a.test", "*.test"), "/api"), []) == {
        Address("/api/", "a.test", 10_406),
        Address("/api/", "*.test", 504),
    }


@pytest.mark.parametrize(
    ("pattern", "priority", "found"),
    [
        pytest.param(Pattern("a.test", "/api"), HIGH, {"named"}, id="a host reaches its app"),
        pytest.param(Pattern("a.test", "/api"), 1, {"named"}, id="the same address, whatever the priority"),
        pytest.param(Pattern("a.test", "/api/", exact=True), 1, {"named"}, id="the same address with a slash"),
        pytest.param(Pattern("a.test", "/"), 10_405, set(), id="a higher address with a lower priority"),
        pytest.param(Pattern("a.test", "/"), 10_406, {"named"}, id="a higher address with the same priority"),
        pytest.param(Pattern("a.test", "/ap"), HIGH, {"named"}, id="a prefix that ends within a segment"),
        pytest.param(Pattern("a.test", "/api/below"), HIGH, set(), id="a path below the prefix is not the address"),
        pytest.param(Pattern("a.test", "/", exact=True), HIGH, set(), id="the exact parent path"),
        pytest.param(Pattern("b.test", "/api"), HIGH, set(), id="another host"),
        pytest.param(Pattern(PUBLIC, "/api"), HIGH, {"open"}, id="the public host reaches apps without hosts"),
        pytest.param(Pattern("*.test", "/"), HIGH, {"named", "open"}, id="a wildcard reaches the hosts below it"),
        pytest.param(Pattern("**.test", "/"), HIGH, {"named", "deep", "open"}, id="at any depth"),
        pytest.param(Pattern("", "/"), HIGH, {"named", "deep", "open"}, id="no host reaches every host"),
        pytest.param(Pattern("", "/"), 15, {"open"}, id="but not before an app with a host"),
        pytest.param(Pattern("", "/api", exact=True), HIGH, {"named", "deep", "open"}, id="an exact path on any host"),
    ],
)
def test_apps_whose_overlap_a_pattern_may_change(pattern: Pattern, priority: int, found: set[str]) -> None:
    index = AddressIndex()
    put(index, "named", "a.test")
    put(index, "deep", "x.y.test")
    put(index, "open")
    assert names(index, {pattern: priority}) == found


def test_an_app_that_moved_is_found_only_where_it_is() -> None:
    index = AddressIndex()
    key = put(index, "shop", "a.test")
    put(index, "other", "a.test")
    before, after = (addresses_of(Rule((host,), "/api"), []) for host in ("a.test", "b.test"))
    index.replace(key, before, after)
    assert names(index, {Pattern("a.test", "/"): HIGH}) == {"other"}
    assert names(index, {Pattern("b.test", "/"): HIGH}) == {"shop"}
    index.replace(key, after, frozenset())
    index.replace(Key("team", "other"), before, frozenset())
    assert len(index) == 0
    assert names(index, {Pattern("", "/"): HIGH}) == set()


PATHS = st.sampled_from(["/", "/a", "/a/", "/a/b", "/a/b/", "/ab", "/a/bc", "/a/b/c"])
HOSTS = st.sampled_from(["", "a.test", "b.test", "x.a.test", "*.test", "**.test", "*.a.test", PUBLIC])
PRIORITIES = st.sampled_from([-1, 1, 2, 4, 5, 501, 502, 504, 1002, 10_106, 10_206, 10_408, 19_999])
ROUTES = st.dictionaries(st.builds(Pattern, HOSTS, PATHS, st.booleans()), PRIORITIES, max_size=4)
RULES = st.builds(
    Rule,
    st.sampled_from([(), ("a.test",), ("x.a.test", "b.test"), (PUBLIC,), ("*.test",), ("*.a.test", "a.test")]),
    st.sampled_from(["/", "/a", "/a/b", "/ab"]),
)


@given(RULES, ROUTES, ROUTES)
def test_every_app_whose_overlap_changes_is_concerned(
    rule: Rule, before: dict[Pattern, int], after: dict[Pattern, int]
) -> None:
    index, foreign_routes = AddressIndex(), ForeignRoutes()
    key = Key("team", "shop")
    index.replace(key, frozenset(), addresses_of(rule, [PUBLIC]))
    route = Route(key, rule, True, ("web", "websecure"), None, "shop", 80)
    entry_points = EntryPoints(("web", "websecure"), URLS)
    ref = RouteRef("Ingress", "others", "theirs")
    foreign_routes.observe(ref, ForeignRoute(before, frozenset(), "") if before else None)
    first = find_overlap(route, entry_points, foreign_routes)
    changed = foreign_routes.observe(ref, ForeignRoute(after, frozenset(), "") if after else None)
    if find_overlap(route, entry_points, foreign_routes) != first:
        assert concerned(index, changed) == {key}


def steps_of_an_event(apps: int) -> int:
    """Return the steps that one Ingress with a host, a wildcard and a catch-all rule takes beside apps at rest."""
    index = AddressIndex()
    for number in range(apps):
        put(index, f"app-{number}", f"app-{number}.team-{number % 40}.test", prefix=f"/v{number % 7}")
    put(index, "shop", "shop.other.test")
    start = index.steps
    patterns = {Pattern("shop.other.test", "/api"): 40, Pattern("*.other.test", "/api"): HIGH, Pattern("", "/"): 15}
    assert names(index, patterns) == {"shop"}
    return index.steps - start


@pytest.mark.parametrize("apps", [1_000, 10_000])
def test_steps_of_an_event_do_not_depend_on_the_apps_at_rest(apps: int) -> None:
    assert steps_of_an_event(apps) == steps_of_an_event(100)


@pytest.mark.parametrize("priority", [1, HIGH])
def test_route_with_thousands_of_paths_reads_each_address_once(priority: int) -> None:
    """4,000 paths without a host once took 47 s beside 1,000 apps."""
    index = AddressIndex()
    for number in range(1_000):
        put(index, f"app-{number}", f"{number}.test", prefix="/" + "a" * 250)
    nested = {Pattern("", "/" + "a" * length): priority for length in range(4_000)}
    start = index.steps
    assert len(concerned(index, nested)) == (1_000 if priority == HIGH else 0)
    assert index.steps - start <= 3 * 4_000 + 3 * 1_000 + 10


def test_look_up_of_a_route_that_matches_every_app_comes_in_portions() -> None:
    """An Ingress with 4,000 paths once blocked the event loop for 0.34 s of CPU."""
    index = AddressIndex()
    for number in range(15_000):
        put(index, f"app-{number}", f"{number}.test", prefix=f"/p{number}")
    patterns = {Pattern("", "/"): HIGH} | {Pattern("", f"/other{number}"): HIGH for number in range(4_000)}
    found, begin = set[Key](), index.steps
    for portion in index.concerned(patterns):
        assert index.steps - begin <= MAX_PORTION_STEPS + len(patterns) + 2
        found |= portion
        begin = index.steps
    assert len(found) == 15_000


def test_apps_that_move_between_two_portions_hide_no_other(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(addressindex, "MAX_PORTION_STEPS", 1)
    index = AddressIndex()
    keys = [put(index, f"app-{number}", "a.test", prefix=f"/p{number}") for number in range(6)]
    found = set[Key]()
    for moved, portion in enumerate(index.concerned({Pattern("", "/"): HIGH})):
        found |= portion
        if moved < len(keys):
            before, after = (addresses_of(Rule((host,), f"/p{moved}"), []) for host in ("a.test", "b.test"))
            index.replace(keys[moved], before, after)
    assert found == set(keys)
