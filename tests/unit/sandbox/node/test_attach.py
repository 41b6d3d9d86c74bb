"""A pod's part of the network, created in the kernel."""

import asyncio
import sys

import pytest

from proxiedapp_sandbox.network import remove
from proxiedapp_sandbox.node.config import NetworkConfig
from proxiedapp_sandbox.node.errors import NetworkError
from proxiedapp_sandbox.node.network import AddressPool, attach, detach, sweep
from tests.unit.sandbox.node.kernel import NEEDS_ROOT, ip, left_of

pytestmark = NEEDS_ROOT


async def test_a_pod_reaches_the_gateway_and_the_gateway_it(network: NetworkConfig) -> None:
    place = AddressPool(network).allocate(None)
    await attach(place)
    try:
        assert f"default via {network.gateway} dev eth0" in ip("-n", place.namespace, "route")
        assert "LOOPBACK,UP" in ip("-n", place.namespace, "link", "show", "lo")
        assert place.mac in ip("-n", place.namespace, "link", "show", "eth0")
        with pytest.raises(ConnectionRefusedError):  # which is an answer
            await asyncio.open_connection(str(place.address), 9)
        code = f"import socket; socket.create_connection(({network.gateway!r}, 9), timeout=5)"
        process = await asyncio.create_subprocess_exec(
            *("ip", "netns", "exec", place.namespace, sys.executable, "-c", code), stderr=asyncio.subprocess.PIPE
        )
        _, errors = await process.communicate()
        assert b"ConnectionRefusedError" in errors
    finally:
        await detach(place)
    assert left_of(network) == []
    await detach(place)  # twice does no harm


async def test_leftovers_of_another_pod_do_not_block_a_new_pod(network: NetworkConfig) -> None:
    place = AddressPool(network).allocate(None)
    await attach(place)
    process = await asyncio.create_subprocess_exec("ip", "netns", "exec", place.namespace, "sleep", "600")
    try:
        await attach(place)
        assert await process.wait() == -9
    finally:
        await detach(place)


async def test_a_new_node_removes_the_leftovers_of_a_killed_node_only(network: NetworkConfig) -> None:
    other = network.model_copy(update={"id": f"{int(network.id, 16) ^ 1:06x}"})
    foreign = AddressPool(other).allocate(None)
    places = AddressPool(network)
    mine = [places.allocate(None), places.allocate(None)]
    try:
        for place in [*mine, foreign]:
            await attach(place)
        process = await asyncio.create_subprocess_exec("ip", "netns", "exec", mine[0].namespace, "sleep", "600")
        assert sorted(await sweep(network)) == sorted(place.namespace for place in mine)
        assert await process.wait() == -9
        assert left_of(network) == []
        assert len(left_of(other)) == 2
    finally:
        for place in [*mine, foreign]:
            await detach(place)


async def test_links_of_a_killed_node_are_gone_at_once(network: NetworkConfig) -> None:
    """The kernel removes the links of a namespace after it, which is when nothing has it open any more."""
    place = AddressPool(network).allocate(None)
    await attach(place)
    with place.file.open():
        remove(network.id)
        assert left_of(network) == []
    ip("link", "add", network.bridge, "type", "bridge")  # for the end of the fixture


async def test_a_missing_bridge_is_an_error_with_the_failed_command(network: NetworkConfig) -> None:
    place = AddressPool(network.model_copy(update={"bridge": "nosuchbridge"})).allocate(None)
    try:
        with pytest.raises(NetworkError, match=r"`ip -batch -; link add .* master nosuchbridge up` failed"):
            await attach(place)
    finally:
        await detach(place)
    assert left_of(network) == []
