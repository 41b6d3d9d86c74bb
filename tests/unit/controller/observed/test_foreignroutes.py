"""What is remembered of other people's routes."""

from proxiedapp.controller.observed.foreignroutes import ForeignRoutes
from proxiedapp.kube.key import Key
from proxiedapp.routing.foreignroute import ForeignRoute, RouteRef
from proxiedapp.routing.ruleparser import Pattern

ONE = Pattern("a.test", "/one")
TWO = Pattern("a.test", "/two")
REF = RouteRef("Ingress", "others", "theirs")


def foreign(*patterns: Pattern, priority: int = 1) -> ForeignRoute:
    return ForeignRoute(dict.fromkeys(patterns, priority), frozenset(), "")


def refs(neighbours: ForeignRoutes, pattern: Pattern) -> list[RouteRef]:
    return [ref for ref, _ in neighbours.at(pattern)]


def test_news_concern_what_was_matched_and_what_is() -> None:
    neighbours = ForeignRoutes()
    assert neighbours.observe(REF, foreign(ONE)) == {ONE}
    assert neighbours.observe(REF, foreign(TWO)) == {ONE, TWO}
    assert refs(neighbours, ONE) == []
    assert refs(neighbours, TWO) == [REF]
    assert neighbours.observe(REF, foreign(TWO, priority=2)) == {TWO}
    assert neighbours.observe(REF, None) == {TWO}
    assert refs(neighbours, TWO) == []
    assert len(neighbours) == 0


def test_what_is_no_news_concerns_nothing() -> None:
    neighbours = ForeignRoutes()
    neighbours.observe(REF, foreign(ONE))
    assert neighbours.observe(REF, foreign(ONE)) == set()
    assert neighbours.observe(REF._replace(name="other"), None) == set()


def test_a_complete_list_drops_what_it_lacks_of_its_kind_and_namespace() -> None:
    neighbours = ForeignRoutes()
    stays = [REF, REF._replace(kind="HTTPRoute"), REF._replace(namespace="elsewhere")]
    for ref in (*stays, REF._replace(name="gone")):
        neighbours.observe(ref, foreign(ONE))
    neighbours.observe(REF._replace(name="gone too"), foreign(TWO))
    assert neighbours.sweep("Ingress", {Key("others", "theirs")}, "others") == {ONE, TWO}
    assert sorted(refs(neighbours, ONE)) == sorted(stays)
    assert neighbours.sweep("Ingress", (), None) == {ONE}
    assert refs(neighbours, ONE) == [REF._replace(kind="HTTPRoute")]
