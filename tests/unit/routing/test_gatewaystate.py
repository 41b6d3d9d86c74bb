"""What is read of Gateways and their classes, and the address at which clients reach a route."""

from typing import Any

import pytest

from proxiedapp.kube.manifest import Manifest
from proxiedapp.routing.gatewaystate import (
    TRAEFIK_CONTROLLER,
    GatewayClassState,
    GatewayState,
    have_a_host_in_common,
    public_urls_of,
    read_gateway,
    read_gateway_class,
)
from proxiedapp.routing.route import Parent
from tests.support.gateways import CONTROLLER, HTTP, HTTPS, a_gateway, a_gateway_class, a_listener


def urls_of(gateway: Manifest, section: str | None, hosts: list[str], controller: str = CONTROLLER) -> dict[str, str]:
    parent = Parent("infra", "main", section)
    return dict(public_urls_of(read_gateway(gateway), parent, hosts, controller))


@pytest.mark.parametrize(
    ("gateway", "section", "hosts", "url"),
    [
        pytest.param(a_gateway(), None, ["a.test"], "https://*", id="https comes first"),
        pytest.param(a_gateway(), "http", ["a.test"], "http://*", id="the named listener"),
        pytest.param(a_gateway("main", a_listener(port=8443)), None, [], "https://*:8443", id="another port"),
        pytest.param(a_gateway(address="192.0.2.7"), None, [], "https://192.0.2.7", id="the Gateway's address"),
        pytest.param(a_gateway(address="2001:db8::7"), None, [], "https://[2001:db8::7]", id="an IPv6 address"),
        pytest.param(
            a_gateway("main", a_listener(hostname="shop.test"), address="192.0.2.7"),
            None,
            [],
            "https://shop.test",
            id="the listener's host",
        ),
        pytest.param(a_gateway("main", a_listener(hostname="*.test")), None, ["a.test"], "https://*", id="a wildcard"),
        pytest.param(
            a_gateway("main", a_listener(hostname="*.b.test"), HTTP),
            None,
            ["a.test"],
            "http://*",
            id="a listener without a host in common",
        ),
        pytest.param(a_gateway("main", a_listener(protocol="TLS")), None, [], None, id="no listener for HTTPRoutes"),
        pytest.param(a_gateway(), "other", [], None, id="no such listener"),
    ],
)
def test_address_of_a_route(gateway: Manifest, section: str | None, hosts: list[str], url: str | None) -> None:
    assert urls_of(gateway, section, hosts).get("infra/main") == url


def test_each_listener_has_an_address() -> None:
    assert urls_of(a_gateway("main", HTTP, a_listener(port=8443)), "http", []) == {
        "infra/main": "http://*",
        "infra/main/http": "http://*",
        "infra/main/https": "https://*:8443",
    }


def test_port_of_traefik_is_that_of_an_entry_point() -> None:
    plain, secure = a_listener("web", "HTTP", 8000), a_listener("websecure", port=8443)
    assert urls_of(a_gateway("main", plain, secure), None, [], TRAEFIK_CONTROLLER) == {"infra/main/web": "http://*"}
    assert urls_of(a_gateway(), None, [], TRAEFIK_CONTROLLER)["infra/main"] == "https://*"


@pytest.mark.parametrize(
    ("one", "other", "common"),
    [
        ("a.test", "a.test", True),
        ("a.test", "b.test", False),
        ("a.test", "", True),
        ("a.b.test", "*.test", True),
        ("test", "*.test", False),
        ("*.b.test", "*.test", True),
        ("*.b.test", "*.a.test", False),
        ("atest", "*.test", False),
    ],
)
def test_hosts_in_common(one: str, other: str, common: bool) -> None:
    assert have_a_host_in_common(one, other) is have_a_host_in_common(other, one) is common


def test_whole_gateway() -> None:
    state = read_gateway(a_gateway("main", HTTPS, problems={"https": "Invalid"}, address="192.0.2.7"))
    assert state.listeners[0]._asdict() == {
        "name": "https",
        "protocol": "HTTPS",
        "port": 443,
        "hostname": "",
        "problem": "Invalid",
    }
    assert (state.class_name, state.address, state.claimed) == ("theirs", "192.0.2.7", True)


@pytest.mark.parametrize(
    ("listed", "features"),
    [(None, None), ([], None), (["A", "B"], frozenset("AB")), ([{"name": "A"}], frozenset("A"))],
)
def test_features_of_a_class_are_unknown_if_it_lists_none(listed: Any, features: frozenset[str] | None) -> None:
    body = a_gateway_class()
    body["status"]["supportedFeatures"] = listed
    assert read_gateway_class(body) == GatewayClassState(CONTROLLER, accepted=True, features=features)


@pytest.mark.parametrize("body", [{}, {"spec": 5}, {"spec": {"gatewayClassName": "a", "listeners": [5]}}])
def test_object_of_another_shape_offers_nothing(body: dict[str, Any]) -> None:
    assert read_gateway(body) == GatewayState("", (), "", claimed=False)
    assert read_gateway_class(body) == GatewayClassState("", accepted=False, features=None)


def test_only_so_many_listeners_are_read_as_the_api_allows() -> None:
    body = a_gateway("main", *(a_listener(f"l{number}") for number in range(1000)))
    assert len(read_gateway(body).listeners) == 64
