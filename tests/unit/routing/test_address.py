"""The public URL of an app, as shown in its status."""

from dataclasses import replace

import pytest

from proxiedapp.kube.key import Key
from proxiedapp.routing.address import public_url
from proxiedapp.routing.route import Route
from proxiedapp.routing.rule import Rule

ROUTE = Route(Key("team", "shop"), Rule((), "/api"), True, ("web", "websecure"), None, "shop", 80)
UNKNOWN = {"web": "http://*", "websecure": "https://*"}


@pytest.mark.parametrize(
    ("hosts", "prefix", "entry_points", "urls", "address"),
    [
        pytest.param((), "/api", ("web",), UNKNOWN, "/api", id="no known host: only the path"),
        pytest.param((), "/", ("web",), UNKNOWN, "/", id="no known host and no prefix"),
        pytest.param(("a.b",), "/api", ("web",), UNKNOWN, "http://a.b/api", id="the host of the route"),
        pytest.param(("a.b", "c"), "/", ("web",), UNKNOWN, "http://a.b/", id="the first host"),
        pytest.param(("*.b", "a.b"), "/", ("web",), UNKNOWN, "http://a.b/", id="the first host without a wildcard"),
        pytest.param(("*.b",), "/", ("web",), UNKNOWN, "http://proxiedapp.b/", id="a name below the wildcard"),
        pytest.param(("a.b",), "/api", ("web", "websecure"), UNKNOWN, "https://a.b/api", id="https before http"),
        pytest.param(
            (), "/api", ("web",), {"web": "http://x.y:8080"}, "http://x.y:8080/api", id="the entry point's address"
        ),
        pytest.param(
            ("a.b",),
            "/api",
            ("web",),
            {"web": "http://x.y:8080"},
            "http://a.b:8080/api",
            id="the route's host, the entry point's port",
        ),
        pytest.param(
            (), "/api", ("web",), {"web": "http://[fd00::1]:8080"}, "http://[fd00::1]:8080/api", id="an IPv6 address"
        ),
        pytest.param(
            (),
            "/api",
            ("web", "websecure"),
            {"websecure": "https://*", "web": "http://x"},
            "http://x/api",
            id="the entry point with a known host",
        ),
        pytest.param(("a.b",), "/api", ("inner",), UNKNOWN, "a.b/api", id="an entry point that is not described"),
    ],
)
def test_url_is_built_from_what_is_known(
    hosts: tuple[str, ...], prefix: str, entry_points: tuple[str, ...], urls: dict[str, str], address: str
) -> None:
    route = replace(ROUTE, rule=Rule(hosts, prefix), entry_points=entry_points)
    assert public_url(route, urls) == address


@pytest.mark.parametrize(
    ("hosts", "address"),
    [pytest.param(("a.b",), "https://a.b/api/", id="a host"), pytest.param((), "/api/", id="none")],
)
def test_url_ends_with_a_slash_if_clients_are_redirected_to_it(hosts: tuple[str, ...], address: str) -> None:
    route = replace(ROUTE, rule=Rule(hosts, "/api"), redirects_bare=True)
    assert public_url(route, UNKNOWN) == address
