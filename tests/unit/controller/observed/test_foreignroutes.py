"""The foreign routes that are kept, and the patterns that a change concerns."""

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
    assert routes.observe(REF, foreign(ONE)) == {ONE}
    assert routes.observe(REF, foreign(TWO)) == {ONE, TWO}
    assert refs(routes, ONE) == []
    assert refs(routes, TWO) == [REF]
    assert routes.observe(REF, foreign(TWO, priority=2)) == {TWO}
    assert routes.observe(REF, None) == {TWO}
    assert refs(routes, TWO) == []
    assert len(routes) == 0


def test_what_is_no_news_concerns_nothing() -> None:
    routes = ForeignRoutes()
    routes.observe(REF, foreign(ONE))
    assert routes.observe(REF, foreign(ONE)) == set()
    assert routes.observe(REF._replace(name="other"), None) == set()


def test_a_complete_list_drops_what_it_lacks_of_its_kind_and_namespace() -> None:
    routes = ForeignRoutes()
    stays = [REF, REF._replace(kind="HTTPRoute"), REF._replace(namespace="elsewhere")]
    for ref in (*stays, REF._replace(name="gone")):
        routes.observe(ref, foreign(ONE))
    routes.observe(REF._replace(name="gone too"), foreign(TWO))
    assert routes.sweep("Ingress", {Key("others", "theirs")}, "others") == {ONE, TWO}
    assert sorted(refs(routes, ONE)) == sorted(stays)
    assert routes.sweep("Ingress", (), None) == {ONE}
    assert refs(routes, ONE) == [REF._replace(kind="HTTPRoute")]
