"""Ports that a program of the sandbox is given."""

import socket

import pytest

from proxiedapp_sandbox.controlplane import free_ports


def test_port_is_kept_for_the_program_that_is_given_it() -> None:
    one, other = free_ports(2)
    assert one != other
    with pytest.raises(OSError, match="Address already in use"), socket.socket() as another_program:
        another_program.bind(("127.0.0.1", one))
    with socket.create_server(("127.0.0.1", one)) as server, socket.create_connection(server.getsockname()):
        pass
