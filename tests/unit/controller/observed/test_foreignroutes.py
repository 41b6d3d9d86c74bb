"""The foreign routes that are kept, and the patterns that a change concerns."""

import pytest

from proxiedapp.controller.observed.foreignroutes import ForeignRoutes
from proxiedapp.kube.key import Key
from proxiedapp.routing.foreignroute import ForeignRoute, RouteRef
from proxiedapp.routing.ruleparser import Pattern

ONE = Pattern("a.test", "/one")
TWO = Pattern("a.test", "/two")
REF = RouteRef("Ingress", "others", "theirs")


def foreign(*patterns: Pattern, priority: int = 1) -> ForeignRoute:
    return ForeignRoute(dict.fromkeys(patterns, priority), frozenset(), "")


def refs(routes: ForeignRoutes, pattern: Pattern) -> list[RouteRef]:
    return [ref for ref, _ in routes.at(pattern)]


def test_news_concern_what_was_matched_and_what_is() -> None:
    routes = ForeignRoutes()
    assert routes.observe(REF, foreign(ONE)) == {ONE: 1}
    assert routes.observe(REF, foreign(TWO)) == {ONE: 1, TWO: 1}
    assert refs(routes, ONE) == []
    assert refs(routes, TWO) == [REF]
    assert routes.observe(REF, foreign(TWO, priority=2)) == {TWO: 2}
    assert routes.observe(REF, foreign(TWO)) == {TWO: 2}, "the higher one of before and after"
    assert routes.observe(REF, None) == {TWO: 1}
    assert refs(routes, TWO) == []
    assert len(routes) == 0


def test_what_is_no_news_concerns_nothing() -> None:
    routes = ForeignRoutes()
    routes.observe(REF, foreign(ONE))
    assert routes.observe(REF, foreign(ONE)) == {}
    assert routes.observe(REF._replace(name="other"), None) == {}


def test_patterns_that_stay_as_they_were_are_not_concerned() -> None:
    routes = ForeignRoutes()
    routes.observe(REF, foreign(ONE))
    assert routes.observe(REF, foreign(ONE, TWO)) == {TWO: 1}
    moved = ForeignRoute({ONE: 1, TWO: 1}, frozenset({"web"}), "")
    assert routes.observe(REF, moved) == {ONE: 1, TWO: 1}, "another entry point concerns all of them"


def test_hosts_are_known_while_a_pattern_has_them() -> None:
    routes = ForeignRoutes()
    routes.observe(REF, foreign(ONE, TWO))
    assert routes.has_host("a.test")
    assert not routes.has_host("b.test")
    routes.observe(REF, None)
    assert not routes.has_host("a.test")


def test_route_that_is_not_read_completely_is_counted_and_logged_once(caplog: pytest.LogCaptureFixture) -> None:
    routes = ForeignRoutes()
    for patterns in ({ONE: 1}, {ONE: 2}):
        routes.observe(REF, ForeignRoute(patterns, frozenset(), "", complete=False))
    assert routes.incomplete() == 1
    assert [record.getMessage() for record in caplog.records] == [
        "Ingress others/theirs is too large to be compared completely: overlaps with it may not be reported"
    ]
    routes.observe(REF, foreign(ONE))
    assert routes.incomplete() == 0


def test_a_complete_list_drops_what_it_lacks_of_its_kind_and_namespace() -> None:
    routes = ForeignRoutes()
    stays = [REF, REF._replace(kind="HTTPRoute"), REF._replace(namespace="elsewhere")]
    for ref in (*stays, REF._replace(name="gone")):
        routes.observe(ref, foreign(ONE))
    routes.observe(REF._replace(name="gone too"), foreign(TWO))
    missing = routes.missing_from("Ingress", {Key("others", "theirs")}, "others")
    assert missing == [REF._replace(name="gone"), REF._replace(name="gone too")]
    everywhere = routes.missing_from("Ingress", (), None)
    assert set(everywhere) == set(routes.missing_from("Ingress", (), "others")) | {
        one for one in stays if one.kind == "Ingress" and one.namespace != "others"
    }
    assert all(ref.kind == "Ingress" for ref in everywhere)
