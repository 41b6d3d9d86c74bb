"""Routes with other TLS options at a host, found by look-ups."""

from itertools import permutations

import pytest

from proxiedapp.api.names import KIND
from proxiedapp.controller.observed.tlshosts import TLSHosts
from proxiedapp.routing.foreignroute import RouteRef
from proxiedapp.routing.tlsoptions import DEFAULT, MAX_TLS_HOSTS, NO_TLS, TLSHost, options_of, qualified, tls_routes

HERE = TLSHost("a.test", "websecure", "")
MINE = RouteRef(KIND, "team", "mine")
MUTUAL = "team-mutual@kubernetescrd"
NOTHING: frozenset[tuple[TLSHost, str]] = frozenset()


def ref(name: str) -> RouteRef:
    return RouteRef("Ingress", "others", name)


def other(hosts: TLSHosts, *, tls_by_default: bool = True) -> RouteRef | None:
    return hosts.other(HERE, MUTUAL, MINE, tls_by_default=tls_by_default)


@pytest.mark.parametrize(
    ("tls", "expected"),
    [
        (None, NO_TLS),
        ({}, DEFAULT),
        ({"options": {}}, DEFAULT),
        ({"options": {"name": "mutual"}}, MUTUAL),
        ({"options": {"name": "mutual", "namespace": "others"}}, "others-mutual@kubernetescrd"),
        ({"options": {"name": "mutual@file", "namespace": "others"}}, "mutual@file"),
        ({"options": {"name": "default"}}, "team-default@kubernetescrd"),
    ],
)
def test_options_are_named_as_traefik_does(tls: dict[str, object] | None, expected: str) -> None:
    assert options_of(tls, "team") == expected
    assert qualified("default") == DEFAULT
    assert qualified("mutual") == "mutual@kubernetes"


def test_route_with_other_options_is_found_in_whatever_order_the_routes_were_seen() -> None:
    routes = [("b", DEFAULT), ("a", DEFAULT), ("c", NO_TLS), ("d", MUTUAL), ("e", "zz@file")]
    for order in permutations(routes):
        hosts = TLSHosts()
        for name, options in order:
            hosts.replace(ref(name), NOTHING, frozenset({(HERE, options)}))
        hosts.replace(MINE, NOTHING, frozenset({(HERE, MUTUAL)}))
        assert other(hosts) == ref("a")
        for name, options in routes[:2]:
            hosts.replace(ref(name), frozenset({(HERE, options)}), NOTHING)
        assert other(hosts) == ref("c")
        assert other(hosts, tls_by_default=False) == ref("e")
        for name, options in routes[2:]:
            hosts.replace(ref(name), frozenset({(HERE, options)}), NOTHING)
        assert other(hosts) is None
        hosts.replace(MINE, frozenset({(HERE, MUTUAL)}), NOTHING)
        assert len(hosts) == 0
        assert list(hosts.naming_options(["a.test"])) == []


def test_earlier_options_of_the_app_itself_are_not_another_route() -> None:
    hosts = TLSHosts()
    hosts.replace(MINE, NOTHING, frozenset({(HERE, "team-old@kubernetescrd")}))
    assert other(hosts) is None
    hosts.replace(ref("a"), NOTHING, frozenset({(HERE, "team-old@kubernetescrd")}))
    assert other(hosts) == ref("a")


def test_only_what_changes_a_look_up_is_news() -> None:
    hosts = TLSHosts()
    assert hosts.replace(MINE, NOTHING, frozenset({(HERE, MUTUAL)})) == {"a.test"}
    assert hosts.replace(ref("a"), NOTHING, frozenset({(HERE, DEFAULT)})) == {"a.test"}
    assert hosts.replace(ref("b"), NOTHING, frozenset({(HERE, DEFAULT)})) == {"a.test"}
    assert hosts.replace(ref("c"), NOTHING, frozenset({(HERE, DEFAULT)})) == set()
    assert hosts.replace(ref("c"), frozenset({(HERE, DEFAULT)}), NOTHING) == set()
    assert list(hosts.naming_options(["a.test", "b.test"])) == [MINE]


def test_look_up_reads_a_few_routes_among_thousands() -> None:
    hosts = TLSHosts()
    for number in range(5_000):
        hosts.replace(ref(f"{number}"), NOTHING, frozenset({(HERE, f"{number % 1000}@file")}))
    site = hosts._sites[HERE].read()  # noqa: SLF001  # counts what a look-up reads
    assert sum(len(refs) for _, refs in site) <= 8


def test_route_with_too_many_hosts_is_not_compared() -> None:
    many = [f"{number}.test" for number in range(MAX_TLS_HOSTS)]
    assert len(tls_routes(many, ["websecure"], "", DEFAULT)) == MAX_TLS_HOSTS
    assert tls_routes(many, ["websecure", "web"], "", DEFAULT) == NOTHING
    assert tls_routes(["", "a.test"], [], "x", NO_TLS) == frozenset({(TLSHost("a.test", "", "x"), NO_TLS)})
