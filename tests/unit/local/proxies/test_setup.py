"""Which app gets a request, in the order of Traefik's priorities."""

import pytest

from proxiedapp.kube.key import Key
from proxiedapp.local.proxies.setup import Backend, Listener, Setup
from proxiedapp.routing.route import Route
from proxiedapp.routing.rule import Rule


def backend(name: str, *hosts: str, prefix: str, strips: bool = True, bare: bool = False) -> Backend:
    route = Route(Key("default", name), Rule(hosts, prefix), strips, ("web",), None, name, 80, redirects_bare=bare)
    return Backend(route, "127.0.0.1:1")


SETUP = Setup(
    Listener("127.0.0.1", 8080),
    (
        backend("any", prefix="/"),
        backend("api", prefix="/api"),
        backend("v1", prefix="/api/v1"),
        backend("shop", "shop.example.com", prefix="/"),
        backend("blog", "blog.example.com", prefix="/api"),
        backend("tenant", "*.example.com", prefix="/api/v1"),
    ),
)


@pytest.mark.parametrize(
    ("host", "path", "name"),
    [
        ("localhost", "/", "any"),
        ("localhost", "/api", "api"),
        ("localhost", "/apiary", "any"),
        ("localhost", "/api/v10", "api"),
        ("localhost:8080", "/api/v1/x", "v1"),
        ("shop.example.com", "/api/v1/x", "shop"),
        ("SHOP.example.com:8080", "/", "shop"),
        ("blog.example.com", "/api/v1", "blog"),
        ("blog.example.com", "/x", "any"),
        ("one.example.com", "/api/v1", "tenant"),
        ("one.two.example.com", "/api/v1", "v1"),
    ],
)
def test_longest_prefix_of_the_host_wins_before_those_of_any_host(host: str, path: str, name: str) -> None:
    found = SETUP.backend_of(host, path)
    assert found is not None
    assert found.route.app.name == name


def test_locations_of_a_host_are_those_that_its_own_routes_leave() -> None:
    names = {host: [one.route.app.name for one in backends] for host, backends in SETUP.by_host().items()}
    assert names == {
        "shop.example.com": ["shop"],
        "blog.example.com": ["blog", "any"],
        "*.example.com": ["tenant", "api", "any"],
        "": ["v1", "api", "any"],
    }


@pytest.mark.parametrize(
    ("strips", "path", "status", "inside"),
    [
        (True, "/api/x?q=1", 200, "/x?q=1"),
        (True, "/api", 200, "/"),
        (False, "/api/x", 200, "/api/x"),
        (True, "/api", 302, ""),
        (True, "/api/", 302, "/"),
    ],
)
def test_path_inside(strips: bool, path: str, status: int, inside: str) -> None:
    assert backend("a", prefix="/api", strips=strips, bare=True).path_inside(path, status) == inside
