"""Which apps lose requests to an app of another namespace, and which of them a change wakes."""

from itertools import product

import pytest

from proxiedapp.controller.observed.servedroutes import ServedRoutes
from proxiedapp.kube.key import Key
from proxiedapp.routing.claim import Claim, RouteKey
from proxiedapp.routing.overlap import AppOverlap

PUBLIC = "public.test"
MINE, THEIRS = Key("mine", "shop"), Key("theirs", "api")


def claim(host: str, prefix: str, entry_point: str = "websecure", ingress_class: str = "") -> Claim:
    return frozenset({RouteKey(host, prefix, entry_point, ingress_class)})


def routes() -> ServedRoutes:
    return ServedRoutes({"web": "http://*", "websecure": f"https://{PUBLIC}"})


@pytest.mark.parametrize(
    ("mine", "theirs", "expected"),
    [
        pytest.param(claim("a.test", "/api"), claim("a.test", "/api/v1"), ("a.test", "/api/v1"), id="below"),
        pytest.param(claim("a.test", "/"), claim("a.test", "/api"), ("a.test", "/api"), id="below the root"),
        pytest.param(claim("a.test", "/api"), claim("a.test", "/api2"), None, id="only the same start"),
        pytest.param(claim("a.test", "/api"), claim("a.test", "/"), None, id="above, at the same host"),
        pytest.param(claim("a.test", "/api"), claim("b.test", "/api/v1"), None, id="another host"),
        pytest.param(claim("a.test", "/api"), claim("", "/api/v1"), None, id="every host comes after a named one"),
        pytest.param(claim("", "/api"), claim("", "/api/v1"), ("", "/api/v1"), id="below, at every host"),
        pytest.param(claim("", "/api"), claim("b.test", "/api"), None, id="a host that the app does not name"),
        pytest.param(claim("", "/api"), claim(PUBLIC, "/api"), (PUBLIC, "/api"), id="at the public host"),
        pytest.param(claim("", "/api"), claim(PUBLIC, "/"), (PUBLIC, "/"), id="above, at the public host"),
        pytest.param(claim("", "/api"), claim(PUBLIC, "/api/v1"), (PUBLIC, "/api/v1"), id="below, at the public host"),
        pytest.param(claim("", "/api"), claim("*.test", "/"), ("*.test", "/"), id="a wildcard for the public host"),
        pytest.param(claim("*.test", "/"), claim("*.test", "/api"), ("*.test", "/api"), id="below, at a wildcard"),
        pytest.param(claim("*.test", "/api"), claim("a.test", "/api"), None, id="a name below the wildcard"),
        pytest.param(claim("a.test", "/"), claim("*.test", "/api"), None, id="a wildcard comes after a name"),
        pytest.param(claim("", "/api", "web"), claim(PUBLIC, "/api", "web"), None, id="an entry point without a host"),
        pytest.param(claim("a.test", "/"), claim("a.test", "/api", "web"), None, id="another entry point"),
        pytest.param(claim("a.test", "/"), claim("a.test", "/api", ingress_class="x"), None, id="another class"),
    ],
)
def test_app_of_another_namespace_takes_requests(mine: Claim, theirs: Claim, expected: tuple[str, str] | None) -> None:
    served = routes()
    assert served.replace(MINE, frozenset(), mine) == set()
    woken = served.replace(THEIRS, frozenset(), theirs)
    assert served.taking_from(MINE, mine) == (None if expected is None else AppOverlap(*expected))
    assert woken == (set() if expected is None else {MINE})
    assert served.replace(THEIRS, theirs, frozenset()) == woken
    assert served.taking_from(MINE, mine) is None


def test_apps_of_one_namespace_share_a_host_without_a_warning() -> None:
    served = routes()
    served.replace(MINE, frozenset(), claim("a.test", "/"))
    other = Key("mine", "api")
    assert served.replace(other, frozenset(), claim("a.test", "/api")) == set()
    assert served.taking_from(MINE, claim("a.test", "/")) is None


def test_only_apps_that_lose_requests_are_woken() -> None:
    keys = [
        next(iter(claim(host, prefix)))
        for host, prefix in product(["", "a.test", "*.test", PUBLIC], ["/", "/a", "/a/b", "/ab"])
    ]
    for mine, theirs in product(keys, keys):
        served = routes()
        served.replace(MINE, frozenset(), frozenset({mine}))
        woken = served.replace(THEIRS, frozenset(), frozenset({theirs}))
        taken = served.taking_from(MINE, frozenset({mine}))
        assert woken == (set() if taken is None else {MINE}), (mine, theirs)


def test_first_host_and_prefix_is_reported() -> None:
    served = routes()
    for name, prefix in (("z", "/b"), ("y", "/a"), ("x", "/c")):
        served.replace(Key("theirs", name), frozenset(), claim("a.test", prefix))
    found = served.taking_from(MINE, claim("a.test", "/"))
    assert found == AppOverlap("a.test", "/a")
    assert found.text == (
        "a ProxiedApp of another namespace takes the requests for a.test /a. "
        "If it should not, ask an administrator which app that is, or change this app's host or prefix"
    )
