"""Whether an app may have its route: the checks, and their order."""

import pytest

from proxiedapp.controller.conflicts import ROUTE_CHECKS, RouteConflict, requests_a_held_route_key, route_conflict
from proxiedapp.kube.key import Key
from proxiedapp.routing.claim import Claim, Contender, RouteKey, assign_holders

SHOP, OTHER = Key("team", "shop"), Key("team", "other")
NONE: Claim = frozenset()


def claim(*prefixes: str) -> Claim:
    return frozenset(RouteKey("a.test", prefix, "web", "") for prefix in prefixes)


def shop(requested: Claim, granted: Claim = NONE) -> Contender:
    return Contender(SHOP, "2026-01-02T00:00:00Z", requested, granted)


def other(requested: Claim, granted: Claim = NONE) -> Contender:
    """Return an app that is older than the shop."""
    return Contender(OTHER, "2026-01-01T00:00:00Z", requested, granted)


def conflict_of(app: Contender, *rivals: Contender) -> RouteConflict | None:
    return route_conflict(app, assign_holders([app, *rivals]))


def test_an_app_that_shares_nothing_has_no_conflict() -> None:
    assert conflict_of(shop(claim("/api"))) is None


@pytest.mark.parametrize(
    ("app", "rival"),
    [
        pytest.param(shop(claim("/api"), claim("/api")), other(claim("/api")), id="the rival is not routed there"),
        pytest.param(shop(claim("/api")), other(NONE), id="the rival's spec cannot be served"),
        pytest.param(shop(claim("/new")), other(claim("/api"), claim("/api")), id="the rival is elsewhere"),
    ],
)
def test_an_app_that_holds_its_route_keys_has_no_conflict(app: Contender, rival: Contender) -> None:
    assert conflict_of(app, rival) is None


@pytest.mark.parametrize(
    ("granted", "keeps_old_route"),
    [
        pytest.param(NONE, False, id="an app without a route runs without one"),
        pytest.param(claim("/old"), True, id="an app with a route of its own keeps it"),
        pytest.param(claim("/api"), False, id="an app routed where a rival is routed too loses its route"),
    ],
)
def test_an_app_that_requests_a_held_route_key_has_a_conflict(granted: Claim, *, keeps_old_route: bool) -> None:
    conflict = conflict_of(shop(claim("/api"), granted), other(claim("/api"), claim("/api")))
    assert conflict is not None
    assert (conflict.lost.prefix, conflict.holder) == ("/api", OTHER)
    assert conflict.keeps_old_route is keeps_old_route
    assert "a.test /api" in conflict.error.problem
    assert "ProxiedApp team/other" in conflict.error.problem


def test_the_check_that_spares_the_old_route_comes_first() -> None:
    """The other check finds every conflict, so after it no other one would ever run."""
    assert ROUTE_CHECKS[-1] is requests_a_held_route_key
