"""Which route without a controller an app reports."""

from proxiedapp.controller.observed.leftroutes import LeftRoutes
from proxiedapp.kube.key import Key
from proxiedapp.routing.claim import NO_CLAIM, RouteKey
from proxiedapp.routing.foreignroute import RouteRef

SHOP = Key("team", "shop")
AT, ELSEWHERE = RouteKey("a.test", "/api", "web", ""), RouteKey("b.test", "/api", "web", "")


def ref(name: str) -> RouteRef:
    return RouteRef("IngressRoute", "team", name)


def reported(routes: LeftRoutes, *at: RouteKey) -> str | None:
    found = routes.overlap_with(SHOP, frozenset(at))
    return None if found is None else found.ref.name


def test_first_route_by_name_is_reported_in_whatever_order_they_come_and_go() -> None:
    routes = LeftRoutes()
    for name in ("c", "a", "b"):
        assert routes.replace(ref(name), NO_CLAIM, frozenset({AT}), None) == {AT}
    assert reported(routes, AT) == "a"
    assert reported(routes, ELSEWHERE) is None
    for gone, next_ in (("a", "b"), ("c", "b"), ("b", None)):
        assert routes.replace(ref(gone), frozenset({AT}), NO_CLAIM, None) == {AT}
        assert reported(routes, AT) == next_


def test_route_that_moves_is_reported_where_it_is_now() -> None:
    routes = LeftRoutes()
    routes.replace(ref("a"), NO_CLAIM, frozenset({AT}), None)
    assert routes.replace(ref("a"), frozenset({AT}), frozenset({ELSEWHERE}), None) == {AT, ELSEWHERE}
    assert (reported(routes, AT), reported(routes, ELSEWHERE)) == (None, "a")


def test_route_that_the_app_adopts_is_passed_over() -> None:
    routes = LeftRoutes()
    routes.replace(ref("a"), NO_CLAIM, frozenset({AT}), SHOP)
    assert reported(routes, AT) is None
    routes.replace(ref("b"), NO_CLAIM, frozenset({AT}), Key("team", "other"))
    assert reported(routes, AT) == "b"
