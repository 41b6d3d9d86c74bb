"""Apps at one host and prefix whose routes are IngressRoutes and HTTPRoutes."""

import pytest

from proxiedapp.controller.observed.otherwriters import OtherWriters
from proxiedapp.kube.key import Key
from proxiedapp.routing.claim import Claim, RouteKey

SHOP, MINE, THEIRS = Key("team", "shop"), Key("team", "mine"), Key("other", "theirs")
NOTHING: Claim = frozenset()


def at(entry_point: str, host: str = "a.test", prefix: str = "/api") -> Claim:
    return frozenset({RouteKey(host, prefix, entry_point, "")})


WEB, MAIN = at("web"), at("infra/main")


def is_traefik(gateway: str) -> bool:
    return gateway == "infra/main"


@pytest.mark.parametrize(
    ("others", "shown"),
    [
        pytest.param({MINE: MAIN}, "the ProxiedApp mine", id="of the same namespace"),
        pytest.param({THEIRS: MAIN}, "", id="of another namespace, which is not named"),
        pytest.param({MINE: at("infra/envoy")}, None, id="a Gateway of another proxy"),
        pytest.param({MINE: WEB}, None, id="an IngressRoute, which is a conflict"),
        pytest.param({MINE: at("infra/main", "b.test")}, None, id="another host"),
        pytest.param({MINE: at("infra/main", prefix="/api/v1")}, None, id="another prefix"),
        pytest.param({SHOP: MAIN}, None, id="the app itself, while it moves"),
    ],
)
def test_http_route_at_the_same_traefik_takes_the_requests(others: dict[Key, Claim], shown: str | None) -> None:
    index = OtherWriters()
    for key, claim in others.items():
        index.replace(key, NOTHING, claim)
    found = index.taking_from(SHOP, WEB, is_traefik)
    assert (None if found is None else found.other) == shown
    assert index.taking_from(SHOP, MAIN, is_traefik) is None, "an HTTPRoute keeps its requests"


def test_apps_that_come_and_go_concern_the_others_at_their_address() -> None:
    index = OtherWriters()
    assert index.replace(SHOP, NOTHING, WEB) == set()
    assert index.replace(MINE, NOTHING, MAIN) == {SHOP}
    assert index.replace(MINE, MAIN, at("infra/main", "b.test")) == {SHOP}
    assert index.taking_from(SHOP, WEB, is_traefik) is None
    assert index.replace(MINE, at("infra/main", "b.test"), NOTHING) == set()
