import ipaddress
from dataclasses import replace

import pytest

from proxiedapp_sandbox.node.errors import NetworkError
from proxiedapp_sandbox.node.network import AddressPool, PodNetwork
from tests.unit.sandbox.node.samples import NETWORK


def test_all_names_derive_from_the_address() -> None:
    place = PodNetwork(NETWORK, ipaddress.IPv4Address("10.231.0.6"))
    assert (place.namespace, place.link, place.mac) == ("pa-0a1b2c-6", "pa0a1b2c-6", "02:42:0a:e7:00:06")
    assert str(place.file) == "/run/netns/pa-0a1b2c-6"


def test_names_of_links_fit_into_the_kernels_15_characters() -> None:
    wide = NETWORK.model_copy(update={"prefix_length": 16})
    assert len(PodNetwork(wide, wide.subnet.broadcast_address - 1).link) <= 15


def test_addresses_are_allocated_in_turn_without_gateway_and_broadcast() -> None:
    places = AddressPool(NETWORK)
    given = [str(places.allocate(None).address) for _ in range(5)]
    assert given == [f"10.231.0.{last}" for last in (2, 3, 4, 5, 6)]
    with pytest.raises(NetworkError, match=r"no address of 10\.231\.0\.0/29 is free"):
        places.allocate(None)


def test_a_released_address_is_the_last_to_be_allocated_again() -> None:
    places = AddressPool(NETWORK)
    first = places.allocate(None)
    places.release(first)
    assert [str(places.allocate(None).address) for _ in range(5)][-1] == str(first.address)


@pytest.mark.parametrize(
    ("wanted", "taken"),
    [
        pytest.param("10.231.0.5", "10.231.0.5", id="free"),
        pytest.param("10.231.0.2", "10.231.0.3", id="taken already"),
        pytest.param("10.231.0.1", "10.231.0.3", id="the gateway's"),
        pytest.param("10.232.0.5", "10.231.0.3", id="of another subnet"),
    ],
)
def test_a_pod_keeps_the_address_it_had(wanted: str, taken: str) -> None:
    places = AddressPool(NETWORK)
    places.allocate(None)
    assert str(places.allocate(wanted).address) == taken


def test_a_wanted_address_does_not_change_the_order() -> None:
    places = AddressPool(NETWORK)
    places.allocate("10.231.0.5")
    assert str(places.allocate(None).address) == "10.231.0.2"


def test_pod_networks_are_values() -> None:
    place = PodNetwork(NETWORK, ipaddress.IPv4Address("10.231.0.6"))
    assert replace(place) == place
