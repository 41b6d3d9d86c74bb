"""Where the proxy of `proxiedapp dev` listens."""

import socket

import pytest

from proxiedapp.local.dev.addresses import SHARED, choose_port, free_port
from proxiedapp.local.errors import LocalError


@pytest.mark.parametrize("host", ["192.0.2.1", "2001:db8::1", "a..b", "127.0.0.1:80"])
@pytest.mark.parametrize("port", [None, 8080])
def test_address_of_another_machine_is_one_line(host: str, port: int | None) -> None:
    with pytest.raises(LocalError, match=f"^--host {host}: this machine has no such address"):
        choose_port(host, port, 8080)


def test_port_in_use_is_replaced_only_if_it_was_not_asked_for() -> None:
    with socket.create_server((SHARED, 0)) as taken:
        port = taken.getsockname()[1]
        assert choose_port(SHARED, None, port) != port
        with pytest.raises(LocalError, match=f"^--port {port}: another program uses this port of {SHARED}"):
            choose_port(SHARED, port, port)


def test_free_port_is_kept() -> None:
    port = free_port(SHARED)
    assert choose_port(SHARED, None, port) == choose_port(SHARED, port, 1) == port
