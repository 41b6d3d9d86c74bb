"""Finding apps by the route keys they ask for or are routed at."""

import pytest

from proxiedapp.controller.observed.routeindex import RouteIndex
from proxiedapp.kube.key import Key
from proxiedapp.routing.claim import Claim, Contender, RouteKey
from proxiedapp.routing.ruleparser import Pattern

SHOP, CART, BLOG = Key("team", "shop"), Key("team", "cart"), Key("web", "blog")


def route_key(
    host: str = "a.test", prefix: str = "/api", entry_point: str = "web", ingress_class: str = ""
) -> RouteKey:
    return RouteKey(host, prefix, entry_point, ingress_class)


def claim(*hosts: str) -> Claim:
    return frozenset(route_key(host) for host in hosts)


@pytest.fixture
def index() -> RouteIndex:
    return RouteIndex()


def test_an_empty_index_finds_no_app(index: RouteIndex) -> None:
    assert index.sharing(claim("a.test")) == set()
    assert index.addressed_by([Pattern("a.test", "/")]) == set()
    assert len(index) == 0


def test_apps_that_share_a_route_key_find_each_other(index: RouteIndex) -> None:
    index.add(SHOP, claim("a.test", "b.test"))
    index.add(CART, claim("b.test"))
    assert index.sharing(claim("a.test")) == {SHOP}
    assert index.sharing(claim("b.test")) == {SHOP, CART}
    assert index.sharing(claim("c.test")) == set()


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
    index.add(SHOP, frozenset({route_key()}))
    assert index.sharing(frozenset({other})) == set()


def test_an_app_stays_until_its_last_object_leaves_the_route_key(index: RouteIndex) -> None:
    """An app that asks for a host and is routed there counts twice."""
    index.add(SHOP, claim("a.test"))
    index.add(SHOP, claim("a.test"))
    index.remove(SHOP, claim("a.test"))
    assert index.sharing(claim("a.test")) == {SHOP}
    index.remove(SHOP, claim("a.test"))
    assert index.sharing(claim("a.test")) == set()


def test_an_index_is_empty_again_after_everything_was_removed(index: RouteIndex) -> None:
    for app in (SHOP, CART):
        index.add(app, claim("a.test", "b.test"))
    assert len(index) == 2
    for app in (SHOP, CART):
        index.remove(app, claim("a.test", "b.test"))
    assert len(index) == 0


def test_removing_what_was_never_added_is_an_error(index: RouteIndex) -> None:
    with pytest.raises(KeyError):
        index.remove(SHOP, claim("a.test"))


def test_contenders_are_found_through_other_apps(index: RouteIndex) -> None:
    apps = {
        SHOP: Contender(SHOP, "2026-01-01", requested=claim("a.test"), granted=frozenset()),
        CART: Contender(CART, "2026-01-02", requested=claim("b.test"), granted=claim("a.test")),
        BLOG: Contender(BLOG, "2026-01-03", requested=claim("b.test"), granted=frozenset()),
        Key("web", "far"): Contender(Key("web", "far"), "2026-01-04", requested=claim("far.test"), granted=frozenset()),
    }
    for app, contender in apps.items():
        index.add(app, contender.requested)
        index.add(app, contender.granted)
    for app in (SHOP, CART, BLOG):
        assert {one.key for one in index.contenders(app, apps.get)} == {SHOP, CART, BLOG}
    assert [one.key for one in index.contenders(Key("web", "far"), apps.get)] == [Key("web", "far")]


def test_an_app_that_is_out_of_the_contest_connects_no_others(index: RouteIndex) -> None:
    apps = {
        SHOP: Contender(SHOP, "2026-01-01", requested=claim("a.test"), granted=frozenset()),
        BLOG: Contender(BLOG, "2026-01-03", requested=claim("b.test"), granted=frozenset()),
    }
    index.add(SHOP, claim("a.test"))
    index.add(CART, claim("a.test", "b.test"))
    index.add(BLOG, claim("b.test"))
    assert [one.key for one in index.contenders(SHOP, apps.get)] == [SHOP]
    assert index.contenders(CART, apps.get) == []


@pytest.mark.parametrize(
    ("pattern", "found"),
    [
        pytest.param(Pattern("a.test", "/api"), {SHOP, BLOG}, id="a host reaches its app, and apps without a host"),
        pytest.param(Pattern("b.test", "/api"), {BLOG}, id="another host reaches only apps without a host"),
        pytest.param(Pattern("*.test", "/"), {SHOP, BLOG}, id="a wildcard reaches the hosts below it"),
        pytest.param(Pattern("", "/api", exact=True), {SHOP, BLOG}, id="no host reaches every host"),
        pytest.param(Pattern("a.test", "/api/below"), set(), id="a path below the prefix is not the address"),
    ],
)
def test_apps_are_found_by_the_patterns_that_match_their_address(
    index: RouteIndex, pattern: Pattern, found: set[Key]
) -> None:
    index.add(SHOP, claim("a.test"))
    index.add(BLOG, claim(""))
    assert index.addressed_by([pattern]) == found
