"""Where the proxy of `proxiedapp dev` listens."""

import socket
from errno import EACCES, EADDRNOTAVAIL
from typing import Any

import pytest
from typing_extensions import override

from proxiedapp.local.dev.addresses import SHARED, choose_port, free_port, require_free
from proxiedapp.local.errors import LocalError


def any_port(_host: str, _port: int) -> bool:
    return True


@pytest.mark.parametrize("host", ["192.0.2.1", "2001:db8::1", "a..b", "127.0.0.1:80"])
@pytest.mark.parametrize("port", [None, 8080])
def test_address_of_another_machine_is_one_line(host: str, port: int | None) -> None:
    with pytest.raises(LocalError, match=f"^--host {host}: this machine has no such address"):
        choose_port(host, port, 8080, any_port)


def test_port_in_use_is_replaced_only_if_it_was_not_asked_for() -> None:
    with socket.create_server((SHARED, 0)) as taken:
        port = taken.getsockname()[1]
        assert choose_port(SHARED, None, port, any_port) != port
        with pytest.raises(LocalError, match=f"^--port {port}: another program uses this port of {SHARED}"):
            choose_port(SHARED, port, port, any_port)


def test_free_port_is_kept() -> None:
    port = free_port(SHARED)
    assert choose_port(SHARED, None, port, any_port) == choose_port(SHARED, port, 1, any_port) == port


def test_port_of_another_run_is_replaced_only_if_it_was_not_asked_for() -> None:
    port = free_port(SHARED)

    def claim(_host: str, wanted: int) -> bool:
        return wanted != port

    assert choose_port(SHARED, None, port, claim) != port
    with pytest.raises(LocalError, match=f"^--port {port}: another run of proxiedapp dev uses this port of {SHARED}"):
        choose_port(SHARED, port, port, claim)


def test_search_for_a_port_ends() -> None:
    with pytest.raises(
        LocalError, match=r"^no free port of 127\.0\.0\.1 was found in 100 tries\. Choose one with --port$"
    ):
        choose_port(SHARED, None, free_port(SHARED), lambda *_: False)


def refuse(monkeypatch: pytest.MonkeyPatch, error: OSError) -> None:
    """Make the system refuse every port but 0, as it refuses low ones to all users but root."""

    class Refusing(socket.socket):
        @override
        def bind(self, address: Any) -> None:
            if address[1]:
                raise error
            super().bind(address)

    monkeypatch.setattr(socket, "socket", Refusing)


def test_port_that_only_root_may_use_is_named_as_such(monkeypatch: pytest.MonkeyPatch) -> None:
    refuse(monkeypatch, PermissionError(EACCES, "Permission denied"))
    with pytest.raises(LocalError) as caught:
        choose_port(SHARED, 80, 8080, any_port)
    assert str(caught.value) == (
        "--port 80: only root may use this port of 127.0.0.1. Choose a higher one, such as 8080"
    )
    with pytest.raises(LocalError, match=r"^shop: spec\.port 443: only root may use this port"):
        require_free("shop: spec.port", SHARED, 443)


def test_address_that_the_app_cannot_have_is_not_a_port_in_use(monkeypatch: pytest.MonkeyPatch) -> None:
    refuse(monkeypatch, OSError(EADDRNOTAVAIL, "Cannot assign requested address"))
    with pytest.raises(
        LocalError, match=r"^shop: spec\.port 8000: no program can listen on 192\.0\.2\.1: cannot assign "
    ):
        require_free("shop: spec.port", "192.0.2.1", 8000)
